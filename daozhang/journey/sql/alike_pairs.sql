-- Which sale, of those that no line names, such a line may be: of the same provider, amount and
-- terminal (of the merchant, where the line names no terminal; of the provider, where it names
-- neither), made in the ten days before it cleared. A reference that is there must be nearly the
-- sale's: at most two letters differ, or one is the end of the other.
SELECT q.provider_id, q.line_id, q.sale_id
FROM (
    SELECT l.provider_id, l.line_id, l.ref, s.sale_id, s.rrn
    FROM alike_lines AS l
    JOIN alike_sales AS s
        ON s.provider_id = l.provider_id AND s.currency = l.currency
        AND s.amount_minor = l.gross_minor AND s.terminal_id = l.terminal_id
        AND s.seen_at <= l.cleared_at + INTERVAL 1 HOUR
        AND s.seen_at > l.cleared_at - INTERVAL 10 DAY
    UNION ALL
    SELECT l.provider_id, l.line_id, l.ref, s.sale_id, s.rrn
    FROM (SELECT * FROM alike_lines WHERE terminal_id IS NULL) AS l
    JOIN alike_sales AS s
        ON s.provider_id = l.provider_id AND s.currency = l.currency
        AND s.amount_minor = l.gross_minor
        AND coalesce(l.merchant_id, s.merchant_id) = s.merchant_id
        AND s.seen_at <= l.cleared_at + INTERVAL 1 HOUR
        AND s.seen_at > l.cleared_at - INTERVAL 10 DAY
) AS q
WHERE q.ref IS NULL
    OR (length(q.ref) >= 6 AND (
        levenshtein(upper(q.ref), upper(coalesce(q.rrn, ''))) <= 2
        OR levenshtein(upper(q.ref), upper(q.sale_id)) <= 2
        OR (length(coalesce(q.rrn, '')) >= 6 AND (
            right(q.rrn, length(q.ref)) = q.ref OR right(q.ref, length(q.rrn)) = q.rrn
        ))
    ))
