-- Sales whose provider's lines are not known, with the fee as it was when they were sold: what a
-- later refund gives back of it is the refund's. `kept_minor` is the fee on what is left.
SELECT
    p.provider_id, p.sale_id, p.amount_minor, p.currency, p.merchant_id, p.account_id, p.channel,
    p.business_date, p.window_no, p.due_date, p.term_index, p.tax_num, p.tax_den,
    p.min_payout_minor, p.fee_refunded,
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
ANTI JOIN providers_heard AS heard ON heard.provider_id = p.provider_id
WHERE p.account_id IS NOT NULL AND p.voided = 0 AND p.business_date IS NOT NULL
