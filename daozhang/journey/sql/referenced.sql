-- Retrieval reference numbers of sales, and of what acts on them, by provider.
SELECT provider_id, rrn, sale_id, terminal_id, merchant_id, seen_at
FROM parcels
WHERE rrn IS NOT NULL
UNION ALL
SELECT a.provider_id, a.rrn, a.sale_id, a.terminal_id, p.merchant_id, p.seen_at
FROM acts AS a
JOIN parcels AS p ON p.sale_id = a.sale_id
WHERE a.rrn IS NOT NULL AND (p.rrn IS NULL OR p.rrn <> a.rrn OR p.provider_id <> a.provider_id)
