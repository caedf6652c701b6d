-- Lines as their sale sees them, where a provider settles in another currency than it sold in. The
-- sale's amount stands for the gross of its settled lines; what else a line says is converted at
-- that rate, half up, and the net is what remains, so that a sale's sums close in its own currency.
SELECT
    q.provider_id, q.line_id, q.kind, q.gross_minor, q.fee_minor, q.tax_minor, q.reserve_minor,
    q.gross_minor - q.fee_minor - q.tax_minor - q.reserve_minor AS net_minor, q.currency,
    q.cleared_at, q.status, q.reason, q.payout_id, q.merchant_id, q.sale_id, q.chain_id
FROM (
    SELECT
        l.provider_id, l.line_id, l.kind, l.cleared_at, l.status, l.reason, l.payout_id,
        l.merchant_id, l.sale_id, l.chain_id, coalesce(p.currency, l.currency) AS currency,
        CASE WHEN m.sale_id IS NULL THEN l.gross_minor
            ELSE CAST(sign(l.gross_minor) AS BIGINT) * ((2 * abs(l.gross_minor) * m.amount_minor + m.gross_minor) // (2 * m.gross_minor))
        END AS gross_minor,
        CASE WHEN m.sale_id IS NULL THEN l.fee_minor
            ELSE CAST(sign(l.fee_minor) AS BIGINT) * ((2 * abs(l.fee_minor) * m.amount_minor + m.gross_minor) // (2 * m.gross_minor))
        END AS fee_minor,
        CASE WHEN m.sale_id IS NULL THEN l.tax_minor
            ELSE CAST(sign(l.tax_minor) AS BIGINT) * ((2 * abs(l.tax_minor) * m.amount_minor + m.gross_minor) // (2 * m.gross_minor))
        END AS tax_minor,
        CASE WHEN m.sale_id IS NULL THEN l.reserve_minor
            ELSE CAST(sign(l.reserve_minor) AS BIGINT) * ((2 * abs(l.reserve_minor) * m.amount_minor + m.gross_minor) // (2 * m.gross_minor))
        END AS reserve_minor
    FROM lines AS l
    LEFT JOIN parcels AS p ON p.sale_id = l.sale_id
    LEFT JOIN (
        SELECT
            x.sale_id, max(y.amount_minor) AS amount_minor,
            CAST(sum(x.gross_minor) AS BIGINT) AS gross_minor
        FROM lines AS x
        JOIN priced AS y ON y.sale_id = x.sale_id AND y.currency <> x.currency
        WHERE x.kind = 'sale' AND x.status = 'settled'
        GROUP BY x.sale_id
        HAVING sum(x.gross_minor) > 0
    ) AS m ON m.sale_id = l.sale_id AND p.currency <> l.currency
) AS q
