-- Payouts that came back, or in whose place others were sent, and when that was.
SELECT
    p.provider_id, p.payout_id, p.account_id, p.currency, p.net_minor, p.paid_out_at,
    min(n.paid_out_at) AS again_at
FROM facts_payouts AS p
LEFT JOIN replaced AS r ON r.provider_id = p.provider_id AND r.payout_id = p.payout_id
LEFT JOIN facts_payouts AS n ON n.provider_id = r.provider_id AND n.payout_id = r.by_payout_id
WHERE p.status = 'returned' OR r.payout_id IS NOT NULL
GROUP BY p.provider_id, p.payout_id, p.account_id, p.currency, p.net_minor, p.paid_out_at
