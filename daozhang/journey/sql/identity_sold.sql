-- The same sums from the tables they come from: what was sold, adjusted, settled, credited and
-- taken back. The sources are named `told_…` so that a part of the sales can be summed alike.
SELECT
    currency, CAST(sum(sales) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(fee_minor) AS BIGINT) AS fee_minor, CAST(sum(tax_minor) AS BIGINT) AS tax_minor,
    CAST(sum(reserve_minor) AS BIGINT) AS reserve_minor,
    CAST(sum(charged_back_minor) AS BIGINT) AS charged_back_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(refunded_minor) AS BIGINT) AS refunded_minor
FROM (
    SELECT
        currency, 1 AS sales, amount_minor, 0 AS fee_minor, 0 AS tax_minor, 0 AS reserve_minor,
        0 AS charged_back_minor, 0 AS credited_minor, 0 AS refunded_minor
    FROM told_sales
    WHERE kind IN ('sale', 'completion')
    UNION ALL
    SELECT p.currency, 0, a.amount_minor, 0, 0, 0, 0, 0, 0
    FROM told_acts AS a
    JOIN parcels AS p ON p.sale_id = a.sale_id
    WHERE a.kind = 'adjustment'
    UNION ALL
    SELECT
        p.currency, 0, 0,
        l.fee_minor - CASE WHEN l.kind = 'fee' THEN l.gross_minor ELSE 0 END,
        l.tax_minor - CASE WHEN l.kind = 'tax' THEN l.gross_minor ELSE 0 END,
        l.reserve_minor
            - CASE WHEN l.kind IN ('reserve_hold', 'reserve_release') THEN l.gross_minor ELSE 0 END,
        -CASE WHEN l.kind IN ('chargeback', 'chargeback_reversal') THEN l.gross_minor ELSE 0 END,
        CASE
            WHEN c.whole THEN l.net_minor
            WHEN x.net_minor = l.net_minor THEN x.credited_minor
            WHEN x.net_minor <> 0 THEN (x.credited_minor * l.net_minor) // x.net_minor
            ELSE 0
        END,
        0
    FROM told_lines AS l
    JOIN parcels AS p ON p.sale_id = l.sale_id
    LEFT JOIN chain_standing AS c ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id
    LEFT JOIN line_shares AS x ON x.provider_id = l.provider_id AND x.line_id = l.line_id
    WHERE l.status = 'settled'
    UNION ALL
    -- What the till took back or the lines refunded, whichever is more; a void takes back all.
    SELECT
        p.currency, 0, 0, 0, 0, 0, 0, 0,
        greatest(
            b.taken_minor, b.refund_minor,
            CASE WHEN b.voided = 1 THEN p.amount_minor + b.adjusted_minor ELSE b.taken_minor END
        )
    FROM (
        SELECT
            sale_id, sum(taken_minor) AS taken_minor, sum(adjusted_minor) AS adjusted_minor,
            max(voided) AS voided, sum(refund_minor) AS refund_minor
        FROM (
            SELECT
                sale_id,
                CASE WHEN kind = 'adjustment' THEN 0 ELSE amount_minor END AS taken_minor,
                CASE WHEN kind = 'adjustment' THEN amount_minor ELSE 0 END AS adjusted_minor,
                CASE WHEN kind IN ('void', 'reversal') THEN 1 ELSE 0 END AS voided,
                0 AS refund_minor
            FROM told_acts
            WHERE sale_id IS NOT NULL
            UNION ALL
            SELECT sale_id, 0, 0, 0, -gross_minor
            FROM told_lines
            WHERE sale_id IS NOT NULL AND kind = 'refund' AND status = 'settled'
        ) AS backs
        GROUP BY sale_id
    ) AS b
    JOIN parcels AS p ON p.sale_id = b.sale_id
) AS parts
GROUP BY currency
