-- Chains for which no payout names an account.
SELECT l.provider_id, l.chain_id
FROM chain_lines AS l
LEFT JOIN chain_payouts AS p ON p.provider_id = l.provider_id AND p.chain_id = l.chain_id
WHERE p.account_id IS NULL
