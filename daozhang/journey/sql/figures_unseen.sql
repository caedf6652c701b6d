-- Accounts whose statement does not reach the promises of money that is due: which statement to
-- fetch, and from when.
SELECT
    o.account_id, a.bank_id, o.currency, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(o.amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(o.outstanding_minor) AS BIGINT) AS outstanding_minor,
    min(o.promised_at) AS first_promised_at, max(o.promised_at) AS last_promised_at,
    max(c.covered_until) AS covered_until
FROM outcomes_late AS o
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
LEFT JOIN (
    SELECT account_id, max(until_at) AS covered_until
    FROM cover
    GROUP BY account_id
) AS c ON c.account_id = o.account_id
WHERE o.status = 'unknown'
GROUP BY o.account_id, a.bank_id, o.currency
