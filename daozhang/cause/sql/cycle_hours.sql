-- What each provider had to clear by channel and hour of sale, late or not: an outage of a few
-- hours is wide in its hours, not in its day.
SELECT
    h.provider_id, h.channel, h.hour, CAST(sum(h.sales) AS BIGINT) AS sales,
    CAST(sum(coalesce(m.late, 0)) AS BIGINT) AS late
FROM added_hours_due AS h
SEMI JOIN (SELECT DISTINCT provider_id, business_date FROM units WHERE leg = 'clear') AS u
    ON u.provider_id = h.provider_id AND u.business_date = h.business_date
LEFT JOIN (
    SELECT
        provider_id, channel, business_date, epoch_us(captured_at) // 3600000000 AS hour,
        count(*) AS late
    FROM late_money
    WHERE leg = 'clear'
    GROUP BY provider_id, channel, business_date, epoch_us(captured_at) // 3600000000
) AS m
    ON m.provider_id = h.provider_id AND m.channel = h.channel
    AND m.business_date = h.business_date AND m.hour = h.hour
GROUP BY h.provider_id, h.channel, h.hour
