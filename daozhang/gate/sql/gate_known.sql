-- When each sale, the first line of its settlement, its payout and its credit were first known.
-- The first release of which this is asked is the first to have begun.
SELECT
    s.sale_id, s.known_at AS sale_known, r.first_known AS sale_first_known, l.clear_known
FROM facts_sales AS s
CROSS JOIN gate_run AS g
LEFT JOIN (
    SELECT f.sale_id, min(coalesce(f.known_at, f.captured_at)) AS first_known
    FROM raw_sales AS f
    GROUP BY f.sale_id
) AS r ON r.sale_id = s.sale_id
LEFT JOIN (
    SELECT n.sale_id, min(f.known_at) AS clear_known
    FROM lines AS n
    JOIN facts_settlements AS f ON f.provider_id = n.provider_id AND f.line_id = n.line_id
    WHERE n.sale_id IS NOT NULL
    GROUP BY n.sale_id
) AS l ON l.sale_id = s.sale_id
WHERE s.captured_at >= g.from_at
