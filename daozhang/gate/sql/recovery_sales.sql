-- Sales and failed tries of a store on a local day, by method of payment and channel; `tries` are
-- attempts of any kind and outcome, which show that its terminals were on.
SELECT
    q.store_id, q.day, q.method, q.channel,
    CAST(sum(q.sales) AS BIGINT) AS sales, CAST(sum(q.failed) AS BIGINT) AS failed,
    CAST(sum(q.tries) AS BIGINT) AS tries
FROM (
    SELECT
        coalesce(s.store_id, t.store_id, s.terminal_id) AS store_id,
        (epoch_us(s.captured_at) // 1000000 + r.offset_s) // 86400 AS day,
        coalesce(m.method, '') AS method, coalesce(s.channel, '') AS channel, 1 AS sales, 0 AS failed, 0 AS tries
    FROM facts_sales AS s
    CROSS JOIN recovery_run AS r
    LEFT JOIN facts_terminals AS t ON t.terminal_id = s.terminal_id
    LEFT JOIN recovery_methods AS m ON m.sale_id = s.sale_id
    WHERE s.kind IN ('sale', 'completion')
    UNION ALL
    SELECT
        coalesce(t.store_id, a.terminal_id) AS store_id,
        (epoch_us(a.at) // 1000000 + r.offset_s) // 86400 AS day,
        coalesce(a.method, '') AS method, coalesce(a.channel, '') AS channel, 0 AS sales,
        CASE WHEN a.kind = 'sale' AND a.outcome <> 'approved' THEN 1 ELSE 0 END AS failed, 1 AS tries
    FROM facts_attempts AS a
    CROSS JOIN recovery_run AS r
    LEFT JOIN facts_terminals AS t ON t.terminal_id = a.terminal_id
) AS q
CROSS JOIN recovery_run AS r
WHERE q.day >= r.from_day AND q.day <= r.until_day
GROUP BY q.store_id, q.day, q.method, q.channel
