-- Late and overdue sales that would have come in time had they met their cut-off, by what befell others
-- or when: most of what their account handed in in time towards it came in time; or nothing was, and what
-- the account or its provider is told to have been held up by began after they were due.
SELECT o.sale_id
FROM outcomes_late AS o
JOIN cycles_met AS c
    ON c.provider_id = o.provider_id AND c.account_id = o.account_id AND c.cutoff_at = o.cutoff_at
WHERE o.status IN ('late', 'overdue') AND c.on_time > c.late
UNION ALL
SELECT q.sale_id
FROM (
    SELECT o.sale_id, o.account_id, o.merchant_id, o.provider_id, o.paid_out_at, o.as_of, o.cutoff_at, o.promised_at
    FROM outcomes_late AS o
    ANTI JOIN (SELECT * FROM cycles_met WHERE on_time + late > 0) AS c
        ON c.provider_id = o.provider_id AND c.account_id = o.account_id AND c.cutoff_at = o.cutoff_at
    WHERE o.status IN ('late', 'overdue')
) AS q
JOIN facts_notices AS n
    ON (n.scope = 'account' AND n.scope_id = q.account_id
        OR n.scope = 'merchant' AND n.scope_id = q.merchant_id
        OR n.scope = 'provider' AND n.scope_id = q.provider_id)
    AND n.from_at <= coalesce(q.paid_out_at, q.as_of)
    AND (n.to_at IS NULL OR n.to_at >= q.cutoff_at)
GROUP BY q.sale_id
HAVING min(n.from_at) > max(q.promised_at)
