-- The lines of busy sales, each with the standing of its chain. Only settled lines carry money;
-- a held or rejected one says where the money waits. Of a payout that came short a line may have come
-- whole.
SELECT
    l.sale_id, l.kind, l.status, l.gross_minor, l.net_minor, l.fee_minor, l.tax_minor,
    l.reserve_minor, l.cleared_at, coalesce(l.reason, '') AS line_reason,
    CASE WHEN l.status = 'settled' AND l.kind = 'sale' THEN 1 ELSE 0 END AS own,
    CASE WHEN l.status = 'settled' THEN 1 ELSE 0 END AS settled,
    CASE WHEN c.whole OR x.credited_minor = x.net_minor THEN 1 ELSE 0 END AS whole,
    CASE WHEN c.whole THEN l.net_minor ELSE coalesce(CASE WHEN x.net_minor = l.net_minor THEN x.credited_minor WHEN x.net_minor <> 0 THEN (x.credited_minor * l.net_minor) // x.net_minor END, 0) END AS credited_minor,
    c.chain_id, c.paid_out_at, coalesce(c.payout_id, '') AS payout_id, c.credited_at,
    c.credited_on, c.booked_day, coalesce(c.credit_id, '') AS credit_id,
    coalesce(c.credit_ids, '') AS credit_ids, coalesce(c.matched_by, '') AS matched_by,
    coalesce(c.returned, 0) AS returned, coalesce(c.held, 0) AS held,
    coalesce(c.withheld, 0) AS withheld,
    coalesce(c.reason, '') AS payout_reason, c.account_id AS paid_account_id
FROM lines_own AS l
SEMI JOIN sales_busy AS b ON b.sale_id = l.sale_id
LEFT JOIN chain_standing AS c ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id
LEFT JOIN line_shares AS x ON x.provider_id = l.provider_id AND x.line_id = l.line_id
