-- The merchants of mcc_differing, with how many lines kept the right category after the first that did
-- not.
SELECT
    q.provider_id, q.merchant_id, q.currency, q.since, q.until, q.mcc, q.agreed_mcc,
    q.lines, q.gross_minor, q.mccs, q.example, coalesce(w.right_since, 0) AS right_since
FROM mcc_differing AS q
LEFT JOIN (
    SELECT d.provider_id, d.merchant_id, d.currency, CAST(count(DISTINCT l.line_id) AS BIGINT) AS right_since
    FROM told_settlements AS l
    JOIN mcc_differing AS d ON d.provider_id = l.provider_id AND d.merchant_id = l.merchant_id
    JOIN facts_terminals AS t ON t.terminal_id = l.terminal_id
    WHERE l.mcc = t.mcc AND l.mcc IS NOT NULL AND l.cleared_at >= d.since
    GROUP BY d.provider_id, d.merchant_id, d.currency
) AS w ON w.provider_id = q.provider_id AND w.merchant_id = q.merchant_id AND w.currency = q.currency
