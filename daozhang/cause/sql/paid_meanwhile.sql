-- Payouts of the account's own sales that reached it from the same provider while a unit waited for
-- its own: what another shop sold and the account was paid for by mistake is none, and neither is a
-- payout that was late itself: that is how a provider that stalls pays everybody.
SELECT u.unit, CAST(count(*) AS BIGINT) AS payouts
FROM units AS u
JOIN chains AS c ON c.provider_id = u.provider_id AND c.account_id = u.account_id
    AND c.paid_out_at > u.promised_at - INTERVAL 12 HOUR
    AND c.paid_out_at < u.ended_at - INTERVAL 1 HOUR
    AND c.payout_id <> u.together AND c.returned = 0 AND c.held = 0
ANTI JOIN strangers AS s ON s.provider_id = c.provider_id AND s.chain_id = c.chain_id
ANTI JOIN (
    SELECT w.provider_id, w.together
    FROM units AS w
    JOIN chains AS k ON k.provider_id = w.provider_id AND k.payout_id = w.together
    WHERE w.leg = 'pay_out' AND w.together <> ''
    GROUP BY w.provider_id, w.together
    HAVING 10 * sum(w.sales) >= 9 * max(k.lines_count)
) AS late ON late.provider_id = c.provider_id AND late.together = c.payout_id
WHERE u.leg = 'pay_out'
GROUP BY u.unit
