-- Each chain's payouts that stand: those for which no other was sent. `net_minor` is what they
-- bring; `alive` says that all of them were sent and none came back or is held.
SELECT
    p.provider_id, coalesce(c.chain_id, p.payout_id) AS chain_id,
    max(p.currency) AS currency, max(p.account_id) AS account_id,
    max(p.merchant_id) AS merchant_id,
    CAST(sum(p.net_minor) AS BIGINT) AS net_minor,
    max_by(p.payout_id, CASE WHEN p.paid_out_at IS NOT NULL THEN (p.paid_out_at, p.payout_id) END)
        AS payout_id,
    max(CASE WHEN p.status = 'sent' THEN p.paid_out_at END) AS paid_out_at,
    max(CASE WHEN p.status = 'returned' THEN 1 ELSE 0 END) AS returned,
    max(CASE WHEN p.status = 'held' THEN 1 ELSE 0 END) AS held,
    max(CASE WHEN p.status <> 'sent' THEN p.reason END) AS reason
FROM facts_payouts AS p
LEFT JOIN resent AS c ON c.provider_id = p.provider_id AND c.payout_id = p.payout_id
LEFT JOIN (
    SELECT provider_id, payout_id FROM replaced GROUP BY provider_id, payout_id
) AS n ON n.provider_id = p.provider_id AND n.payout_id = p.payout_id
WHERE n.payout_id IS NULL
GROUP BY p.provider_id, coalesce(c.chain_id, p.payout_id)
