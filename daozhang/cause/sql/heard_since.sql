-- Messages of each stall's terminal between its last upgrade and the cut-off, and how many of them
-- were answered: whoever got no answer since has had no line since.
SELECT
    w.unit, CAST(count(*) AS BIGINT) AS messages,
    CAST(sum(CASE WHEN a.outcome = 'timeout' OR coalesce(a.code, '') IN ('68', '98') THEN 0 ELSE 1 END) AS BIGINT) AS answered
FROM (
    SELECT s.unit, s.terminal_id, s.cutoff_at, max(u.started_at) AS since
    FROM stalled AS s
    JOIN sure_upgrades AS u ON u.terminal_id = s.terminal_id AND u.started_at <= s.cutoff_at
        AND u.started_at > s.cutoff_at - INTERVAL 14 DAY
    GROUP BY s.unit, s.terminal_id, s.cutoff_at
) AS w
JOIN facts_attempts AS a ON a.terminal_id = w.terminal_id AND a.at > w.since AND a.at <= w.cutoff_at
GROUP BY w.unit
