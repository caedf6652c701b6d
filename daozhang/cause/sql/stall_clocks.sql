-- Of units whose sales reached the host after the terminal's clock said: how many sales of the
-- terminal within three days have the same lag. A clock's lag is the same for all of them; what is
-- stored and handed on at one moment lags by as much as it waited. Of a unit that was sold partly by
-- the right clock the greatest lag counts. `first_at` is when the host saw the first of them.
SELECT s.unit, CAST(count(DISTINCT f.row_key) AS BIGINT) AS same, min(f.host_at) AS first_at, max(s.lag_s) AS lag_s
FROM (
    SELECT
        unit, terminal_id, provider_id, from_at, to_at,
        CASE WHEN ahead_max_s > -300 THEN ahead_min_s ELSE ahead_max_s END AS lag_s
    FROM units
    WHERE leg = 'submit' AND ahead_min_s < 0
) AS s
JOIN told_clocks AS f ON f.terminal_id = s.terminal_id AND f.provider_id = s.provider_id
    AND f.host_at >= s.from_at - INTERVAL 3 DAY AND f.host_at <= s.to_at + INTERVAL 4 DAY
WHERE abs((epoch_us(f.captured_at) - epoch_us(f.host_at)) // 1000000 - s.lag_s) <= 60
GROUP BY s.unit
