-- Batches with what became of their numbers: whether a number was used before by the terminal, or
-- fell below the one before it.
SELECT
    terminal_id, batch_no, opened_at, closed_at, submitted_at, outcome, sales_count, sales_minor,
    host_count, host_minor,
    CASE WHEN batch_no <= lag(batch_no) OVER (PARTITION BY terminal_id ORDER BY closed_at, batch_no) THEN 1 ELSE 0 END AS fell,
    CASE WHEN row_number() OVER (PARTITION BY terminal_id, batch_no ORDER BY closed_at) > 1 THEN 1 ELSE 0 END AS repeated
FROM facts_batches
