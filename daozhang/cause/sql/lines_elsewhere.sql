-- Units whose sales stand, under their own reference number, on another merchant's or terminal's
-- statement: what wrong parameters look like from the provider's side.
SELECT m.unit, CAST(count(DISTINCT m.sale_id) AS BIGINT) AS sales, max(l.merchant_id) AS merchant_id
FROM late_money AS m
JOIN told_settlements AS l ON l.provider_id = m.provider_id AND l.ref = m.rrn
WHERE m.leg IN ('clear', 'pay_out') AND m.rrn IS NOT NULL
    AND (l.merchant_id <> m.merchant_id OR l.terminal_id <> m.terminal_id)
    AND l.cleared_at > m.captured_at - INTERVAL 2 DAY AND l.cleared_at < m.captured_at + INTERVAL 40 DAY
GROUP BY m.unit
