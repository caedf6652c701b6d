-- What customers of a store said on a local day, by method of payment: how many scores, their sum.
SELECT
    f.store_id, (epoch_us(f.at) // 1000000 + r.offset_s) // 86400 AS day,
    coalesce(f.method, '') AS method,
    CAST(count(*) AS BIGINT) AS scores, CAST(sum(f.score) AS BIGINT) AS score
FROM facts_feedback AS f
CROSS JOIN recovery_run AS r
WHERE f.score IS NOT NULL
    AND (epoch_us(f.at) // 1000000 + r.offset_s) // 86400 >= r.from_day
    AND (epoch_us(f.at) // 1000000 + r.offset_s) // 86400 <= r.until_day
GROUP BY f.store_id, (epoch_us(f.at) // 1000000 + r.offset_s) // 86400, coalesce(f.method, '')
