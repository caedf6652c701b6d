-- Settlement lines that say a sale once more under another id, as the payout shows: it is short by
-- exactly what the one repeated line in it brings. Of two lines in one payout the later is left out.
SELECT r.provider_id, max(r.line_id) AS line_id
FROM (
    SELECT
        q.provider_id, q.chain_id, max(q.sale_id) AS sale_id,
        max_by(q.line_id, (q.cleared_at, q.line_id)) AS line_id
    FROM (
        SELECT l.provider_id, l.chain_id, l.line_id, l.sale_id, l.cleared_at
        FROM lines AS l
        JOIN chains AS c
            ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id
            AND c.lines_minor - c.net_minor = l.net_minor
        SEMI JOIN lines AS k
            ON k.provider_id = l.provider_id AND k.sale_id = l.sale_id AND k.kind = l.kind
            AND k.status = l.status AND k.currency = l.currency AND k.gross_minor = l.gross_minor
            AND k.net_minor = l.net_minor AND k.line_id <> l.line_id
        WHERE l.kind = 'sale' AND l.status = 'settled' AND l.net_minor > 0
            AND c.payout_id IS NOT NULL
    ) AS q
    GROUP BY q.provider_id, q.chain_id
    HAVING count(DISTINCT q.sale_id) = 1
) AS r
GROUP BY r.provider_id, r.sale_id
