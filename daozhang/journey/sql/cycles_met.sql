-- What became of the money of each account's cycle that was handed in in time: came in time, or not.
SELECT
    provider_id, account_id, cutoff_at, CAST(sum(on_time) AS BIGINT) AS on_time,
    CAST(sum(CASE WHEN handed_in > on_time THEN handed_in - on_time ELSE 0 END) AS BIGINT) AS late
FROM sold_days
WHERE due > 0
GROUP BY provider_id, account_id, cutoff_at
