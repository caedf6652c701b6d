-- What was due by provider, account and business date: the sales that late ones are compared with.
SELECT
    o.provider_id, coalesce(o.account_id, '') AS account_id, coalesce(a.bank_id, '') AS bank_id,
    o.business_date, o.promised_at,
    CAST(sum(o.due) AS BIGINT) AS sales,
    CAST(sum(o.on_time) AS BIGINT) AS on_time,
    max(o.cleared_at) AS cleared_at
FROM sold_days AS o
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
WHERE o.due > 0 AND o.business_date IS NOT NULL AND o.promised_at IS NOT NULL
GROUP BY o.provider_id, coalesce(o.account_id, ''), coalesce(a.bank_id, ''), o.business_date, o.promised_at
