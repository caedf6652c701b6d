-- Refunds that go with those sales, each with the span of the business date on which it was made;
-- none: it goes with its sale. Where files of its provider are known, only those made on a date of
-- which no file is; one that a later file tells of is known.
SELECT
    a.act_id, a.amount_minor, s.provider_id, s.sale_id, s.currency, s.merchant_id, s.account_id,
    s.channel, s.business_date, s.window_no, s.due_date, s.min_payout_minor, s.spare,
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
LEFT JOIN refunds_dated AS d ON d.act_id = a.act_id
ANTI JOIN (SELECT sale_id FROM lines WHERE kind = 'refund') AS t ON t.sale_id = a.sale_id
WHERE a.kind = 'refund' AND a.amount_minor > 0 AND (s.spare = 0 OR d.unheard = 1)
