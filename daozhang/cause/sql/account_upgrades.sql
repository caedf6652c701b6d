-- How much of each unit's account had been upgraded when its money was to be paid, and how long
-- before: sales that were cleared after they were due are paid in the cycle after that. `good` counts
-- what reached the account in time since the upgrade: without any, trouble began with it.
SELECT
    q.unit, q.terminals, q.upgraded, q.lately, q.first_started_at, q.last_started_at, q.release_id, q.unsure,
    CAST(sum(d.on_time) AS BIGINT) AS good
FROM (
    SELECT
        u.unit, u.provider_id, u.account_id, u.began_at,
        CAST(count(DISTINCT t.terminal_id) AS BIGINT) AS terminals,
        CAST(count(DISTINCT CASE WHEN g.started_at <= u.began_at THEN t.terminal_id END) AS BIGINT) AS upgraded,
        CAST(count(DISTINCT CASE WHEN g.started_at <= u.began_at AND g.started_at > u.began_at - INTERVAL 7 DAY THEN t.terminal_id END) AS BIGINT) AS lately,
        min(CASE WHEN g.started_at <= u.began_at AND g.started_at > u.began_at - INTERVAL 14 DAY THEN g.started_at END) AS first_started_at,
        max(CASE WHEN g.started_at <= u.began_at THEN g.started_at END) AS last_started_at,
        max_by(g.release_id, CASE WHEN g.started_at <= u.began_at THEN (g.started_at, g.release_id) END) AS release_id,
        max(CASE WHEN g.started_at <= u.began_at AND g.started_at > u.began_at - INTERVAL 14 DAY THEN g.unsure ELSE 0 END) AS unsure
    FROM (
        SELECT unit, leg, provider_id, account_id,
            CASE
                WHEN cleared_at > due_at THEN due_at + ((epoch_us(cleared_at) - epoch_us(due_at)) // 86400000000 + 1) * INTERVAL 1 DAY
                ELSE due_at
            END AS began_at
        FROM units
    ) AS u
    JOIN account_terminals AS t ON t.provider_id = u.provider_id AND t.account_id = u.account_id
    LEFT JOIN sure_upgrades AS g ON g.terminal_id = t.terminal_id
    WHERE u.leg IN ('pay_out', 'credit')
    GROUP BY u.unit, u.provider_id, u.account_id, u.began_at
) AS q
LEFT JOIN account_days AS d ON d.provider_id = q.provider_id AND d.account_id = q.account_id
    AND d.promised_at > q.first_started_at AND d.promised_at < q.began_at
GROUP BY q.unit, q.terminals, q.upgraded, q.lately, q.first_started_at, q.last_started_at, q.release_id, q.unsure
