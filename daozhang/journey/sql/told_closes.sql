-- When terminals closed their batches: what the batches say, and, of terminals that report none, the
-- messages that the host agreed to.
SELECT terminal_id, batch_no, closed_at, coalesce(submitted_at, closed_at) AS handed_at
FROM facts_batches
WHERE outcome IN ('balanced', 'unbalanced')
UNION ALL
SELECT a.terminal_id, CAST(NULL AS VARCHAR) AS batch_no, coalesce(a.host_at, a.at) AS closed_at, coalesce(a.host_at, a.at) AS handed_at
FROM facts_attempts AS a
ANTI JOIN (SELECT DISTINCT terminal_id FROM facts_batches) AS b ON b.terminal_id = a.terminal_id
WHERE a.kind = 'batch_close' AND a.outcome = 'approved'
