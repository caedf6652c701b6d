-- Sales whose provider's lines are not known, and those (not `own`) whose refund's are not, with the
-- fee as it was when they were sold: what a later refund gives back of it is the refund's.
-- `kept_minor` is the fee on what is left.
SELECT
    p.provider_id, p.sale_id, p.amount_minor, p.currency, p.merchant_id, p.account_id, p.channel,
    p.business_date, p.window_no, p.due_date, p.term_index, p.tax_num, p.tax_den,
    p.min_payout_minor, p.fee_refunded, coalesce(u.spare, 1) AS spare,
    CASE WHEN u.provider_id IS NULL THEN 0 ELSE 1 END AS own,
    coalesce(f.fee_minor, p.line_fee_minor) AS kept_minor,
    CASE
        WHEN f.fee_minor IS NOT NULL THEN f.fee_minor
        WHEN NOT p.fee_refunded OR p.taken_back_minor = 0 THEN p.line_fee_minor
        ELSE p.fee_fixed_minor + least(
            coalesce(p.fee_cap_minor, 9223372036854775807),
            CASE p.fee_rounding
                WHEN 'up' THEN (p.amount_minor * p.fee_num + p.fee_den - 1) // p.fee_den
                WHEN 'down' THEN (p.amount_minor * p.fee_num) // p.fee_den
                WHEN 'half_even' THEN
                    (p.amount_minor * p.fee_num) // p.fee_den
                    + CASE
                        WHEN 2 * ((p.amount_minor * p.fee_num) % p.fee_den) > p.fee_den THEN 1
                        WHEN 2 * ((p.amount_minor * p.fee_num) % p.fee_den) = p.fee_den
                            THEN ((p.amount_minor * p.fee_num) // p.fee_den) % 2
                        ELSE 0
                    END
                ELSE (2 * p.amount_minor * p.fee_num + p.fee_den) // (2 * p.fee_den)
            END
        )
    END AS fee_minor
FROM promised AS p
LEFT JOIN fee_shares AS f ON f.sale_id = p.sale_id
LEFT JOIN unheard AS u
    ON u.provider_id = p.provider_id AND u.account_id = p.account_id
    AND u.business_date = p.business_date
LEFT JOIN (SELECT DISTINCT sale_id FROM refunds_dated WHERE unheard = 1) AS r ON r.sale_id = p.sale_id
WHERE coalesce(u.provider_id, r.sale_id) IS NOT NULL AND p.account_id IS NOT NULL AND p.voided = 0 AND p.business_date IS NOT NULL
