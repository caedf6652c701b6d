-- Late and overdue sales that the till made towards an earlier cut-off than the one that closed their
-- business date, which was read from another clock: of the host, or of the hand-in.
SELECT
    o.sale_id, o.provider_id, coalesce(o.account_id, '') AS account_id, o.terminal_id, o.term_index,
    o.captured_at, s.host_at, o.submitted_at, o.cutoff_at, o.promised_at
FROM outcomes_late AS o
JOIN legs AS l ON l.sale_id = o.sale_id
JOIN told_late AS s ON s.sale_id = o.sale_id
WHERE o.status IN ('late', 'overdue') AND l.leg <> 'submit' AND o.terminal_id IS NOT NULL
    AND o.term_index IS NOT NULL AND o.promised_at IS NOT NULL
    AND o.captured_at < o.cutoff_at - INTERVAL 23 HOUR
