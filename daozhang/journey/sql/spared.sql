-- Late and overdue sales that would have come in time had they met their cut-off, by what befell others
-- or when: most of what their account handed in in time towards it came in time; or nothing was, and what
-- the account or its provider is told to have been held up by began after they were due.
SELECT o.sale_id
FROM outcomes_late AS o
LEFT JOIN (
    SELECT
        d.provider_id, d.account_id, d.cutoff_at,
        sum(d.on_time) AS on_time, sum(CASE WHEN d.handed_in > d.on_time THEN d.handed_in - d.on_time ELSE 0 END) AS late
    FROM sold_days AS d
    WHERE d.due > 0
    GROUP BY d.provider_id, d.account_id, d.cutoff_at
) AS c ON c.provider_id = o.provider_id AND c.account_id = o.account_id AND c.cutoff_at = o.cutoff_at
LEFT JOIN facts_notices AS n
    ON (n.scope = 'account' AND n.scope_id = o.account_id
        OR n.scope = 'merchant' AND n.scope_id = o.merchant_id
        OR n.scope = 'provider' AND n.scope_id = o.provider_id)
    AND n.from_at <= coalesce(o.paid_out_at, o.as_of)
    AND (n.to_at IS NULL OR n.to_at >= o.cutoff_at)
WHERE o.status IN ('late', 'overdue')
GROUP BY o.sale_id
HAVING max(c.on_time) > max(c.late)
    OR coalesce(max(c.on_time), 0) + coalesce(max(c.late), 0) = 0 AND min(n.from_at) > max(o.promised_at)
