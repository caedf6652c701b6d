-- What was heard of each terminal on each local day by two hours after its end; what came later is
-- not counted, but a sale counts from when it was first told, whatever was told of it later.
-- A batch closed before four in the morning is the day before's.
SELECT
    q.terminal_id, q.day,
    CAST(sum(q.sales) AS BIGINT) AS sales, CAST(sum(q.heard) AS BIGINT) AS heard,
    CAST(sum(q.tried) AS BIGINT) AS tried, CAST(sum(q.refused) AS BIGINT) AS refused,
    CAST(sum(q.sign_in_failed) AS BIGINT) AS sign_in_failed,
    CAST(sum(q.closed) AS BIGINT) AS closed, CAST(sum(q.unbalanced) AS BIGINT) AS unbalanced
FROM (
    SELECT
        s.terminal_id, (epoch_us(s.captured_at) // 1000000 + g.offset_s) // 86400 AS day,
        coalesce(k.sale_first_known, s.known_at) AS known_at,
        1 AS sales, 1 AS heard, 0 AS tried, 0 AS refused, 0 AS sign_in_failed, 0 AS closed, 0 AS unbalanced
    FROM facts_sales AS s
    JOIN gate_known AS k ON k.sale_id = s.sale_id
    CROSS JOIN gate_run AS g
    WHERE s.kind IN ('sale', 'completion') AND s.captured_at >= g.from_at
    UNION ALL
    SELECT
        a.terminal_id, (epoch_us(a.at) // 1000000 + g.offset_s) // 86400 AS day, a.known_at,
        0 AS sales, 1 AS heard,
        CASE WHEN a.kind = 'sale' THEN 1 ELSE 0 END AS tried,
        CASE WHEN a.kind = 'sale' AND a.outcome <> 'approved' THEN 1 ELSE 0 END AS refused,
        CASE WHEN (a.kind = 'sign_in' AND a.outcome <> 'approved') OR a.code IN ('A0', 'A7') THEN 1 ELSE 0 END AS sign_in_failed,
        0 AS closed, 0 AS unbalanced
    FROM facts_attempts AS a
    CROSS JOIN gate_run AS g
    WHERE a.at >= g.from_at
    UNION ALL
    SELECT
        b.terminal_id, (epoch_us(b.closed_at) // 1000000 + g.offset_s - 14400) // 86400 AS day, b.known_at,
        0 AS sales, 1 AS heard, 0 AS tried, 0 AS refused, 0 AS sign_in_failed, 1 AS closed,
        CASE WHEN b.outcome IN ('unbalanced', 'rejected') OR b.host_count <> b.sales_count OR b.host_minor <> b.sales_minor THEN 1 ELSE 0 END AS unbalanced
    FROM facts_batches AS b
    CROSS JOIN gate_run AS g
    WHERE b.closed_at >= g.from_at
    UNION ALL
    SELECT
        n.terminal_id, (epoch_us(n.at) // 1000000 + g.offset_s) // 86400 AS day, n.known_at,
        0 AS sales, n.online AS heard, 0 AS tried, 0 AS refused, 0 AS sign_in_failed, 0 AS closed, 0 AS unbalanced
    FROM facts_signals AS n
    CROSS JOIN gate_run AS g
    WHERE n.at >= g.from_at
) AS q
CROSS JOIN gate_run AS g
WHERE epoch_us(q.known_at) // 1000000 + g.offset_s <= (q.day + 1) * 86400 + 7200
GROUP BY q.terminal_id, q.day
