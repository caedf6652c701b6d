-- Where terminals sold, one row a store, of those that sold in several or in another than the one
-- they are listed in.
SELECT q.terminal_id, q.store_id, q.first_at, q.last_at, q.sales, q.listed
FROM (
    SELECT
        s.terminal_id, s.store_id, s.first_at, s.last_at, s.sales, t.store_id AS listed,
        count(*) OVER (PARTITION BY s.terminal_id) AS stores
    FROM (
        SELECT
            f.terminal_id, f.store_id, min(f.captured_at) AS first_at, max(f.captured_at) AS last_at,
            CAST(count(*) AS BIGINT) AS sales
        FROM facts_sales AS f
        WHERE f.store_id IS NOT NULL
        GROUP BY f.terminal_id, f.store_id
    ) AS s
    LEFT JOIN facts_terminals AS t ON t.terminal_id = s.terminal_id
) AS q
WHERE q.stores > 1 OR q.listed <> q.store_id
ORDER BY q.terminal_id, q.first_at, q.store_id
