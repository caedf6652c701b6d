-- What each provider had to clear by business date and channel.
SELECT
    provider_id, channel, business_date, CAST(sum(due) AS BIGINT) AS sales,
    CAST(count(DISTINCT terminal_id) AS BIGINT) AS terminals
FROM sold_days
WHERE due > 0 AND business_date IS NOT NULL
GROUP BY provider_id, channel, business_date
