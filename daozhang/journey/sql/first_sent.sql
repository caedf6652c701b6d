-- When payouts that came back had first been sent, by each payout of their chain.
SELECT k.provider_id, k.payout_id, f.first_sent_at
FROM (
    SELECT DISTINCT p.provider_id, p.payout_id, coalesce(r.chain_id, p.payout_id) AS chain_id
    FROM told_payouts AS p
    LEFT JOIN resent AS r ON r.provider_id = p.provider_id AND r.payout_id = p.payout_id
) AS k
JOIN (
    SELECT
        p.provider_id, coalesce(r.chain_id, p.payout_id) AS chain_id,
        min(CASE WHEN p.status <> 'held' THEN p.paid_out_at END) AS first_sent_at
    FROM told_payouts AS p
    LEFT JOIN resent AS r ON r.provider_id = p.provider_id AND r.payout_id = p.payout_id
    GROUP BY p.provider_id, coalesce(r.chain_id, p.payout_id)
    HAVING max(CASE WHEN p.status = 'returned' THEN 1 ELSE 0 END) = 1
) AS f ON f.provider_id = k.provider_id AND f.chain_id = k.chain_id
