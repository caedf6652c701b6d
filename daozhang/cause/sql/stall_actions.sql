-- What people did at each stall's terminal from the day before its upgrade until the money went out.
SELECT DISTINCT
    s.unit, a.what, coalesce(a.outcome, '') AS outcome, a.at, coalesce(a.who, '') AS who
FROM stalled AS s
JOIN facts_actions AS a ON a.scope_id = CASE a.scope WHEN 'store' THEN s.store_id WHEN 'merchant' THEN s.merchant_id ELSE s.terminal_id END
WHERE a.at >= s.cutoff_at - INTERVAL 7 DAY AND a.at <= s.look_to + INTERVAL 1 DAY
