-- Settlement lines whose sign or sale can hardly be meant so. A refund that was taken back is written
-- with the sign of what it takes back, so one that gives counts only where nothing of its kind took as
-- much from the same sale. A line that brings something else than its sale took is a tip, a part or a
-- fault, and is doubted only where another sale of its merchant took just that and no line names it.
SELECT
    l.provider_id, l.line_id, 'gives' AS doubt, l.kind, l.gross_minor, l.sale_id,
    CAST(NULL AS BIGINT) AS amount_minor, CAST(NULL AS VARCHAR) AS other_id
FROM lines AS l
LEFT JOIN (
    SELECT provider_id, sale_id, kind, min(gross_minor) AS least_minor
    FROM lines
    WHERE kind IN ('refund', 'chargeback') AND gross_minor < 0
    GROUP BY provider_id, sale_id, kind
) AS t
    ON t.provider_id = l.provider_id AND t.sale_id = l.sale_id AND t.kind = l.kind
WHERE l.kind IN ('refund', 'chargeback') AND l.status = 'settled' AND l.gross_minor > 0
    AND l.gross_minor > -coalesce(t.least_minor, 0)
UNION ALL
SELECT
    l.provider_id, l.line_id, 'takes' AS doubt, l.kind, l.gross_minor, l.sale_id,
    CAST(NULL AS BIGINT) AS amount_minor, CAST(NULL AS VARCHAR) AS other_id
FROM lines AS l
WHERE l.kind = 'sale' AND l.status = 'settled' AND l.gross_minor < 0
UNION ALL
SELECT
    d.provider_id, d.line_id, 'names_another' AS doubt, d.kind, d.gross_minor, d.sale_id,
    d.amount_minor, min(w.sale_id) AS other_id
FROM (
    SELECT l.provider_id, l.line_id, l.kind, l.gross_minor, l.currency, l.sale_id, o.amount_minor, o.merchant_id
    FROM lines AS l
    JOIN outcomes_open AS o ON o.sale_id = l.sale_id
    WHERE l.kind = 'sale' AND l.status = 'settled' AND l.currency = o.currency
        AND l.gross_minor > 0 AND l.gross_minor <> o.amount_minor
) AS d
JOIN outcomes AS w
    ON w.provider_id = d.provider_id AND w.merchant_id = d.merchant_id AND w.currency = d.currency
    AND w.amount_minor = d.gross_minor AND w.cleared_at IS NULL AND w.amount_minor > 0
GROUP BY d.provider_id, d.line_id, d.kind, d.gross_minor, d.sale_id, d.amount_minor
