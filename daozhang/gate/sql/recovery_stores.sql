-- The local days on which each store's terminals were upgraded to a release: the first that began
-- and the last that ended.
SELECT
    coalesce(t.store_id, u.terminal_id) AS store_id, u.release_id,
    min((epoch_us(u.started_at) // 1000000 + r.offset_s) // 86400) AS first_day,
    max((epoch_us(coalesce(u.finished_at, u.started_at)) // 1000000 + r.offset_s) // 86400) AS last_day
FROM facts_upgrades AS u
CROSS JOIN recovery_run AS r
LEFT JOIN facts_terminals AS t ON t.terminal_id = u.terminal_id
GROUP BY coalesce(t.store_id, u.terminal_id), u.release_id
