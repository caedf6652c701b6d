-- As `lines`, where an inferred answer named single lines: each is with the money it came with.
SELECT
    l.provider_id, l.line_id, l.kind, l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor,
    l.net_minor, l.currency, l.cleared_at, l.status, l.reason, l.payout_id, l.merchant_id,
    l.sale_id, coalesce(m.chain_id, l.chain_id) AS chain_id
FROM lines AS l
LEFT JOIN lines_moved AS m ON m.provider_id = l.provider_id AND m.line_id = l.line_id
