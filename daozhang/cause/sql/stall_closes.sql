-- The closes about each stall until its end: whether one of them took its sales, how many went by
-- without them after the cut-off, and whether the counter of batches had begun anew by then,
-- though not before the sales were made.
SELECT
    s.unit,
    CAST(sum(CASE WHEN b.batch_no = s.batch_no AND b.closed_at >= s.look_from THEN 1 ELSE 0 END) AS BIGINT) AS own,
    CAST(sum(CASE WHEN b.batch_no <> s.batch_no AND b.outcome IN ('balanced', 'forced') AND b.closed_at > s.cutoff_at AND b.closed_at < s.ended_at - INTERVAL 1 HOUR THEN 1 ELSE 0 END) AS BIGINT) AS passed_by,
    CAST(CASE
        WHEN sum(CASE WHEN b.batch_no < s.batch_no AND b.closed_at < s.from_at THEN 1 ELSE 0 END) > 0 THEN 0
        ELSE sum(CASE WHEN s.batch_no <> '' AND b.batch_no > s.batch_no AND b.closed_at < s.cutoff_at THEN 1 ELSE 0 END)
    END AS BIGINT) AS anew
FROM stalled AS s
JOIN numbered_batches AS b ON b.terminal_id = s.terminal_id
    AND b.closed_at >= s.look_from - INTERVAL 7 DAY AND b.closed_at <= s.ended_at + INTERVAL 1 DAY
GROUP BY s.unit
