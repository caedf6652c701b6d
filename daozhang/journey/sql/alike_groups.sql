-- Sets of sales that as many undecided lines of one payout may be, all alike, and no other line.
SELECT g.provider_id, g.sales
FROM (
    SELECT
        w.provider_id, w.sales, max(w.found) AS found, count(*) AS lines,
        sum(CASE WHEN l.chain_id IS NULL THEN 1 ELSE 0 END) AS unpaid,
        count(DISTINCT concat(coalesce(l.chain_id, ''), ' ', l.status, ' ', CAST(l.net_minor AS VARCHAR), ' ', CAST(l.fee_minor AS VARCHAR), ' ', CAST(l.tax_minor AS VARCHAR), ' ', CAST(l.reserve_minor AS VARCHAR))) AS kinds
    FROM alike_signed AS w
    JOIN lines AS l ON l.provider_id = w.provider_id AND l.line_id = w.line_id
    GROUP BY w.provider_id, w.sales
) AS g
JOIN (
    SELECT w.provider_id, w.sales, max(p.lines) AS lines
    FROM alike_signed AS w
    JOIN alike_open AS o ON o.provider_id = w.provider_id AND o.line_id = w.line_id
    JOIN (SELECT sale_id, count(*) AS lines FROM alike_open GROUP BY sale_id) AS p
        ON p.sale_id = o.sale_id
    GROUP BY w.provider_id, w.sales
) AS most ON most.provider_id = g.provider_id AND most.sales = g.sales
WHERE g.kinds = 1 AND g.unpaid = 0 AND g.lines = g.found AND most.lines = g.lines
