-- Sales that no settlement line of a sale names, with what the till added to them.
SELECT
    p.provider_id, p.sale_id, p.merchant_id, p.terminal_id, p.currency, p.seen_at, p.rrn,
    p.amount_minor + coalesce(t.adjusted_minor, 0) AS amount_minor
FROM parcels AS p
ANTI JOIN (SELECT sale_id FROM lines WHERE sale_id IS NOT NULL AND kind = 'sale') AS n ON n.sale_id = p.sale_id
LEFT JOIN till AS t ON t.sale_id = p.sale_id
