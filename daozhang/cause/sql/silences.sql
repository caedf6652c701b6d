-- Stretches in which a terminal reported no line: when it was last heard on line before, the first
-- and last report without, and when it was heard again (NULL: not by T).
SELECT
    i.terminal_id, i.online_before, i.first_off, i.last_off, i.back_at
FROM (
    SELECT
        h.terminal_id, h.island,
        min(CASE WHEN h.online = 1 THEN h.at END) AS online_before,
        min(CASE WHEN h.online = 0 THEN h.at END) AS first_off,
        max(CASE WHEN h.online = 0 THEN h.at END) AS last_off,
        lead(min(CASE WHEN h.online = 1 THEN h.at END)) OVER (PARTITION BY h.terminal_id ORDER BY h.island) AS back_at
    FROM (
        SELECT
            g.terminal_id, g.at, g.online,
            sum(g.online) OVER (PARTITION BY g.terminal_id ORDER BY g.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
        FROM sure_signals AS g
        SEMI JOIN (SELECT DISTINCT terminal_id FROM sure_signals WHERE online = 0) AS w ON w.terminal_id = g.terminal_id
    ) AS h
    GROUP BY h.terminal_id, h.island
) AS i
WHERE i.first_off IS NOT NULL
