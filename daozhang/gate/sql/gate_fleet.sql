-- The first time that each terminal's upgrade to a release began.
SELECT u.terminal_id, epoch_us(min(u.started_at)) // 1000000 AS started_s, min(u.wave) AS wave
FROM facts_upgrades AS u
CROSS JOIN gate_run AS g
WHERE u.release_id = g.release_id
GROUP BY u.terminal_id
