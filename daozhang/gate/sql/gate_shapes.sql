-- What each terminal sold on each local day before the rollout, by channel, as far as it was known
-- when the rollout began.
SELECT
    s.terminal_id, coalesce(s.channel, '') AS channel,
    (epoch_us(s.captured_at) // 1000000 + g.offset_s) // 86400 AS day, CAST(count(*) AS BIGINT) AS sales
FROM facts_sales AS s
JOIN gate_known AS k ON k.sale_id = s.sale_id
CROSS JOIN gate_run AS g
WHERE s.kind IN ('sale', 'completion') AND s.captured_at >= g.from_at AND s.captured_at < g.begun_at
    AND coalesce(k.sale_first_known, k.sale_known, s.captured_at) < g.begun_at
GROUP BY s.terminal_id, coalesce(s.channel, ''), (epoch_us(s.captured_at) // 1000000 + g.offset_s) // 86400
