-- Settlement lines of sales whose reference is missing, or names no sale that is known.
SELECT
    provider_id, line_id, ref, merchant_id, terminal_id, gross_minor, currency, cleared_at
FROM (
    SELECT * FROM lines_named WHERE sale_id IS NULL AND ref IS NULL
    UNION ALL
    SELECT * FROM lines_by_rrn WHERE sale_id IS NULL
) AS l
WHERE l.kind = 'sale' AND l.gross_minor > 0
