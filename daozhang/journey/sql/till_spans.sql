-- From when to when the till's own record of a merchant's sales at a provider reaches. An hour on
-- both sides: the two clocks never quite agree on the first and the last sale.
SELECT
    k.provider_id, k.merchant_id,
    min(k.captured_at) - INTERVAL 1 HOUR AS from_at,
    max(k.captured_at) + INTERVAL 1 HOUR AS to_at
FROM known_sales AS k
WHERE coalesce(k.recorded_by, 'till') <> 'provider' AND k._gone = 0
GROUP BY k.provider_id, k.merchant_id
