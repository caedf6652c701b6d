-- Business dates of accounts of whose sales the provider's files tell nothing: no file of the provider
-- is known, or (`spare`) others are, but that of the day is not, though its money is due.
SELECT a.provider_id, a.account_id, a.business_date, a.spare
FROM (
    SELECT
        g.provider_id, g.account_id, s.business_date,
        CASE WHEN h.provider_id IS NULL THEN 0 ELSE 1 END AS spare, min(s.due_at) AS due_at
    FROM (
        SELECT DISTINCT provider_id, account_id, span_id FROM parcels WHERE account_id IS NOT NULL
    ) AS g
    JOIN spans AS s ON s.span_id = g.span_id
    LEFT JOIN providers_heard AS h ON h.provider_id = g.provider_id
    GROUP BY
        g.provider_id, g.account_id, s.business_date,
        CASE WHEN h.provider_id IS NULL THEN 0 ELSE 1 END
) AS a
CROSS JOIN run AS r
ANTI JOIN (
    SELECT DISTINCT g.provider_id, g.account_id, s.business_date
    FROM (
        SELECT DISTINCT p.provider_id, p.account_id, p.span_id
        FROM parcels AS p
        SEMI JOIN (SELECT sale_id FROM lines WHERE kind = 'sale') AS l ON l.sale_id = p.sale_id
    ) AS g
    JOIN spans AS s ON s.span_id = g.span_id
) AS n
    ON n.provider_id = a.provider_id AND n.account_id = a.account_id
    AND n.business_date = a.business_date
ANTI JOIN closed_groups AS c
    ON c.provider_id = a.provider_id AND c.account_id = a.account_id
    AND c.business_date = a.business_date
WHERE a.spare = 0 OR a.due_at <= r.as_of
