-- Second lines that a provider refused for sales of which it had settled one: what sending a batch
-- twice looks like from its side. A line refused first is no copy.
SELECT DISTINCT o.sale_id, o.provider_id, o.account_id, l.cleared_at, l.reason
FROM lines_refused AS l
JOIN lines AS f ON f.sale_id = l.sale_id AND f.status <> 'rejected' AND f.kind = 'sale'
    AND f.cleared_at <= l.cleared_at AND f.line_id <> l.line_id
JOIN outcomes_open AS o ON o.sale_id = l.sale_id
