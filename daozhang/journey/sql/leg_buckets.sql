-- How long the legs of on-time money take, counted by minutes, for terms that set no deadline:
-- clearing from the cut-off on, paying out relative to the promise.
SELECT provider_id, 'clear' AS leg, (epoch_us(first_cleared_at) - epoch_us(cutoff_at)) // 60000000 AS minutes, count(*) AS sales
FROM outcomes
WHERE status = 'on_time' AND first_cleared_at IS NOT NULL
GROUP BY provider_id, (epoch_us(first_cleared_at) - epoch_us(cutoff_at)) // 60000000
UNION ALL
SELECT provider_id, 'pay_out' AS leg, (epoch_us(paid_out_at) - epoch_us(promised_at)) // 60000000 AS minutes, count(*) AS sales
FROM outcomes
WHERE status = 'on_time' AND paid_out_at IS NOT NULL AND promised_at IS NOT NULL
GROUP BY provider_id, (epoch_us(paid_out_at) - epoch_us(promised_at)) // 60000000
