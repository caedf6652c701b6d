-- The account of chains whose payout does not name one: that of the sales inside.
SELECT l.provider_id, l.chain_id, max(p.account_id) AS account_id
FROM lines AS l
JOIN chains_nameless AS n ON n.provider_id = l.provider_id AND n.chain_id = l.chain_id
JOIN parcels AS p ON p.sale_id = l.sale_id
GROUP BY l.provider_id, l.chain_id
