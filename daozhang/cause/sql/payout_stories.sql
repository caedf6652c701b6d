-- What became of payouts before they arrived: every version of each unit's payout, and of those it
-- was sent in place of, that was returned or held, with the reason that was given. What happened to a
-- payout that was sent only after the money was due is not why it was late.
SELECT DISTINCT q.unit, q.status, q.reason
FROM (
    SELECT u.unit, p.provider_id, p.payout_id, p.status, coalesce(p.reason, '') AS reason
    FROM units AS u
    JOIN told_payouts AS p ON p.provider_id = u.provider_id AND p.payout_id = u.together
    WHERE u.leg IN ('pay_out', 'credit') AND p.status <> 'sent'
    UNION ALL
    SELECT u.unit, p.provider_id, p.payout_id, p.status, coalesce(p.reason, '') AS reason
    FROM units AS u
    JOIN resent AS r ON r.provider_id = u.provider_id AND r.payout_id = u.together
    JOIN resent AS e ON e.provider_id = r.provider_id AND e.chain_id = r.chain_id
    JOIN told_payouts AS p ON p.provider_id = e.provider_id AND p.payout_id = e.payout_id
    WHERE u.leg IN ('pay_out', 'credit') AND p.status <> 'sent'
) AS q
JOIN units AS w ON w.unit = q.unit
JOIN (
    SELECT provider_id, payout_id, min(paid_out_at) AS first_at FROM told_payouts GROUP BY provider_id, payout_id
) AS f ON f.provider_id = q.provider_id AND f.payout_id = q.payout_id
WHERE w.leg = 'credit' OR f.first_at IS NULL OR f.first_at <= w.due_at OR w.cleared_at > w.due_at
