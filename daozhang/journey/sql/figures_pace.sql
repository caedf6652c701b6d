-- How money came against its promise, counted by minutes: before it (below zero) or after it. Of
-- money that has not come, or whose statement has not come, the minutes say how long it is due.
SELECT
    o.currency, o.provider_id, a.bank_id, o.status,
    CASE
        WHEN o.status = 'late' THEN o.late_s // 60
        WHEN o.status = 'on_time' AND o.credited_at < o.promised_at
            THEN 0 - (epoch_us(o.promised_at) - epoch_us(o.credited_at)) // 60000000
        WHEN o.status = 'on_time' THEN 0
        ELSE (epoch_us(o.as_of) - epoch_us(o.promised_at)) // 60000000
    END AS lag_min,
    CAST(count(*) AS BIGINT) AS sales, CAST(sum(o.amount_minor) AS BIGINT) AS amount_minor
FROM outcomes AS o
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
WHERE o.status IN ('on_time', 'late', 'overdue', 'unknown') AND o.promised_at IS NOT NULL
GROUP BY
    o.currency, o.provider_id, a.bank_id, o.status,
    CASE
        WHEN o.status = 'late' THEN o.late_s // 60
        WHEN o.status = 'on_time' AND o.credited_at < o.promised_at
            THEN 0 - (epoch_us(o.promised_at) - epoch_us(o.credited_at)) // 60000000
        WHEN o.status = 'on_time' THEN 0
        ELSE (epoch_us(o.as_of) - epoch_us(o.promised_at)) // 60000000
    END
