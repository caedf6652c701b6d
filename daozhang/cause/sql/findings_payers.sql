-- Who, by the bank's statements, paid the money of each provider.
SELECT
    c.provider_id, k.counterparty, k.currency, CAST(count(DISTINCT k.credit_id) AS BIGINT) AS credits,
    CAST(sum(k.amount_minor) AS BIGINT) AS amount_minor, min(k.booked_at) AS since,
    max(k.booked_at) AS until, min(k.credit_id) AS example
FROM (
    SELECT DISTINCT provider_id, account_id, credit_id FROM chain_standing WHERE credit_id IS NOT NULL
) AS c
JOIN facts_credits AS k ON k.account_id = c.account_id AND k.credit_id = c.credit_id
WHERE k.counterparty IS NOT NULL
GROUP BY c.provider_id, k.counterparty, k.currency
