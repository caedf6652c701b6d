-- Every settlement line with its sale (NULL where none was found) and the chain of payouts that
-- carries its money: a payout and those that were sent in its place are one chain.
SELECT
    l.provider_id, l.line_id, l.kind, l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor,
    l.net_minor, l.currency, l.cleared_at, l.status, l.reason, l.payout_id, l.merchant_id,
    l.sale_id, coalesce(c.chain_id, l.payout_id) AS chain_id
FROM (
    SELECT * FROM lines_named WHERE sale_id IS NOT NULL OR ref IS NULL
    UNION ALL
    SELECT * FROM lines_by_rrn
) AS l
LEFT JOIN resent AS c ON c.provider_id = l.provider_id AND c.payout_id = l.payout_id
