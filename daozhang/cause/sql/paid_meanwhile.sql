-- Payouts of the account's own sales that reached it from the same provider while a unit waited for
-- its own: what another shop sold and the account was paid for by mistake is none.
SELECT u.unit, CAST(count(*) AS BIGINT) AS payouts
FROM units AS u
JOIN chains AS c ON c.provider_id = u.provider_id AND c.account_id = u.account_id
    AND c.paid_out_at > u.promised_at - INTERVAL 12 HOUR
    AND c.paid_out_at < u.ended_at - INTERVAL 1 HOUR
    AND c.payout_id <> u.together AND c.returned = 0 AND c.held = 0
ANTI JOIN strangers AS s ON s.provider_id = c.provider_id AND s.chain_id = c.chain_id
WHERE u.leg = 'pay_out'
GROUP BY u.unit
