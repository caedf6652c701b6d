-- How far the clock of each stall's terminal was off, by sales that the host saw after the stall's last
-- one: what was sold before the clock went wrong is closed by the wrong clock all the same.
SELECT
    s.unit, CAST(count(*) AS BIGINT) AS sales,
    min((epoch_us(f.captured_at) - epoch_us(f.host_at)) // 1000000) AS ahead_min_s,
    max((epoch_us(f.captured_at) - epoch_us(f.host_at)) // 1000000) AS ahead_max_s
FROM stalled AS s
JOIN told_clocks AS f ON f.terminal_id = s.terminal_id AND f.provider_id = s.provider_id
    AND f.host_at > s.to_at AND f.host_at <= s.ended_at + INTERVAL 1 DAY
GROUP BY s.unit
