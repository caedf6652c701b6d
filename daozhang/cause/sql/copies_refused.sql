-- Of units that were paid out late: sales of the same account that the provider had settled when it
-- refused a second line for them, in the days before the money was due or while it waited.
SELECT u.unit, CAST(count(DISTINCT c.sale_id) AS BIGINT) AS sales, max(c.reason) AS reason
FROM units AS u
JOIN told_copies AS c ON c.provider_id = u.provider_id AND c.account_id = u.account_id
    AND c.cleared_at > u.due_at - INTERVAL 3 DAY AND c.cleared_at < u.ended_at
WHERE u.leg = 'pay_out'
GROUP BY u.unit
