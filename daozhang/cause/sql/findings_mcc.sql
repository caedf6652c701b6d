-- Merchants some of whose lines carry another category than their terminals were given: how many,
-- since when, and how many lines kept the right one after the first that did not.
SELECT
    q.provider_id, q.merchant_id, q.currency, q.since, q.until, q.mcc, q.agreed_mcc,
    q.lines, q.gross_minor, q.mccs, q.example,
    CAST(count(DISTINCT CASE WHEN r.mcc = r.agreed_mcc AND r.cleared_at >= q.since THEN r.line_id END) AS BIGINT) AS right_since
FROM (
    SELECT
        l.provider_id, l.merchant_id, l.currency, min(l.cleared_at) AS since, max(l.cleared_at) AS until,
        max(l.mcc) AS mcc, max(t.mcc) AS agreed_mcc,
        CAST(count(DISTINCT l.mcc) AS BIGINT) AS mccs, CAST(count(DISTINCT l.line_id) AS BIGINT) AS lines,
        CAST(sum(l.gross_minor) AS BIGINT) AS gross_minor, min(l.line_id) AS example
    FROM told_settlements AS l
    JOIN facts_terminals AS t ON t.terminal_id = l.terminal_id
    WHERE l.mcc <> t.mcc AND l.merchant_id IS NOT NULL AND coalesce(l.kind, 'sale') = 'sale'
    GROUP BY l.provider_id, l.merchant_id, l.currency
) AS q
LEFT JOIN (
    SELECT l.provider_id, l.merchant_id, l.line_id, l.cleared_at, l.mcc, t.mcc AS agreed_mcc
    FROM told_settlements AS l
    JOIN facts_terminals AS t ON t.terminal_id = l.terminal_id
) AS r ON r.provider_id = q.provider_id AND r.merchant_id = q.merchant_id
GROUP BY
    q.provider_id, q.merchant_id, q.currency, q.since, q.until, q.mcc, q.agreed_mcc, q.lines,
    q.gross_minor, q.mccs, q.example
