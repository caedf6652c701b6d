-- As acts_named; an act without an original id acts on the latest earlier sale of its terminal
-- that carries the same reference number.
SELECT act_id, kind, provider_id, terminal_id, rrn, amount_minor, currency, seen_at, sale_id
FROM acts_named
WHERE sale_id IS NOT NULL OR rrn IS NULL
UNION ALL
SELECT a.act_id, a.kind, a.provider_id, a.terminal_id, a.rrn, a.amount_minor, a.currency, a.seen_at,
    max_by(p.sale_id, (p.captured_at, p.sale_id)) AS sale_id
FROM acts_named AS a
LEFT JOIN parcels AS p
    ON p.provider_id = a.provider_id AND p.terminal_id = a.terminal_id AND p.rrn = a.rrn
    AND p.captured_at <= a.captured_at
WHERE a.sale_id IS NULL AND a.rrn IS NOT NULL
GROUP BY a.act_id, a.kind, a.provider_id, a.terminal_id, a.rrn, a.amount_minor, a.currency, a.seen_at
