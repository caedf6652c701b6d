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
WHERE sale_id IS NULL AND status = 'settled' AND kind = 'sale'
UNION ALL
SELECT 'deductions_without_sale', CAST(count(*) AS BIGINT), CAST(coalesce(sum(net_minor), 0) AS BIGINT)
FROM lines
WHERE sale_id IS NULL AND status = 'settled' AND kind <> 'sale'
UNION ALL
SELECT 'refunds_without_sale', CAST(count(*) AS BIGINT), CAST(coalesce(sum(amount_minor), 0) AS BIGINT)
FROM acts
WHERE sale_id IS NULL
UNION ALL
SELECT 'settled_more_than_sold', CAST(count(*) AS BIGINT), CAST(coalesce(-sum(outstanding_minor), 0) AS BIGINT)
FROM outcomes
WHERE own_lines > 1 AND status IN ('on_time', 'late') AND outstanding_minor < 0
UNION ALL
SELECT 'payouts_not_itemised', CAST(count(*) AS BIGINT), CAST(coalesce(sum(net_minor - coalesce(lines_minor, 0)), 0) AS BIGINT)
FROM chains
WHERE net_minor <> coalesce(lines_minor, 0)
UNION ALL
SELECT 'provisional_promises', CAST(count(*) AS BIGINT), CAST(coalesce(sum(amount_minor), 0) AS BIGINT)
FROM outcomes
WHERE provisional
ORDER BY gap
