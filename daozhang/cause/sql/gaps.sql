-- Stretches in which a terminal that reports by the clock was not heard at all: at least four times
-- its usual interval and three hours. A terminal that is switched off every night has such a gap
-- every night, and none of them says anything.
SELECT
    g.terminal_id, g.at AS online_before,
    g.at + g.usual_s * INTERVAL 1 SECOND AS first_off,
    g.next_at - g.usual_s * INTERVAL 1 SECOND AS last_off, g.next_at AS back_at
FROM (
    SELECT
        s.terminal_id, s.at, s.next_at, u.usual_s,
        count(*) OVER (PARTITION BY s.terminal_id) AS gaps, u.days
    FROM (
        SELECT f.terminal_id, f.at, lead(f.at) OVER (PARTITION BY f.terminal_id ORDER BY f.at) AS next_at, f.online
        FROM sure_signals AS f
    ) AS s
    JOIN (
        SELECT
            w.terminal_id,
            (epoch_us(max(w.at)) - epoch_us(min(w.at))) // (1000000 * count(*)) AS usual_s,
            (epoch_us(max(w.at)) - epoch_us(min(w.at))) // 86400000000 + 1 AS days
        FROM sure_signals AS w
        GROUP BY w.terminal_id
        HAVING count(*) > 10
    ) AS u ON u.terminal_id = s.terminal_id
    WHERE s.online = 1 AND s.next_at IS NOT NULL
        AND epoch_us(s.next_at) - epoch_us(s.at) > 4000000 * u.usual_s
        AND epoch_us(s.next_at) - epoch_us(s.at) > 10800000000
) AS g
WHERE g.gaps * 4 <= g.days
