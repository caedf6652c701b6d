-- (view) What the lines of each sale come to, and the number of what became of their payout. Of a sale
-- with exactly one line, settled, nothing needs to be summed.
SELECT
    l.sale_id, l.gross_minor AS settled_minor, CAST(0 AS BIGINT) AS refund_minor,
    CAST(0 AS BIGINT) AS charged_back_minor, l.net_minor, l.fee_minor, l.tax_minor,
    l.reserve_minor,
    CASE WHEN k.whole THEN l.net_minor ELSE coalesce(CASE WHEN x.net_minor = l.net_minor THEN x.credited_minor WHEN x.net_minor <> 0 THEN (x.credited_minor * l.net_minor) // x.net_minor END, 0) END AS credited_minor,
    l.cleared_at, l.cleared_at AS first_cleared_at, 1 AS own_lines,
    CASE WHEN k.whole OR x.credited_minor = x.net_minor THEN 1 ELSE 0 END AS own_whole,
    k.standing_no
FROM lines_own AS l
ANTI JOIN sales_busy AS b ON b.sale_id = l.sale_id
LEFT JOIN chain_numbers AS k ON k.provider_id = l.provider_id AND k.chain_id = l.chain_id
LEFT JOIN line_shares AS x ON x.provider_id = l.provider_id AND x.line_id = l.line_id
WHERE l.sale_id IS NOT NULL
UNION ALL
SELECT
    sale_id, settled_minor, refund_minor, charged_back_minor, net_minor, fee_minor, tax_minor,
    reserve_minor, credited_minor, cleared_at, first_cleared_at, own_lines, own_whole, standing_no
FROM settled_busy
