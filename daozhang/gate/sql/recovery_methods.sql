-- How each sale was paid: the method of the approved attempt of its terminal, moment and amount.
SELECT s.sale_id, min(a.method) AS method
FROM facts_sales AS s
JOIN facts_attempts AS a
    ON a.terminal_id = s.terminal_id AND a.at = s.captured_at AND a.amount_minor = s.amount_minor
WHERE a.kind = 'sale' AND a.outcome = 'approved' AND a.method IS NOT NULL
GROUP BY s.sale_id
