-- How many other sales of the same terminal and cut-off were handed in by it.
SELECT s.unit, CAST(sum(CASE WHEN s.inferred = 1 THEN o.on_time ELSE o.handed_in END) AS BIGINT) AS sales
FROM stalled AS s
JOIN sold_days AS o ON o.terminal_id = s.terminal_id AND o.provider_id = s.provider_id
    AND o.cutoff_at = s.cutoff_at AND (o.handed_in > 0 OR s.inferred = 1 AND o.on_time > 0)
GROUP BY s.unit
