-- Terminals' identities that people set to another shop's before money that was cleared late: before,
-- the terminal was its own merchant's. Setting it back is the repair.
SELECT u.unit, a.what, a.at
FROM units AS u
JOIN facts_actions AS a ON a.scope = 'terminal' AND a.scope_id = u.terminal_id
    AND a.at <= u.to_at AND a.at > u.from_at - INTERVAL 14 DAY
WHERE u.leg = 'clear' AND coalesce(a.outcome, 'done') <> 'skipped'
    AND a.before IN (u.merchant_id, u.terminal_id) AND a.after IS NOT NULL AND a.after <> a.before
