-- (view) Sales with exactly one line, settled: nothing needs to be summed.
SELECT
    l.sale_id, l.gross_minor AS settled_minor, CAST(0 AS BIGINT) AS refund_minor,
    CAST(0 AS BIGINT) AS charged_back_minor, l.net_minor, l.fee_minor, l.tax_minor,
    l.reserve_minor,
    CASE WHEN c.whole THEN l.net_minor ELSE coalesce(CASE WHEN x.net_minor = l.net_minor THEN x.credited_minor WHEN x.net_minor <> 0 THEN (x.credited_minor * l.net_minor) // x.net_minor END, 0) END AS credited_minor,
    l.cleared_at, l.cleared_at AS first_cleared_at, 1 AS own_lines,
    CASE WHEN c.whole OR x.credited_minor = x.net_minor THEN 1 ELSE 0 END AS own_whole,
    c.paid_out_at, c.payout_id, c.credited_at, c.credited_on, c.booked_day, c.credit_id,
    c.credit_ids, c.matched_by, coalesce(c.returned, 0) AS returned, coalesce(c.held, 0) AS held,
    coalesce(c.withheld, 0) AS withheld,
    CAST(NULL AS VARCHAR) AS stuck, c.reason, c.account_id AS paid_account_id,
    CAST(NULL AS TIMESTAMPTZ) AS refunded_at, CAST(NULL AS VARCHAR) AS refund_credit_id
FROM lines_own AS l
ANTI JOIN sales_busy AS b ON b.sale_id = l.sale_id
LEFT JOIN chain_standing AS c ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id
LEFT JOIN line_shares AS x ON x.provider_id = l.provider_id AND x.line_id = l.line_id
WHERE l.sale_id IS NOT NULL
