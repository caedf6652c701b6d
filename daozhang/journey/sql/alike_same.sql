-- Lines that may each be any of as many sales, and those sales no other line: as all of them are in one
-- payout and alike to the minor unit, whichever is whichever comes to the same. First goes with first.
SELECT l.provider_id, l.line_id, s.sale_id
FROM (
    SELECT
        g.provider_id, g.sales, w.line_id,
        row_number() OVER (PARTITION BY g.provider_id, g.sales ORDER BY w.line_id) AS place
    FROM alike_groups AS g
    JOIN alike_signed AS w ON w.provider_id = g.provider_id AND w.sales = g.sales
) AS l
JOIN (
    SELECT
        q.provider_id, q.sales, q.sale_id,
        row_number() OVER (PARTITION BY q.provider_id, q.sales ORDER BY q.sale_id) AS place
    FROM (
        SELECT DISTINCT g.provider_id, g.sales, o.sale_id
        FROM alike_groups AS g
        JOIN alike_signed AS w ON w.provider_id = g.provider_id AND w.sales = g.sales
        JOIN alike_open AS o ON o.provider_id = w.provider_id AND o.line_id = w.line_id
    ) AS q
) AS s ON s.provider_id = l.provider_id AND s.sales = l.sales AND s.place = l.place
