-- (view) Every settlement line with its sale (NULL where none was found) and its chain of payouts.
SELECT
    provider_id, line_id, kind, gross_minor, fee_minor, tax_minor, reserve_minor, net_minor, currency,
    cleared_at, status, reason, payout_id, merchant_id, sale_id, chain_id
FROM (
    SELECT * FROM lines_named WHERE sale_id IS NOT NULL
    UNION ALL
    SELECT * FROM lines_by_rrn WHERE sale_id IS NOT NULL
    UNION ALL
    SELECT * FROM lines_lost
) AS l
