-- Busy sales summed up, one row a sale. Amounts come from all settled lines; arrival is that of the
-- sale's own. Where several are the latest, as with files of bare dates, the greatest name is taken.
-- A line that an adjustment took back whole, as from a wrong merchant's statement, cleared nothing:
-- the line in its place did.
SELECT
    sale_id, -(row_number() OVER (ORDER BY sale_id)) AS standing_no,
    CAST(sum(CASE WHEN settled = 1 AND kind IN ('sale', 'adjustment', 'carry_forward') THEN gross_minor ELSE 0 END) AS BIGINT) AS settled_minor,
    CAST(-sum(CASE WHEN settled = 1 AND kind = 'refund' THEN gross_minor ELSE 0 END) AS BIGINT) AS refund_minor,
    CAST(-sum(CASE WHEN settled = 1 AND kind IN ('chargeback', 'chargeback_reversal') THEN gross_minor ELSE 0 END) AS BIGINT) AS charged_back_minor,
    CAST(sum(settled * net_minor) AS BIGINT) AS net_minor,
    CAST(sum(settled * (fee_minor - CASE WHEN kind = 'fee' THEN gross_minor ELSE 0 END)) AS BIGINT) AS fee_minor,
    CAST(sum(settled * (tax_minor - CASE WHEN kind = 'tax' THEN gross_minor ELSE 0 END)) AS BIGINT) AS tax_minor,
    CAST(sum(settled * (reserve_minor - CASE WHEN kind IN ('reserve_hold', 'reserve_release') THEN gross_minor ELSE 0 END)) AS BIGINT) AS reserve_minor,
    CAST(sum(settled * credited_minor) AS BIGINT) AS credited_minor,
    max(CASE WHEN own = 1 THEN cleared_at END) AS cleared_at,
    CASE
        WHEN sum(own) > 1 AND min(CASE WHEN settled = 1 AND kind = 'adjustment' THEN gross_minor END) <= -max(own * gross_minor)
            THEN max(CASE WHEN own = 1 THEN cleared_at END)
        ELSE min(CASE WHEN kind = 'sale' AND status <> 'rejected' THEN cleared_at END)
    END AS first_cleared_at,
    CAST(sum(own) AS INTEGER) AS own_lines,
    CAST(sum(own * whole) AS INTEGER) AS own_whole,
    CASE WHEN count(CASE WHEN own = 1 THEN paid_out_at END) = sum(own) THEN max(CASE WHEN own = 1 THEN paid_out_at END) END AS paid_out_at,
    nullif(max_by(payout_id, CASE WHEN own = 1 AND cleared_at IS NOT NULL THEN (cleared_at, payout_id) END), '') AS payout_id,
    max(CASE WHEN own = 1 THEN credited_at END) AS credited_at,
    max_by(credited_on, CASE WHEN own = 1 AND credited_at IS NOT NULL THEN (credited_at, credited_on) END) AS credited_on,
    max_by(booked_day, CASE WHEN own = 1 AND credited_at IS NOT NULL THEN (credited_at, booked_day) END) AS booked_day,
    nullif(max_by(credit_id, CASE WHEN own = 1 AND credited_at IS NOT NULL THEN (credited_at, credit_id) END), '') AS credit_id,
    CASE
        WHEN min(CASE WHEN own = 1 AND credit_ids <> '' THEN credit_ids END)
            = max(CASE WHEN own = 1 AND credit_ids <> '' THEN credit_ids END)
            THEN max(CASE WHEN own = 1 AND credit_ids <> '' THEN credit_ids END)
        ELSE string_agg(DISTINCT CASE WHEN own = 1 AND credit_ids <> '' THEN credit_ids END, ';' ORDER BY CASE WHEN own = 1 AND credit_ids <> '' THEN credit_ids END)
    END AS credit_ids,
    nullif(max_by(matched_by, CASE WHEN own = 1 AND credited_at IS NOT NULL THEN (credited_at, matched_by) END), '') AS matched_by,
    max(own * returned) AS returned,
    max(own * held) AS held,
    max(own * withheld) AS withheld,
    max_by(status, CASE WHEN kind = 'sale' AND status <> 'settled' AND cleared_at IS NOT NULL THEN (cleared_at, status) END) AS stuck,
    nullif(coalesce(
        nullif(max(CASE WHEN own = 1 THEN payout_reason END), ''),
        max_by(line_reason, CASE WHEN kind = 'sale' AND status <> 'settled' AND cleared_at IS NOT NULL THEN (cleared_at, line_reason) END)
    ), '') AS reason,
    max(paid_account_id) AS paid_account_id,
    max(CASE WHEN settled = 1 AND kind = 'refund' THEN cleared_at END) AS refunded_at,
    nullif(max(CASE WHEN settled = 1 AND kind = 'refund' THEN credit_id END), '') AS refund_credit_id
FROM line_standing
GROUP BY sale_id
