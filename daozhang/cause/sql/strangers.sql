-- Payouts whose itemised lines belong to no sale of ours.
SELECT l.provider_id, l.chain_id
FROM lines AS l
ANTI JOIN (SELECT provider_id, chain_id FROM closed_chains WHERE sales_count > 0) AS c
    ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id
WHERE l.chain_id IS NOT NULL AND l.kind = 'sale'
GROUP BY l.provider_id, l.chain_id
HAVING max(l.sale_id) IS NULL
