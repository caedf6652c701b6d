-- (view) Parcels with what the till did to them, and the fee that the terms agree on.
-- Where refunds give the fee back, it is agreed on what is left of the sale.
-- Rounding is exact integer arithmetic: a rate is a reduced fraction fee_num / fee_den.
SELECT
    q.*,
    CASE
        WHEN q.fee_refunded AND q.fee_base_minor = 0 THEN 0
        ELSE q.fee_fixed_minor
    END + least(
        coalesce(q.fee_cap_minor, 9223372036854775807),
        CASE q.fee_rounding
            WHEN 'up' THEN (q.fee_base_minor * q.fee_num + q.fee_den - 1) // q.fee_den
            WHEN 'down' THEN (q.fee_base_minor * q.fee_num) // q.fee_den
            WHEN 'half_even' THEN
                (q.fee_base_minor * q.fee_num) // q.fee_den
                + CASE
                    WHEN 2 * ((q.fee_base_minor * q.fee_num) % q.fee_den) > q.fee_den THEN 1
                    WHEN 2 * ((q.fee_base_minor * q.fee_num) % q.fee_den) = q.fee_den
                        THEN ((q.fee_base_minor * q.fee_num) // q.fee_den) % 2
                    ELSE 0
                END
            ELSE (2 * q.fee_base_minor * q.fee_num + q.fee_den) // (2 * q.fee_den)
        END
    ) AS line_fee_minor
FROM (
    SELECT
        r.*,
        CASE
            WHEN r.fee_refunded THEN greatest(r.amount_minor - r.taken_back_minor, 0)
            ELSE r.amount_minor
        END AS fee_base_minor
    FROM (
        SELECT
            p.sale_id, p.merchant_id, p.store_id, p.terminal_id, p.provider_id, p.channel, p.currency,
            p.captured_at, p.seen_at, p.submitted_at, p.account_id, p.span_id, p.card_type,
            p.amount_minor + coalesce(t.adjusted_minor, 0) AS amount_minor,
            CASE
                WHEN t.voided = 1
                    THEN greatest(t.taken_back_minor, p.amount_minor + t.adjusted_minor)
                ELSE coalesce(t.taken_back_minor, 0)
            END AS taken_back_minor,
            coalesce(t.voided, 0) AS voided, t.taken_back_at,
            m.term_index, m.fee_num, m.fee_den, m.fee_cap_minor, m.fee_fixed_minor, m.fee_rounding,
            m.fee_refunded, m.min_payout_minor, m.daily_limit_minor, m.tax_num, m.tax_den
        FROM parcels AS p
        LEFT JOIN till AS t ON t.sale_id = p.sale_id
        LEFT JOIN spans AS s ON s.span_id = p.span_id
        LEFT JOIN term_rates AS m ON m.term_index = s.term_index
    ) AS r
) AS q
