-- What each provider had to clear by business date and channel.
SELECT
    provider_id, channel, business_date, CAST(count(*) AS BIGINT) AS sales,
    CAST(count(DISTINCT terminal_id) AS BIGINT) AS terminals
FROM outcomes
WHERE status IN ('on_time', 'late', 'overdue') AND business_date IS NOT NULL
GROUP BY provider_id, channel, business_date
