-- Of units that were paid out late: sales of the same account that the provider had settled when it
-- refused a second line for them, in the days before the money was due or while it waited. That is
-- what sending a batch twice looks like from its side; a line refused first is no copy.
SELECT u.unit, CAST(count(DISTINCT c.sale_id) AS BIGINT) AS sales, max(c.reason) AS reason
FROM units AS u
JOIN (
    SELECT o.provider_id, o.account_id, l.sale_id, l.cleared_at, coalesce(l.reason, '') AS reason
    FROM lines AS l
    JOIN lines AS f ON f.sale_id = l.sale_id AND f.status <> 'rejected' AND f.kind = 'sale'
        AND f.cleared_at <= l.cleared_at AND f.line_id <> l.line_id
    JOIN outcomes AS o ON o.sale_id = l.sale_id
    WHERE l.status = 'rejected' AND l.kind = 'sale'
) AS c ON c.provider_id = u.provider_id AND c.account_id = u.account_id
    AND c.cleared_at > u.due_at - INTERVAL 3 DAY AND c.cleared_at < u.ended_at
WHERE u.leg = 'pay_out'
GROUP BY u.unit
