-- Units whose money came in one payout with newer sales that were on time by it.
SELECT u.unit, CAST(count(*) AS BIGINT) AS sales
FROM units AS u
JOIN outcomes AS o ON o.provider_id = u.provider_id AND o.account_id = u.account_id
    AND o.payout_id = u.together AND o.status = 'on_time'
WHERE u.leg = 'pay_out' AND u.paid = 1 AND u.together <> ''
GROUP BY u.unit
