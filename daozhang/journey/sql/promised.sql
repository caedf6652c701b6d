-- (view) Priced parcels with their promise: that of their span; of the business date on which a
-- minimum payout is reached; or, above a daily limit, the plain one.
SELECT
    p.*, s.business_date, s.cutoff_at, s.window_no,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.due_at
        WHEN o.sale_id IS NOT NULL THEN s.base_due_at
        ELSE s.due_at
    END AS promised_at,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.due_date
        WHEN o.sale_id IS NOT NULL THEN s.base_due_date
        ELSE s.due_date
    END AS due_date,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.due_day_at
        WHEN o.sale_id IS NOT NULL THEN s.base_due_day_at
        ELSE s.due_day_at
    END AS due_day_at,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.clear_at
        WHEN o.sale_id IS NOT NULL THEN s.base_clear_at
        ELSE s.clear_at
    END AS clear_by_at,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.pay_at
        WHEN o.sale_id IS NOT NULL THEN s.base_pay_at
        ELSE s.pay_at
    END AS pay_by_at,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.promise_rule
        WHEN o.sale_id IS NOT NULL THEN s.base_rule
        ELSE s.promise_rule
    END AS promise_rule,
    CASE
        WHEN m.business_date IS NOT NULL THEN m.provisional
        WHEN o.sale_id IS NOT NULL THEN s.base_provisional
        ELSE s.provisional
    END AS provisional
FROM priced AS p
LEFT JOIN spans AS s ON s.span_id = p.span_id
LEFT JOIN moved AS m
    ON m.provider_id = p.provider_id AND m.account_id = p.account_id
    AND m.term_index = s.term_index AND m.business_date = s.business_date
LEFT JOIN over_limit AS o ON o.sale_id = p.sale_id
