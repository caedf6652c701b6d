-- One row a sale: what became of its money by T. `covered` is whether the statement that would
-- show it is there; without it, due money is `unknown`, never late.
SELECT
    q.*,
    CASE
        WHEN q.cancelled THEN 'cancelled'
        WHEN q.amount_minor = 0 AND q.own_lines = 0 THEN 'failed'
        WHEN q.arrived AND q.late_s > 0 THEN 'late'
        WHEN q.arrived THEN 'on_time'
        WHEN q.promised_at IS NULL OR q.promised_at > q.as_of THEN 'in_transit'
        WHEN NOT q.covered THEN 'unknown'
        ELSE 'overdue'
    END AS status
FROM (
    SELECT
        p.sale_id, p.merchant_id, p.store_id, p.terminal_id, p.provider_id, p.channel, p.currency,
        p.captured_at, p.submitted_at, p.span_id, p.term_index, p.business_date,
        p.cutoff_at, p.promised_at, p.due_date, p.clear_by_at, p.pay_by_at, p.promise_rule,
        coalesce(p.provisional, FALSE) AS provisional, p.amount_minor, r.as_of,
        coalesce(p.account_id, c.paid_account_id) AS account_id,
        s.cleared_at, s.first_cleared_at, c.paid_out_at, c.payout_id,
        c.credited_at, c.credit_id, c.credit_ids,
        s.net_minor, s.fee_minor,
        coalesce(f.fee_minor, p.line_fee_minor) AS fee_expected_minor,
        greatest(p.taken_back_minor, coalesce(s.refund_minor, 0)) AS refunded_minor,
        coalesce(s.charged_back_minor, 0) AS charged_back_minor,
        coalesce(s.tax_minor, 0) AS tax_minor, coalesce(s.reserve_minor, 0) AS reserve_minor,
        coalesce(s.credited_minor, 0) AS credited_minor,
        p.amount_minor - coalesce(s.settled_minor, 0)
            - (greatest(p.taken_back_minor, coalesce(s.refund_minor, 0)) - coalesce(s.refund_minor, 0))
            + coalesce(s.net_minor, 0) - coalesce(s.credited_minor, 0) AS outstanding_minor,
        coalesce(s.own_lines, 0) AS own_lines, coalesce(s.own_whole, 0) AS own_whole,
        coalesce(c.returned, 0) AS returned, coalesce(c.held, 0) AS held, coalesce(c.withheld, 0) AS withheld, c.stuck,
        c.reason AS told_reason,
        CASE WHEN s.own_lines > 0 THEN coalesce(c.matched_by, 'line_ref') END AS matched_by,
        CASE
            WHEN p.voided = 1 THEN TRUE
            WHEN p.amount_minor = 0 THEN FALSE
            WHEN greatest(p.taken_back_minor, coalesce(s.refund_minor, 0)) < p.amount_minor THEN FALSE
            -- Money that came was paid out, though no file says when: after it was cleared, or handed
            -- in; and after the refund, if one bank line brings the two.
            WHEN c.paid_out_at IS NULL AND c.credited_at IS NOT NULL
                THEN coalesce(c.refund_credit_id = c.credit_id, FALSE)
                    OR coalesce(p.taken_back_at <= coalesce(s.first_cleared_at, p.cutoff_at), FALSE)
            WHEN c.paid_out_at IS NULL THEN TRUE
            WHEN p.taken_back_minor >= p.amount_minor AND p.taken_back_at < c.paid_out_at THEN TRUE
            ELSE coalesce(s.refund_minor >= p.amount_minor AND c.refunded_at < c.paid_out_at, FALSE)
        END AS cancelled,
        coalesce(
            s.own_lines > 0 AND s.own_whole = s.own_lines
            AND p.amount_minor - s.settled_minor
                - (greatest(p.taken_back_minor, s.refund_minor) - s.refund_minor) <= 0,
            FALSE
        ) AS arrived,
        CASE
            WHEN c.credited_at IS NULL OR p.promised_at IS NULL THEN 0
            WHEN c.booked_day
                THEN greatest(date_diff('day', p.due_date, c.credited_on), 0) * 86400
            ELSE greatest((epoch_us(c.credited_at) - epoch_us(p.promised_at)) // 1000000, 0)
        END AS late_s,
        v.account_id IS NOT NULL AS covered
    FROM promised AS p
    CROSS JOIN run AS r
    LEFT JOIN settled AS s ON s.sale_id = p.sale_id
    LEFT JOIN standings AS c ON c.standing_no = s.standing_no
    LEFT JOIN fee_shares AS f ON f.sale_id = p.sale_id
    LEFT JOIN cover AS v
        ON v.account_id = coalesce(p.account_id, c.paid_account_id)
        AND v.from_at <= p.due_day_at AND v.until_at >= p.promised_at
) AS q
