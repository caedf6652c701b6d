-- How many terminals sold towards each provider's cut-off, and how many of those had been upgraded
-- within the day, three days or a week before it: what the late ones are compared with.
SELECT
    d.provider_id, d.cutoff_at,
    CAST(count(*) AS BIGINT) AS terminals,
    CAST(sum(CASE WHEN d.hours <= 24 THEN 1 ELSE 0 END) AS BIGINT) AS day,
    CAST(sum(CASE WHEN d.hours <= 72 THEN 1 ELSE 0 END) AS BIGINT) AS days,
    CAST(sum(CASE WHEN d.hours <= 168 THEN 1 ELSE 0 END) AS BIGINT) AS week
FROM (
    SELECT
        t.provider_id, t.cutoff_at, t.terminal_id,
        min((epoch_us(t.cutoff_at) - epoch_us(u.started_at)) // 3600000000) AS hours
    FROM (
        SELECT DISTINCT provider_id, cutoff_at, terminal_id FROM sold_days
        WHERE cutoff_at IS NOT NULL AND standing > 0
    ) AS t
    LEFT JOIN sure_upgrades AS u ON u.terminal_id = t.terminal_id AND u.started_at <= t.cutoff_at
    GROUP BY t.provider_id, t.cutoff_at, t.terminal_id
) AS d
GROUP BY d.provider_id, d.cutoff_at
