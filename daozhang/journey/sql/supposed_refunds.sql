-- Refunds of those sales, each with the span of the business date on which it was made: the first
-- of the sale's own term that closes after it. None: it goes with its sale.
SELECT
    a.act_id, a.amount_minor, s.provider_id, s.sale_id, s.currency, s.merchant_id, s.account_id,
    s.channel, s.business_date, s.window_no, s.due_date, s.min_payout_minor,
    CASE WHEN n.act_id = a.act_id THEN s.fee_minor - s.kept_minor ELSE 0 END AS fee_minor,
    CASE
        WHEN n.act_id = a.act_id THEN
            (2 * s.fee_minor * s.tax_num + s.tax_den) // (2 * s.tax_den)
            - (2 * s.kept_minor * s.tax_num + s.tax_den) // (2 * s.tax_den)
        ELSE 0
    END AS tax_minor,
    d.span_id
FROM acts AS a
JOIN supposed_fees AS s ON s.sale_id = a.sale_id
JOIN (
    SELECT sale_id, max_by(act_id, (seen_at, act_id)) AS act_id
    FROM acts
    WHERE kind = 'refund'
    GROUP BY sale_id
) AS n ON n.sale_id = a.sale_id
LEFT JOIN (
    SELECT
        b.act_id,
        min_by(t.span_id, (t.cutoff_at, t.window_no, t.span_id)) AS span_id
    FROM acts AS b
    JOIN supposed_fees AS u ON u.sale_id = b.sale_id
    JOIN spans AS t ON t.term_index = u.term_index AND t.cutoff_at > b.seen_at
    WHERE b.kind = 'refund'
    GROUP BY b.act_id
) AS d ON d.act_id = a.act_id
WHERE a.kind = 'refund' AND a.amount_minor > 0
