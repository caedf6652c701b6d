-- What lateness costs (R1): money times the time it was kept waiting beyond its promise, in minor
-- units times seconds; late money until it came, overdue money until T.
SELECT
    currency,
    CAST(sum(CASE WHEN status = 'late' THEN late_s ELSE 0 END * CAST(amount_minor AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS late_minor_s,
    CAST(sum(CASE
        WHEN status = 'overdue' THEN (epoch_us(as_of) - epoch_us(promised_at)) // 1000000
        ELSE 0
    END * CAST(outstanding_minor AS DECIMAL(38, 0))) AS DECIMAL(38, 0)) AS overdue_minor_s,
    max(CASE
        WHEN status = 'late' THEN late_s
        WHEN status = 'overdue' THEN (epoch_us(as_of) - epoch_us(promised_at)) // 1000000
    END) AS longest_s
FROM outcomes_late
WHERE status IN ('late', 'overdue')
GROUP BY currency
