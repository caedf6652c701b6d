-- (view) The contract's journeys: one row a sale, times in UTC, NULL where unknown.
SELECT
    o.sale_id, o.status, l.leg,
    CASE
        WHEN o.status <> 'overdue' THEN NULL
        WHEN o.own_lines > 0 AND o.own_whole = o.own_lines THEN 'short'
        WHEN o.own_lines = 0 AND o.stuck IS NOT NULL THEN o.stuck
        WHEN o.returned = 1 THEN 'returned'
        WHEN o.held = 1 THEN 'held'
        WHEN o.credited_at IS NOT NULL THEN 'short'
        ELSE 'missing'
    END AS reason,
    o.amount_minor, o.currency, o.merchant_id, o.store_id, o.terminal_id, o.provider_id, o.channel,
    o.account_id, o.captured_at, o.submitted_at, o.cleared_at, o.paid_out_at,
    o.credited_at, o.promised_at, o.promise_rule, o.provisional, o.credit_id, o.credit_ids,
    o.payout_id, o.net_minor, o.fee_minor, o.fee_expected_minor, o.refunded_minor,
    o.charged_back_minor, o.credited_minor, o.outstanding_minor,
    CASE WHEN o.status = 'late' THEN o.late_s END AS late_s,
    o.matched_by, i.cause, i.mechanism, i.incident_id
FROM outcomes AS o
LEFT JOIN legs AS l ON l.sale_id = o.sale_id
LEFT JOIN incident_sales AS i ON i.sale_id = o.sale_id
