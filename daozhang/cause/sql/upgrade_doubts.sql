-- Upgrades that cannot be as they are written: two releases of one terminal at once, an end before
-- the beginning, and a release put in again where it was already.
SELECT q.terminal_id, q.release_id, q.started_at, q.finished_at, q.outcome, q.other_release, q.other_at, q.doubt
FROM (
    SELECT
        w.*,
        CASE
            WHEN w.finished_at < w.started_at THEN 'reversed'
            WHEN w.other_release <> w.release_id AND (w.started_at = w.other_at OR w.started_at < w.other_until) THEN 'at_once'
            WHEN w.other_release = w.release_id AND w.outcome = 'ok' AND w.other_outcome = 'ok' THEN 'again'
            ELSE ''
        END AS doubt
    FROM (
        SELECT
            u.terminal_id, u.release_id, u.started_at, u.finished_at, u.outcome,
            lag(u.release_id) OVER (PARTITION BY u.terminal_id ORDER BY u.started_at, u.release_id) AS other_release,
            lag(u.outcome) OVER (PARTITION BY u.terminal_id ORDER BY u.started_at, u.release_id) AS other_outcome,
            lag(u.started_at) OVER (PARTITION BY u.terminal_id ORDER BY u.started_at, u.release_id) AS other_at,
            lag(u.finished_at) OVER (PARTITION BY u.terminal_id ORDER BY u.started_at, u.release_id) AS other_until
        FROM facts_upgrades AS u
    ) AS w
) AS q
WHERE q.doubt <> ''
ORDER BY q.terminal_id, q.started_at, q.release_id
