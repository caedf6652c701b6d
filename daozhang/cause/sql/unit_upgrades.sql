-- The last upgrade of each unit's terminal that had begun by the cut-off.
SELECT q.unit, q.release_id, q.started_at, q.finished_at, q.outcome
FROM (
    SELECT
        s.unit, u.release_id, u.started_at, u.finished_at, u.outcome,
        row_number() OVER (PARTITION BY s.unit ORDER BY u.started_at DESC, u.release_id DESC) AS place
    FROM units AS s
    JOIN facts_upgrades AS u ON u.terminal_id = s.terminal_id
    WHERE u.started_at <= s.cutoff_at
) AS q
WHERE q.place = 1
