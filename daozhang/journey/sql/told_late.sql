-- What the till says of late sales in a run over closed books: the newest version of each row.
SELECT q.sale_id, q.host_at, q.batch_no, q.rrn, q.mcc
FROM (
    SELECT
        s.sale_id, s.host_at, s.batch_no, s.rrn, s.mcc,
        row_number() OVER (PARTITION BY s.sale_id ORDER BY coalesce(s.known_at, s.captured_at) DESC, coalesce(s.batch_no, '') DESC, coalesce(s.rrn, '') DESC, s.host_at DESC) AS place
    FROM all_sales AS s
    SEMI JOIN outcomes_late AS o ON o.sale_id = s.sale_id
) AS q
WHERE q.place = 1
