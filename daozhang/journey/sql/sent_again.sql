-- Payouts that came back, and the payout that can only have been sent in the place of each though it
-- does not say so: the one payout of the same provider, account and amount, without lines of its own,
-- in the month after.
SELECT q.provider_id, q.payout_id, q.by_payout_id
FROM (
    SELECT
        p.provider_id, p.payout_id, max(n.payout_id) AS by_payout_id, count(*) AS payouts
    FROM facts_payouts AS p
    JOIN facts_payouts AS n
        ON n.provider_id = p.provider_id AND n.account_id = p.account_id
        AND n.currency = p.currency AND n.net_minor = p.net_minor
        AND n.payout_id <> p.payout_id
        AND n.paid_out_at > p.paid_out_at AND n.paid_out_at <= p.paid_out_at + INTERVAL 31 DAY
    ANTI JOIN facts_settlements AS l
        ON l.provider_id = n.provider_id AND l.payout_id = n.payout_id
    ANTI JOIN closed_chains AS c
        ON c.provider_id = n.provider_id AND c.chain_id = n.payout_id
    WHERE p.status = 'returned' AND p.net_minor > 0 AND n.replaces_payout_id IS NULL
    GROUP BY p.provider_id, p.payout_id
) AS q
ANTI JOIN (SELECT provider_id, replaces_payout_id FROM facts_payouts WHERE replaces_payout_id IS NOT NULL) AS s
    ON s.provider_id = q.provider_id AND s.replaces_payout_id = q.payout_id
WHERE q.payouts = 1
