-- How long each leg of the way took, of money that has arrived, counted by minutes.
SELECT currency, provider_id, leg, taken_min, CAST(count(*) AS BIGINT) AS sales
FROM (
    SELECT
        currency, provider_id, 'submit' AS leg,
        (epoch_us(submitted_at) - epoch_us(captured_at)) // 60000000 AS taken_min
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND submitted_at >= captured_at
    UNION ALL
    SELECT
        currency, provider_id, 'clear',
        (epoch_us(first_cleared_at) - epoch_us(submitted_at)) // 60000000
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND first_cleared_at >= submitted_at
    UNION ALL
    SELECT
        currency, provider_id, 'pay_out',
        (epoch_us(paid_out_at) - epoch_us(first_cleared_at)) // 60000000
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND paid_out_at >= first_cleared_at
    UNION ALL
    SELECT
        currency, provider_id, 'credit',
        (epoch_us(credited_at) - epoch_us(paid_out_at)) // 60000000
    FROM outcomes
    WHERE status IN ('on_time', 'late') AND credited_at >= paid_out_at
) AS spans
GROUP BY currency, provider_id, leg, taken_min
