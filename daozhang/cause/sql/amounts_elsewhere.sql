-- Units whose sales have a twin of the same amount on another merchant's statement that belongs to no
-- sale there: the mirror that wrong parameters leave where the provider gives no reference.
SELECT
    m.unit, CAST(count(DISTINCT m.sale_id) AS BIGINT) AS sales, max(l.merchant_id) AS merchant_id
FROM late_money AS m
JOIN (
    SELECT n.provider_id, n.gross_minor, n.currency, n.merchant_id, n.cleared_at
    FROM lines AS n
    WHERE n.sale_id IS NULL AND n.kind = 'sale' AND n.status <> 'rejected' AND n.merchant_id IS NOT NULL
) AS l ON l.provider_id = m.provider_id AND l.gross_minor = m.amount_minor AND l.currency = m.currency
    AND l.merchant_id <> m.merchant_id
    AND l.cleared_at > m.captured_at - INTERVAL 1 DAY AND l.cleared_at < m.captured_at + INTERVAL 4 DAY
WHERE m.leg IN ('clear', 'pay_out')
GROUP BY m.unit
