-- How many accounts of each provider were due money on a day, and how many of them had a
-- terminal upgraded in the week before: what late accounts are compared with.
SELECT
    d.provider_id, d.due_day, CAST(count(DISTINCT d.account_id) AS BIGINT) AS accounts,
    CAST(count(DISTINCT CASE WHEN u.account_id IS NOT NULL THEN d.account_id END) AS BIGINT) AS exposed
FROM (SELECT DISTINCT provider_id, account_id, CAST(promised_at AS DATE) AS due_day FROM account_days) AS d
LEFT JOIN (
    SELECT DISTINCT t.provider_id, t.account_id, CAST(g.started_at AS DATE) AS day
    FROM account_terminals AS t
    JOIN sure_upgrades AS g ON g.terminal_id = t.terminal_id
) AS u
    ON u.provider_id = d.provider_id AND u.account_id = d.account_id
    AND u.day <= d.due_day AND u.day > d.due_day - 7
GROUP BY d.provider_id, d.due_day
