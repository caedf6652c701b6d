-- (view) Where each sale's money is: the last station that it is known to have reached, or that the
-- leg in which it waits begins at. Money that came short is where it was taken off.
SELECT
    o.*, l.leg,
    CASE
        WHEN o.status IN ('cancelled', 'failed') THEN 'cancelled'
        WHEN o.status IN ('on_time', 'late') THEN 'credited'
        WHEN o.status = 'overdue' AND o.credited_at IS NOT NULL THEN CASE l.leg
            WHEN 'submit' THEN 'captured'
            WHEN 'clear' THEN 'submitted'
            WHEN 'pay_out' THEN 'cleared'
            ELSE 'paid_out'
        END
        WHEN o.paid_out_at IS NOT NULL OR l.leg = 'credit' THEN 'paid_out'
        WHEN o.first_cleared_at IS NOT NULL OR l.leg = 'pay_out' THEN 'cleared'
        WHEN o.submitted_at IS NOT NULL OR l.leg = 'clear' THEN 'submitted'
        ELSE 'captured'
    END AS station
FROM outcomes AS o
LEFT JOIN legs AS l ON l.sale_id = o.sale_id
