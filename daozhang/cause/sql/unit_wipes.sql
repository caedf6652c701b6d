-- The first upgrade that began after a missed cut-off while the unit's sales still waited in the
-- terminal: what may have wiped them.
SELECT q.unit, q.release_id, q.started_at, q.finished_at, q.outcome, q.unsure
FROM (
    SELECT
        s.unit, u.release_id, u.started_at, u.finished_at, u.outcome, u.unsure,
        row_number() OVER (PARTITION BY s.unit ORDER BY u.started_at, u.release_id) AS place
    FROM units AS s
    JOIN sure_upgrades AS u ON u.terminal_id = s.terminal_id
    WHERE s.leg = 'submit' AND u.started_at > s.cutoff_at AND u.started_at <= s.cutoff_at + INTERVAL 3 DAY
        AND u.started_at <= s.ended_at
) AS q
WHERE q.place = 1
