-- Every sale's legs with their deadlines, whether each was missed and from when that could be
-- known, in seconds since 1970 and quarters of an hour; sales alike in all of it are one row.
-- A leg without a deadline has none here (NULL): it is not judged. No leg of a day is
-- told before its first deadline (`gate_first_due`), so what was known by then counts as known then: a
-- terminal's day is a few rows, not one a sale.
SELECT
    q.terminal_id, q.provider_id, q.account_id, q.currency, q.day, q.closes_s, q.sold_s,
    q.submit_due_s, q.submit_late, q.submit_known_s,
    q.clear_due_s, q.clear_late, q.clear_known_s,
    q.pay_out_due_s, q.pay_out_late, q.pay_out_known_s, q.first_sent_s, q.came_back_s,
    q.credit_due_s, q.credit_late, q.credit_known_s,
    CAST(count(*) AS BIGINT) AS sales, CAST(sum(q.amount_minor) AS BIGINT) AS minor
FROM (
    SELECT
        o.terminal_id, o.provider_id, coalesce(o.account_id, '') AS account_id, o.currency, o.amount_minor,
        date_diff('day', CAST('1970-01-01' AS DATE), o.business_date) AS day,
        epoch_us(o.cutoff_at) // 1000000 AS closes_s,
        (greatest(epoch_us(coalesce(k.sale_first_known, k.sale_known)), f.first_due_us) + 899999999) // 900000000 * 900 AS sold_s,
        CASE WHEN p.submits THEN epoch_us(o.cutoff_at) // 1000000 END AS submit_due_s,
        o.submitted_at IS NULL OR o.submitted_at > o.cutoff_at AS submit_late,
        CASE WHEN o.submitted_at IS NOT NULL THEN (greatest(epoch_us(o.submitted_at), epoch_us(k.sale_known), f.first_due_us) + 899999999) // 900000000 * 900 END AS submit_known_s,
        CASE
            WHEN o.clear_by_at IS NOT NULL THEN epoch_us(o.clear_by_at) // 1000000
            ELSE (epoch_us(o.cutoff_at) + p.clear_us) // 1000000
        END AS clear_due_s,
        o.first_cleared_at IS NULL
            OR epoch_us(o.first_cleared_at) > coalesce(epoch_us(o.clear_by_at), epoch_us(o.cutoff_at) + p.clear_us) AS clear_late,
        CASE WHEN o.first_cleared_at IS NOT NULL THEN (epoch_us(greatest(o.first_cleared_at, coalesce(k.clear_known, o.first_cleared_at))) + 899999999) // 900000000 * 900 END AS clear_known_s,
        CASE
            WHEN o.pay_by_at IS NOT NULL THEN epoch_us(o.pay_by_at) // 1000000
            ELSE least(epoch_us(o.promised_at) + p.pay_out_us, epoch_us(o.promised_at)) // 1000000
        END AS pay_out_due_s,
        o.paid_out_at IS NULL
            OR epoch_us(o.paid_out_at) > coalesce(epoch_us(o.pay_by_at), least(epoch_us(o.promised_at) + p.pay_out_us, epoch_us(o.promised_at))) AS pay_out_late,
        CASE WHEN o.paid_out_at IS NOT NULL THEN (epoch_us(greatest(o.paid_out_at, coalesce(y.known_at, o.paid_out_at))) + 899999999) // 900000000 * 900 END AS pay_out_known_s,
        (epoch_us(b.sent_at) + 899999999) // 900000000 * 900 AS first_sent_s,
        (epoch_us(b.back_at) + 899999999) // 900000000 * 900 AS came_back_s,
        epoch_us(o.promised_at) // 1000000 AS credit_due_s,
        NOT o.arrived OR w.sale_id IS NOT NULL OR o.late_s > 0 AS credit_late,
        CASE WHEN o.arrived AND w.sale_id IS NULL AND o.credited_at IS NOT NULL THEN (epoch_us(greatest(o.credited_at, coalesce(c.known_at, o.credited_at), coalesce(y.known_at, o.credited_at), coalesce(k.clear_known, o.credited_at), coalesce(k.sale_known, o.credited_at))) + 899999999) // 900000000 * 900 END AS credit_known_s
    FROM outcomes AS o
    CROSS JOIN gate_run AS g
    JOIN gate_known AS k ON k.sale_id = o.sale_id
    JOIN gate_first_due AS f
        ON f.provider_id = o.provider_id AND f.account_id = coalesce(o.account_id, '') AND f.business_date = o.business_date
    LEFT JOIN gate_deadlines AS p ON p.provider_id = o.provider_id
    LEFT JOIN facts_payouts AS y ON y.provider_id = o.provider_id AND y.payout_id = o.payout_id
    LEFT JOIN facts_credits AS c ON c.account_id = o.account_id AND c.credit_id = o.credit_id
    -- What the provider's file has not told yet is not taken for arrived, then or in a look back.
    LEFT JOIN (SELECT DISTINCT sale_id FROM supposed WHERE spare = 1) AS w ON w.sale_id = o.sale_id
    LEFT JOIN resent AS h ON h.provider_id = o.provider_id AND h.payout_id = o.payout_id
    LEFT JOIN (
        -- Money that was sent and came back was on its way for all to see until that was told.
        SELECT
            p.provider_id, coalesce(c.chain_id, p.payout_id) AS chain_id,
            min(CASE WHEN p.status = 'sent' THEN greatest(p.paid_out_at, coalesce(p.known_at, p.paid_out_at)) END) AS sent_at,
            min(CASE WHEN p.status = 'returned' THEN greatest(p.paid_out_at, coalesce(p.known_at, p.paid_out_at)) END) AS back_at
        FROM raw_payouts AS p
        LEFT JOIN resent AS c ON c.provider_id = p.provider_id AND c.payout_id = p.payout_id
        GROUP BY p.provider_id, coalesce(c.chain_id, p.payout_id)
    ) AS b ON b.provider_id = o.provider_id AND b.chain_id = coalesce(h.chain_id, o.payout_id) AND b.sent_at < b.back_at
    WHERE o.captured_at >= g.from_at AND o.status NOT IN ('cancelled', 'failed') AND o.business_date IS NOT NULL AND o.cutoff_at IS NOT NULL
) AS q
GROUP BY
    q.terminal_id, q.provider_id, q.account_id, q.currency, q.day, q.closes_s, q.sold_s,
    q.submit_due_s, q.submit_late, q.submit_known_s, q.clear_due_s, q.clear_late, q.clear_known_s,
    q.pay_out_due_s, q.pay_out_late, q.pay_out_known_s, q.first_sent_s, q.came_back_s, q.credit_due_s, q.credit_late, q.credit_known_s
