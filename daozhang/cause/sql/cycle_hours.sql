-- What each provider had to clear by channel and hour of sale, late or not: an outage of a few
-- hours is wide in its hours, not in its day.
SELECT
    o.provider_id, o.channel, epoch_us(o.captured_at) // 3600000000 AS hour,
    CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(CASE WHEN m.sale_id IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS late
FROM outcomes AS o
SEMI JOIN (SELECT DISTINCT provider_id, business_date FROM units WHERE leg = 'clear') AS u
    ON u.provider_id = o.provider_id AND u.business_date = o.business_date
LEFT JOIN (SELECT sale_id FROM late_money WHERE leg = 'clear') AS m ON m.sale_id = o.sale_id
WHERE o.status IN ('on_time', 'late', 'overdue')
GROUP BY o.provider_id, o.channel, epoch_us(o.captured_at) // 3600000000
