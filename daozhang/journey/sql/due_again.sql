-- Overdue sales that were handed in late and that their provider does not owe yet: when it will, which
-- is the promise of whoever handed in when they were.
SELECT o.sale_id, min(d.promised_at) AS due_again
FROM outcomes_late AS o
JOIN (SELECT * FROM legs WHERE leg = 'submit') AS l ON l.sale_id = o.sale_id
LEFT JOIN hand_ins AS h ON h.sale_id = o.sale_id
JOIN (
    SELECT DISTINCT provider_id, channel, account_id, cutoff_at, promised_at FROM sold_days
) AS d
    ON d.provider_id = o.provider_id AND d.channel = o.channel AND d.account_id = o.account_id
    AND d.cutoff_at >= coalesce(o.submitted_at, h.submitted_at)
WHERE o.status = 'overdue' AND o.paid_out_at IS NULL
GROUP BY o.sale_id
HAVING min(d.promised_at) > max(o.as_of)
