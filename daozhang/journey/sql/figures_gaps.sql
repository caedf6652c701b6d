-- What the facts lack, counted: each row names one gap.
SELECT 'sales_without_terms' AS gap, CAST(count(*) AS BIGINT) AS rows, CAST(coalesce(sum(amount_minor), 0) AS BIGINT) AS minor
FROM outcomes
WHERE span_id IS NULL
UNION ALL
SELECT 'sales_without_account', CAST(count(*) AS BIGINT), CAST(coalesce(sum(amount_minor), 0) AS BIGINT)
FROM outcomes
WHERE account_id IS NULL
UNION ALL
SELECT 'lines_without_sale', CAST(count(*) AS BIGINT), CAST(coalesce(sum(net_minor), 0) AS BIGINT)
FROM lines
WHERE sale_id IS NULL AND status = 'settled' AND kind IN ('sale', 'refund')
UNION ALL
SELECT 'payouts_not_itemised', CAST(count(*) AS BIGINT), CAST(coalesce(sum(net_minor - coalesce(lines_minor, 0)), 0) AS BIGINT)
FROM chains
WHERE net_minor <> coalesce(lines_minor, 0)
UNION ALL
SELECT 'provisional_promises', CAST(count(*) AS BIGINT), CAST(coalesce(sum(amount_minor), 0) AS BIGINT)
FROM outcomes
WHERE provisional
ORDER BY gap
