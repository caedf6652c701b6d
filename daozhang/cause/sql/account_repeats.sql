-- Messages that the host refused as sent twice (DE 39 of 94), by units of the accounts whose
-- terminals sent them in the week before the money was due or while it waited; `upgraded` counts
-- the terminals that did so within three days of their upgrade.
SELECT
    u.unit, CAST(count(DISTINCT a.attempt_id) AS BIGINT) AS repeats,
    CAST(count(DISTINCT t.terminal_id) AS BIGINT) AS terminals,
    CAST(count(DISTINCT CASE WHEN g.started_at <= a.at AND g.started_at > a.at - INTERVAL 3 DAY THEN t.terminal_id END) AS BIGINT) AS upgraded
FROM units AS u
JOIN account_terminals AS t ON t.provider_id = u.provider_id AND t.account_id = u.account_id
JOIN (SELECT f.attempt_id, f.terminal_id, f.at FROM facts_attempts AS f WHERE f.code = '94') AS a
    ON a.terminal_id = t.terminal_id AND a.at > u.due_at - INTERVAL 7 DAY AND a.at < u.ended_at
LEFT JOIN sure_upgrades AS g ON g.terminal_id = t.terminal_id
WHERE u.leg = 'pay_out'
GROUP BY u.unit
