-- Supposed lines whose sum did arrive: only then are they money. A line that an answer named by
-- itself may have come with another group than its own.
SELECT
    s.provider_id, s.line_id, s.kind, s.gross_minor, s.fee_minor, s.tax_minor, s.reserve_minor,
    s.net_minor, s.currency, s.cleared_at, s.status, s.reason, s.payout_id, s.merchant_id,
    s.sale_id, coalesce(m.chain_id, s.chain_id) AS chain_id
FROM supposed AS s
LEFT JOIN lines_moved AS m ON m.provider_id = s.provider_id AND m.line_id = s.line_id
SEMI JOIN chain_standing AS c
    ON c.provider_id = s.provider_id AND c.chain_id = coalesce(m.chain_id, s.chain_id)
