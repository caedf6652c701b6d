-- The late and overdue sales one by one, with where their money stopped and what the till and the
-- statement say of them. Sales of the same keys shared one fate (late_money.sql).
SELECT
    o.sale_id, l.leg, o.status, o.currency, o.amount_minor, o.outstanding_minor,
    o.merchant_id, coalesce(o.store_id, '') AS store_id, o.terminal_id, o.provider_id,
    o.channel, coalesce(o.account_id, '') AS account_key, coalesce(a.bank_id, '') AS bank_key,
    o.captured_at, s.host_at, s.rrn,
    CASE WHEN s.mcc <> t.mcc THEN 1 ELSE 0 END AS remapped, coalesce(o.submitted_at, h.submitted_at, CASE WHEN c.sale_id IS NOT NULL THEN s.host_at END) AS submitted_at,
    CASE WHEN o.submitted_at IS NULL AND h.submitted_at IS NOT NULL THEN 1 ELSE 0 END AS inferred, o.business_date, o.promised_at,
    o.first_cleared_at AS cleared_at, o.paid_out_at, o.credited_at, o.returned, o.held,
    o.withheld, o.late_s, o.term_index, o.own_lines, o.own_whole, o.as_of, coalesce(c.cutoff_at, o.cutoff_at, o.promised_at, o.captured_at) AS cutoff_key,
    CASE WHEN c.sale_id IS NULL THEN 0 ELSE 1 END AS carried,
    CASE WHEN l.leg IN ('submit', 'clear') THEN coalesce(o.terminal_id, '') ELSE '' END AS terminal_key,
    CASE l.leg
        WHEN 'submit' THEN coalesce(o.submitted_at, h.submitted_at, CASE WHEN c.sale_id IS NOT NULL THEN s.host_at END, o.as_of)
        WHEN 'clear' THEN coalesce(o.first_cleared_at, o.as_of)
        WHEN 'pay_out' THEN coalesce(o.paid_out_at, o.as_of)
        ELSE coalesce(o.credited_at, o.as_of)
    END AS ended_at,
    CASE l.leg
        WHEN 'submit' THEN coalesce(s.batch_no, '')
        WHEN 'clear' THEN o.channel
        ELSE coalesce(o.payout_id, '')
    END AS together,
    CASE WHEN l.leg = 'submit' THEN '' ELSE coalesce(o.stuck, '') END AS stuck_key,
    CASE WHEN l.leg = 'submit' THEN '' ELSE coalesce(o.told_reason, '') END AS reason_key
FROM outcomes_late AS o
JOIN legs AS l ON l.sale_id = o.sale_id
LEFT JOIN told_late AS s ON s.sale_id = o.sale_id
LEFT JOIN hand_ins AS h ON h.sale_id = o.sale_id
LEFT JOIN carried AS c ON c.sale_id = o.sale_id
LEFT JOIN facts_terminals AS t ON t.terminal_id = o.terminal_id
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
WHERE o.status IN ('late', 'overdue')
