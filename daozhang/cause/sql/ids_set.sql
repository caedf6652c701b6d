-- Terminals' identities that people set to another shop's before money that was cleared late: before,
-- the terminal was its own merchant's. Setting it back is the repair; what is set while an upgrade is
-- at work is the upgrade's.
SELECT u.unit, max_by(a.what, (a.at, a.what)) AS what, max(a.at) AS at
FROM units AS u
JOIN facts_actions AS a ON a.scope = 'terminal' AND a.scope_id = u.terminal_id
    AND a.at <= u.to_at AND a.at > u.from_at - INTERVAL 14 DAY
ANTI JOIN sure_upgrades AS g ON g.terminal_id = a.scope_id AND g.started_at <= a.at
    AND a.at <= coalesce(g.finished_at, g.started_at + INTERVAL 2 HOUR) + INTERVAL 1 HOUR
WHERE u.leg = 'clear' AND coalesce(a.outcome, 'done') <> 'skipped'
    AND a.before IN (u.merchant_id, u.terminal_id) AND a.after IS NOT NULL AND a.after <> a.before
GROUP BY u.unit
