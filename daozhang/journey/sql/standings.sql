-- What became of the payout of each number: of a chain, or of the chains of one busy sale.
SELECT
    k.standing_no, c.paid_out_at, c.payout_id, c.credited_at, c.credited_on, c.booked_day, c.credit_id,
    c.credit_ids, c.matched_by, c.returned, c.held, c.withheld, CAST(NULL AS VARCHAR) AS stuck,
    c.reason, c.account_id AS paid_account_id, CAST(NULL AS TIMESTAMPTZ) AS refunded_at,
    CAST(NULL AS VARCHAR) AS refund_credit_id
FROM chain_standing AS c
JOIN chain_numbers AS k ON k.provider_id = c.provider_id AND k.chain_id = c.chain_id
UNION ALL
SELECT
    standing_no, paid_out_at, payout_id, credited_at, credited_on, booked_day, credit_id, credit_ids,
    matched_by, returned, held, withheld, stuck, reason, paid_account_id, refunded_at,
    refund_credit_id
FROM settled_busy
