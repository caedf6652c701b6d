-- Overdue money by where it is now, whose it is there, and the payout and account it belongs to:
-- what to hold ready when asking for it. What was handed in late and is not due again yet
-- (`next_payout`) need not be asked for.
SELECT
    currency, station, place_reason AS reason, provider_id, bank_id, account_id, payout_id,
    CAST(count(*) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    min(promised_at) AS since, max(promised_at) AS until, max(due_again) AS due_again,
    min(sale_id) AS example
FROM listed
WHERE status = 'overdue'
GROUP BY currency, station, place_reason, provider_id, bank_id, account_id, payout_id
