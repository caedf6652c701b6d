-- The batches about each stall: its own, those that closed in time without it, those refused.
SELECT
    s.unit,
    CAST(sum(CASE WHEN b.batch_no = s.batch_no THEN 1 ELSE 0 END) AS BIGINT) AS own,
    min(CASE WHEN b.batch_no = s.batch_no AND b.closed_at > s.cutoff_at THEN b.closed_at END) AS own_closed_at,
    CAST(sum(CASE WHEN b.closed_at >= s.to_at AND b.closed_at <= s.cutoff_at AND b.outcome IN ('balanced', 'forced') THEN 1 ELSE 0 END) AS BIGINT) AS closed_in_time,
    min(CASE WHEN b.closed_at > s.cutoff_at THEN b.closed_at END) AS next_closed_at,
    CAST(sum(CASE WHEN b.outcome IN ('rejected', 'unbalanced') THEN 1 ELSE 0 END) AS BIGINT) AS refused,
    CAST(sum(CASE WHEN b.outcome = 'forced' THEN 1 ELSE 0 END) AS BIGINT) AS forced,
    CAST(max(b.fell) AS BIGINT) AS fell,
    CAST(max(CASE WHEN b.closed_at > s.to_at THEN b.fell ELSE 0 END) AS BIGINT) AS fell_after,
    CAST(max(b.repeated) AS BIGINT) AS repeated
FROM stalled AS s
JOIN numbered_batches AS b ON b.terminal_id = s.terminal_id
    AND b.closed_at >= s.look_from AND b.closed_at <= s.look_to
GROUP BY s.unit
