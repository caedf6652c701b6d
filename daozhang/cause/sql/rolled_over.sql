-- Units whose money came in one payout with newer sales that were on time by it: how many those
-- are, what had waited for that payout and since when, and the least that the account was ever paid
-- in time.
SELECT u.unit, o.sales, w.waited_minor, w.since, w.until, k.least_minor
FROM units AS u
JOIN (
    SELECT s.provider_id, s.account_id, s.payout_id, CAST(count(*) AS BIGINT) AS sales
    FROM outcomes AS s
    SEMI JOIN units AS r ON r.provider_id = s.provider_id AND r.together = s.payout_id AND r.leg = 'pay_out' AND r.paid = 1
    WHERE s.status = 'on_time'
    GROUP BY s.provider_id, s.account_id, s.payout_id
) AS o ON o.provider_id = u.provider_id AND o.account_id = u.account_id AND o.payout_id = u.together
JOIN (
    SELECT provider_id, account_id, together, CAST(sum(late_minor) AS BIGINT) AS waited_minor,
        min(due_at) AS since, max(ended_at) AS until
    FROM units
    WHERE leg = 'pay_out'
    GROUP BY provider_id, account_id, together
) AS w ON w.provider_id = u.provider_id AND w.account_id = u.account_id AND w.together = u.together
LEFT JOIN (
    SELECT c.provider_id, c.account_id, min(c.net_minor) AS least_minor
    FROM chains AS c
    ANTI JOIN units AS t ON t.provider_id = c.provider_id AND t.together = c.payout_id AND t.leg = 'pay_out'
    WHERE c.returned = 0 AND c.held = 0 AND c.net_minor > 0 AND c.paid_out_at IS NOT NULL
    GROUP BY c.provider_id, c.account_id
) AS k ON k.provider_id = u.provider_id AND k.account_id = u.account_id
WHERE u.leg = 'pay_out' AND u.paid = 1 AND u.together <> ''
