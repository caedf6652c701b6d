-- Late and overdue money at its finest grain: every breakdown is a sum over these rows.
SELECT
    o.status, o.currency, o.due_date, o.provider_id, a.bank_id, o.merchant_id, o.store_id, l.leg,
    CAST(count(*) AS BIGINT) AS sales, CAST(sum(o.amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(o.outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(CAST(o.late_s * o.amount_minor AS DECIMAL(19, 0))) AS DECIMAL(38, 0)) AS late_s_minor
FROM outcomes_late AS o
LEFT JOIN legs AS l ON l.sale_id = o.sale_id
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
WHERE o.status IN ('late', 'overdue')
GROUP BY o.status, o.currency, o.due_date, o.provider_id, a.bank_id, o.merchant_id, o.store_id, l.leg
