-- What each terminal sold by account, channel and day, and what became of it: what late sales are
-- compared with. Of closed sales these rows are kept.
SELECT
    provider_id, channel, account_id, terminal_id, business_date, cutoff_at, promised_at,
    CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(CASE WHEN status IN ('on_time', 'late', 'overdue') THEN 1 ELSE 0 END) AS BIGINT) AS due,
    CAST(sum(CASE WHEN status = 'on_time' THEN 1 ELSE 0 END) AS BIGINT) AS on_time,
    CAST(sum(CASE WHEN status IN ('cancelled', 'failed') THEN 0 ELSE 1 END) AS BIGINT) AS standing,
    CAST(sum(CASE WHEN submitted_at <= cutoff_at THEN 1 ELSE 0 END) AS BIGINT) AS handed_in,
    max(CASE WHEN status = 'on_time' THEN first_cleared_at END) AS cleared_at
FROM outcomes
GROUP BY provider_id, channel, account_id, terminal_id, business_date, cutoff_at, promised_at
