-- As `lines`, with the sales that lines without a good reference were found to be of.
SELECT
    l.provider_id, l.line_id, l.kind, l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor,
    l.net_minor, l.currency, l.cleared_at, l.status, l.reason, l.payout_id, l.merchant_id,
    coalesce(l.sale_id, a.sale_id) AS sale_id, l.chain_id
FROM lines AS l
LEFT JOIN alike AS a ON a.provider_id = l.provider_id AND a.line_id = l.line_id
