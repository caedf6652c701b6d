-- As `lines_lost`, with the sales that lines were found to be of.
SELECT
    l.provider_id, l.line_id, l.kind, l.ref, l.merchant_id, l.terminal_id, l.gross_minor,
    l.fee_minor, l.tax_minor, l.reserve_minor, l.net_minor, l.currency, l.cleared_at, l.payout_id,
    l.status, l.reason, a.sale_id, l.chain_id
FROM lines_lost AS l
LEFT JOIN alike AS a ON a.provider_id = l.provider_id AND a.line_id = l.line_id
