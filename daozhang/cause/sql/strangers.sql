-- Payouts whose itemised lines belong to no sale of ours.
SELECT l.provider_id, l.chain_id
FROM lines AS l
WHERE l.chain_id IS NOT NULL AND l.kind = 'sale'
GROUP BY l.provider_id, l.chain_id
HAVING max(l.sale_id) IS NULL
