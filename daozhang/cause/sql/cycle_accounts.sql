-- What became of the money of a cut-off, by account and (account NULL) of all of its provider's: came
-- in time, and did not though it was handed in in time.
SELECT
    d.provider_id, coalesce(d.account_id, '') AS account_id, d.cutoff_at,
    CAST(sum(d.on_time) AS BIGINT) AS on_time,
    CAST(sum(CASE WHEN d.handed_in > d.on_time THEN d.handed_in - d.on_time ELSE 0 END) AS BIGINT) AS late
FROM sold_days AS d
SEMI JOIN late_dated AS w
    ON w.provider_id = d.provider_id AND w.account_id = coalesce(d.account_id, '')
WHERE d.due > 0 AND d.cutoff_at IS NOT NULL
GROUP BY d.provider_id, coalesce(d.account_id, ''), d.cutoff_at
UNION ALL
SELECT
    d.provider_id, NULL AS account_id, d.cutoff_at,
    CAST(sum(d.on_time) AS BIGINT) AS on_time,
    CAST(sum(CASE WHEN d.handed_in > d.on_time THEN d.handed_in - d.on_time ELSE 0 END) AS BIGINT) AS late
FROM sold_days AS d
SEMI JOIN late_dated AS w ON w.provider_id = d.provider_id
WHERE d.due > 0 AND d.cutoff_at IS NOT NULL
GROUP BY d.provider_id, d.cutoff_at
