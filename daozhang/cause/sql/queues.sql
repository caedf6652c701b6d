-- Of stalls of stored sales: what their terminals reported of sales in store in the week before
-- their last upgrade, and when they first reported some since, by a line that lost little.
SELECT
    w.unit, w.since,
    CAST(sum(CASE WHEN g.at < w.since THEN 1 ELSE 0 END) AS BIGINT) AS before,
    CAST(sum(CASE WHEN g.at < w.since AND g.queued_offline > 0 THEN 1 ELSE 0 END) AS BIGINT) AS queued_before,
    min(CASE WHEN g.at >= w.since AND g.queued_offline > 0 AND g.online = 1 AND coalesce(CAST(g.loss_pct AS DOUBLE), 0) < 5 THEN g.at END) AS queued_at
FROM (
    SELECT u.unit, u.terminal_id, u.cutoff_at, max(p.started_at) AS since
    FROM units AS u
    JOIN sure_upgrades AS p ON p.terminal_id = u.terminal_id AND p.started_at <= u.cutoff_at
        AND p.started_at > u.cutoff_at - INTERVAL 7 DAY
    WHERE u.leg = 'submit' AND (u.stored_sales > 0 OR u.ahead_min_s < -300)
    GROUP BY u.unit, u.terminal_id, u.cutoff_at
) AS w
JOIN sure_signals AS g ON g.terminal_id = w.terminal_id
    AND g.at > w.since - INTERVAL 7 DAY AND g.at <= w.cutoff_at AND g.queued_offline IS NOT NULL
GROUP BY w.unit, w.since
