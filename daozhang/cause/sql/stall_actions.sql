-- What people did at each stall's terminal from the day before its upgrade until the money went out.
SELECT DISTINCT
    s.unit, a.what, coalesce(a.outcome, '') AS outcome, a.at, coalesce(a.who, '') AS who
FROM (
    SELECT unit, cutoff_at, look_to, 'store' AS scope, store_id AS scope_id FROM stalled
    UNION ALL
    SELECT unit, cutoff_at, look_to, 'merchant' AS scope, merchant_id AS scope_id FROM stalled
    UNION ALL
    SELECT unit, cutoff_at, look_to, 'terminal' AS scope, terminal_id AS scope_id FROM stalled
) AS s
JOIN facts_actions AS a ON a.scope_id = s.scope_id
    AND CASE WHEN a.scope IN ('store', 'merchant') THEN a.scope ELSE 'terminal' END = s.scope
WHERE a.at >= s.cutoff_at - INTERVAL 7 DAY AND a.at <= s.look_to + INTERVAL 1 DAY
