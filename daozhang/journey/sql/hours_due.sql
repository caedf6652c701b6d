-- What each provider had to clear by channel, business date and hour of sale, late or not.
SELECT
    provider_id, channel, business_date, epoch_us(captured_at) // 3600000000 AS hour,
    CAST(count(*) AS BIGINT) AS sales
FROM outcomes
WHERE status IN ('on_time', 'late', 'overdue')
GROUP BY provider_id, channel, business_date, epoch_us(captured_at) // 3600000000
