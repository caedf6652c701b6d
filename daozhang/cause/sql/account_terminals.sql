-- The terminals whose sales go to each account of each provider.
SELECT DISTINCT provider_id, coalesce(account_id, '') AS account_id, terminal_id
FROM sold_days
