-- The last upgrade of each unit's terminal that had begun when the money stopped: by the cut-off, or,
-- of what the provider cleared late, by the time at which it cleared the others of the cycle. `good`
-- counts what the terminal sold between the upgrade and the cut-off that met no such delay: without
-- any, the trouble began at the upgrade, however rarely the terminal sells.
SELECT
    q.unit, q.release_id, q.started_at, q.finished_at, q.outcome, q.unsure,
    CAST(sum(CASE WHEN q.leg = 'submit' AND q.inferred = 0 THEN d.handed_in ELSE d.on_time END) AS BIGINT) AS good
FROM (
    SELECT
        s.unit, s.leg, s.inferred, s.provider_id, s.terminal_id, s.cutoff_at,
        u.release_id, u.started_at, u.finished_at, u.outcome, u.unsure,
        row_number() OVER (PARTITION BY s.unit ORDER BY u.started_at DESC, u.release_id DESC) AS place
    FROM units AS s
    JOIN sure_upgrades AS u ON u.terminal_id = s.terminal_id
    LEFT JOIN (
        SELECT w.provider_id, w.cutoff_at, max(w.cleared_at) AS cleared_at
        FROM sold_days AS w
        WHERE w.cleared_at <= w.cutoff_at + INTERVAL 12 HOUR
        GROUP BY w.provider_id, w.cutoff_at
    ) AS c ON c.provider_id = s.provider_id AND c.cutoff_at = s.cutoff_at AND s.leg = 'clear'
    WHERE u.started_at <= CASE WHEN c.cleared_at > s.cutoff_at THEN c.cleared_at ELSE s.cutoff_at END
        AND (s.leg <> 'clear' OR u.started_at <= s.ended_at)
) AS q
LEFT JOIN sold_days AS d ON d.terminal_id = q.terminal_id AND d.provider_id = q.provider_id
    AND d.cutoff_at >= q.started_at AND d.cutoff_at < q.cutoff_at
WHERE q.place = 1
GROUP BY q.unit, q.release_id, q.started_at, q.finished_at, q.outcome, q.unsure
