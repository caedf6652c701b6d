-- The same sums from the tables they come from: what was sold, adjusted and settled.
SELECT
    currency, CAST(sum(sales) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(fee_minor) AS BIGINT) AS fee_minor, CAST(sum(tax_minor) AS BIGINT) AS tax_minor,
    CAST(sum(reserve_minor) AS BIGINT) AS reserve_minor,
    CAST(sum(charged_back_minor) AS BIGINT) AS charged_back_minor
FROM (
    SELECT
        currency, 1 AS sales, amount_minor, 0 AS fee_minor, 0 AS tax_minor, 0 AS reserve_minor,
        0 AS charged_back_minor
    FROM facts_sales
    WHERE kind IN ('sale', 'completion')
    UNION ALL
    SELECT p.currency, 0, a.amount_minor, 0, 0, 0, 0
    FROM acts AS a
    JOIN parcels AS p ON p.sale_id = a.sale_id
    WHERE a.kind = 'adjustment'
    UNION ALL
    SELECT
        p.currency, 0, 0,
        l.fee_minor - CASE WHEN l.kind = 'fee' THEN l.gross_minor ELSE 0 END,
        l.tax_minor - CASE WHEN l.kind = 'tax' THEN l.gross_minor ELSE 0 END,
        l.reserve_minor
            - CASE WHEN l.kind IN ('reserve_hold', 'reserve_release') THEN l.gross_minor ELSE 0 END,
        -CASE WHEN l.kind IN ('chargeback', 'chargeback_reversal') THEN l.gross_minor ELSE 0 END
    FROM lines_own AS l
    JOIN parcels AS p ON p.sale_id = l.sale_id
    WHERE l.status = 'settled'
) AS parts
GROUP BY currency
