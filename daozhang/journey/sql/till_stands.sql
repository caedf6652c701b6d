-- Sales recorded by a provider that the till's own record already holds: of the same id, or of
-- the hours which that record covers. A merchant whom the till does not name may be one that the
-- provider numbers in its own way, so the whole provider's hours count for it.
SELECT DISTINCT k.sale_id
FROM known_sales AS k
LEFT JOIN till_spans AS m ON m.provider_id = k.provider_id AND m.merchant_id = k.merchant_id
LEFT JOIN (
    SELECT provider_id, min(from_at) AS from_at, max(to_at) AS to_at
    FROM till_spans
    GROUP BY provider_id
) AS p ON p.provider_id = k.provider_id
LEFT JOIN (
    SELECT DISTINCT sale_id FROM known_sales WHERE coalesce(recorded_by, 'till') <> 'provider'
) AS t ON t.sale_id = k.sale_id
WHERE k.recorded_by = 'provider' AND (
    t.sale_id IS NOT NULL
    OR (k.captured_at >= coalesce(m.from_at, p.from_at)
        AND k.captured_at <= coalesce(m.to_at, p.to_at))
)
