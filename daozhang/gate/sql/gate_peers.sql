-- How long the legs of on-time money took before the rollout began, by minutes, for terms that set
-- no deadline: clearing from the cut-off on, paying out relative to the promise.
SELECT o.provider_id, 'clear' AS leg, (epoch_us(o.first_cleared_at) - epoch_us(o.cutoff_at)) // 60000000 AS minutes, CAST(count(*) AS BIGINT) AS sales
FROM outcomes AS o
CROSS JOIN gate_run AS g
WHERE o.status = 'on_time' AND o.first_cleared_at IS NOT NULL AND o.credited_at < g.begun_at AND o.captured_at >= g.from_at
GROUP BY o.provider_id, (epoch_us(o.first_cleared_at) - epoch_us(o.cutoff_at)) // 60000000
UNION ALL
SELECT o.provider_id, 'pay_out' AS leg, (epoch_us(o.paid_out_at) - epoch_us(o.promised_at)) // 60000000 AS minutes, CAST(count(*) AS BIGINT) AS sales
FROM outcomes AS o
CROSS JOIN gate_run AS g
WHERE o.status = 'on_time' AND o.paid_out_at IS NOT NULL AND o.promised_at IS NOT NULL AND o.credited_at < g.begun_at AND o.captured_at >= g.from_at
GROUP BY o.provider_id, (epoch_us(o.paid_out_at) - epoch_us(o.promised_at)) // 60000000
UNION ALL
SELECT o.provider_id, 'submit' AS leg, CAST(0 AS BIGINT) AS minutes, CAST(count(*) AS BIGINT) AS sales
FROM outcomes AS o
CROSS JOIN gate_run AS g
WHERE o.submitted_at IS NOT NULL AND o.submitted_at < g.begun_at AND o.captured_at >= g.from_at
GROUP BY o.provider_id
