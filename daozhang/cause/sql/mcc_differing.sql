-- Merchants some of whose lines carry another category than their terminals were given: how many, and
-- since when.
SELECT
    l.provider_id, l.merchant_id, l.currency, min(l.cleared_at) AS since, max(l.cleared_at) AS until,
    max(l.mcc) AS mcc, max(t.mcc) AS agreed_mcc,
    CAST(count(DISTINCT l.mcc) AS BIGINT) AS mccs, CAST(count(DISTINCT l.line_id) AS BIGINT) AS lines,
    CAST(sum(l.gross_minor) AS BIGINT) AS gross_minor, min(l.line_id) AS example
FROM told_settlements AS l
JOIN facts_terminals AS t ON t.terminal_id = l.terminal_id
WHERE l.mcc <> t.mcc AND l.mcc IS NOT NULL AND l.merchant_id IS NOT NULL AND coalesce(l.kind, 'sale') = 'sale'
GROUP BY l.provider_id, l.merchant_id, l.currency
