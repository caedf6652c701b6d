-- The first deadline of any leg of an account's business day.
SELECT
    o.provider_id, coalesce(o.account_id, '') AS account_id, o.business_date,
    min(least(
        epoch_us(o.cutoff_at), coalesce(epoch_us(o.clear_by_at), epoch_us(o.cutoff_at) + p.clear_us), epoch_us(o.promised_at),
        coalesce(epoch_us(o.pay_by_at), epoch_us(o.promised_at) + p.pay_out_us)
    )) AS first_due_us
FROM outcomes AS o
CROSS JOIN gate_run AS g
LEFT JOIN gate_deadlines AS p ON p.provider_id = o.provider_id
WHERE o.captured_at >= g.from_at AND o.status NOT IN ('cancelled', 'failed') AND o.business_date IS NOT NULL AND o.cutoff_at IS NOT NULL
GROUP BY o.provider_id, coalesce(o.account_id, ''), o.business_date
