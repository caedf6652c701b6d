-- Who, by the bank's statements, brought each provider's payouts, and how many of those were paid out
-- late: one payer who brings late money only, beside another whose money is in time, is a second one.
SELECT
    c.provider_id, k.counterparty, CAST(count(*) AS BIGINT) AS payouts,
    CAST(count(w.together) AS BIGINT) AS late
FROM chain_standing AS c
JOIN facts_credits AS k ON k.account_id = c.account_id AND k.credit_id = c.credit_id
LEFT JOIN (
    SELECT DISTINCT provider_id, together FROM units WHERE leg = 'pay_out' AND together <> ''
) AS w ON w.provider_id = c.provider_id AND w.together = c.payout_id
WHERE k.counterparty IS NOT NULL
GROUP BY c.provider_id, k.counterparty
