-- How many other sales of the same terminal and cut-off were handed in by it.
SELECT s.unit, CAST(sum(o.handed_in) AS BIGINT) AS sales
FROM stalled AS s
JOIN sold_days AS o ON o.terminal_id = s.terminal_id AND o.provider_id = s.provider_id
    AND o.cutoff_at = s.cutoff_at AND o.handed_in > 0
GROUP BY s.unit
