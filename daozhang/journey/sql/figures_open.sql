-- Overdue money by where it is now, whose it is there, and the payout and account it belongs to:
-- what to hold ready when asking for it.
SELECT
    currency, station, reason, provider_id, bank_id, account_id, payout_id,
    CAST(count(*) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    min(promised_at) AS since, max(promised_at) AS until, min(sale_id) AS example
FROM listed
WHERE status = 'overdue'
GROUP BY currency, station, reason, provider_id, bank_id, account_id, payout_id
