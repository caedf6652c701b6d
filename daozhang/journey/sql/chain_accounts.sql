-- The account of chains whose payout does not name one: that of the sales inside.
SELECT q.provider_id, q.chain_id, max(q.account_id) AS account_id
FROM (
    SELECT l.provider_id, l.chain_id, p.account_id
    FROM (
        SELECT l.* FROM lines AS l
        SEMI JOIN chains_nameless AS m
            ON m.provider_id = l.provider_id AND m.chain_id = l.chain_id
    ) AS l
    JOIN parcels AS p ON p.sale_id = l.sale_id
    UNION ALL
    SELECT provider_id, chain_id, sales_account_id
    FROM closed_chains
) AS q
JOIN chains_nameless AS n ON n.provider_id = q.provider_id AND n.chain_id = q.chain_id
GROUP BY q.provider_id, q.chain_id
