-- What was due by provider, account and business date: the sales that late ones are compared with.
SELECT
    o.provider_id, coalesce(o.account_id, '') AS account_id, coalesce(a.bank_id, '') AS bank_id,
    o.business_date, o.promised_at,
    CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(CASE WHEN o.status = 'on_time' THEN 1 ELSE 0 END) AS BIGINT) AS on_time,
    max(CASE WHEN o.status = 'on_time' THEN o.first_cleared_at END) AS cleared_at
FROM outcomes AS o
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
WHERE o.status IN ('on_time', 'late', 'overdue') AND o.business_date IS NOT NULL
GROUP BY o.provider_id, coalesce(o.account_id, ''), coalesce(a.bank_id, ''), o.business_date, o.promised_at
