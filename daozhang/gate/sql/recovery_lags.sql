-- How many business days the money of a store's sales of a local day took from the business date to
-- the bank, by method, channel, provider and bank. Overdue money has taken the days until now.
-- `waiting` sales are not due yet, or the statement that would show them has not come.
SELECT
    q.store_id, q.day, q.method, q.channel, q.provider_id, q.bank_id, q.term_index,
    CAST(sum(CASE WHEN q.waits THEN 0 ELSE greatest(e.number - b.number, 0) END) AS BIGINT) AS lag,
    CAST(sum(CASE WHEN q.waits THEN 0 ELSE 1 END) AS BIGINT) AS told,
    CAST(sum(CASE WHEN q.waits THEN 1 ELSE 0 END) AS BIGINT) AS waiting
FROM (
    SELECT
        coalesce(o.store_id, o.terminal_id) AS store_id,
        (epoch_us(o.captured_at) // 1000000 + r.offset_s) // 86400 AS day,
        coalesce(m.method, '') AS method, coalesce(o.channel, '') AS channel,
        o.provider_id, coalesce(a.bank_id, '') AS bank_id, o.term_index,
        o.status IN ('in_transit', 'unknown') AS waits,
        date_diff('day', CAST('1970-01-01' AS DATE), o.business_date) AS sold_day,
        CASE
            WHEN o.status IN ('on_time', 'late') THEN (epoch_us(o.credited_at) // 1000000 + r.offset_s) // 86400
            ELSE (epoch_us(o.as_of) // 1000000 + r.offset_s) // 86400
        END AS bank_day
    FROM outcomes AS o
    CROSS JOIN recovery_run AS r
    LEFT JOIN recovery_methods AS m ON m.sale_id = o.sale_id
    LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
    WHERE o.status NOT IN ('cancelled', 'failed') AND o.business_date IS NOT NULL AND o.term_index IS NOT NULL
) AS q
CROSS JOIN recovery_run AS r
JOIN recovery_calendar AS b ON b.term_index = q.term_index AND b.day = q.sold_day
JOIN recovery_calendar AS e ON e.term_index = q.term_index AND e.day = q.bank_day
WHERE q.day >= r.from_day AND q.day <= r.until_day
GROUP BY q.store_id, q.day, q.method, q.channel, q.provider_id, q.bank_id, q.term_index
