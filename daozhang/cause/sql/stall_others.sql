-- How many other sales of the same terminal and cut-off were handed in by it.
SELECT s.unit, CAST(count(*) AS BIGINT) AS sales
FROM stalled AS s
JOIN outcomes AS o ON o.terminal_id = s.terminal_id AND o.provider_id = s.provider_id
    AND o.cutoff_at = s.cutoff_at AND o.submitted_at <= s.cutoff_at
GROUP BY s.unit
