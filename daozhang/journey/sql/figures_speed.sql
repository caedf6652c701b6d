-- How long money takes from the till to the bank, and how long was promised, counted by minutes.
SELECT provider_id, currency, 'taken' AS span, minutes, CAST(count(*) AS BIGINT) AS sales
FROM (
    SELECT
        provider_id, currency,
        (epoch_us(credited_at) - epoch_us(captured_at)) // 60000000 AS minutes
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND credited_at IS NOT NULL AND promised_at IS NOT NULL
) AS taken
GROUP BY provider_id, currency, minutes
UNION ALL
SELECT provider_id, currency, 'promised' AS span, minutes, CAST(count(*) AS BIGINT) AS sales
FROM (
    SELECT
        provider_id, currency,
        (epoch_us(promised_at) - epoch_us(captured_at)) // 60000000 AS minutes
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND credited_at IS NOT NULL AND promised_at IS NOT NULL
) AS promised
GROUP BY provider_id, currency, minutes
