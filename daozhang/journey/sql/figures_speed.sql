-- How long money takes from the till to the bank against what was promised, counted by minutes.
SELECT
    provider_id, currency,
    (epoch_us(credited_at) - epoch_us(captured_at)) // 60000000 AS taken_min,
    (epoch_us(promised_at) - epoch_us(captured_at)) // 60000000 AS promised_min,
    CAST(count(*) AS BIGINT) AS sales
FROM outcomes
WHERE status IN ('on_time', 'late') AND credited_at IS NOT NULL AND promised_at IS NOT NULL
GROUP BY
    provider_id, currency, (epoch_us(credited_at) - epoch_us(captured_at)) // 60000000,
    (epoch_us(promised_at) - epoch_us(captured_at)) // 60000000
