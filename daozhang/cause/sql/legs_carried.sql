-- The legs once more: what the line carried over a cut-off stopped before it was handed in.
SELECT l.sale_id, CASE WHEN c.sale_id IS NULL THEN l.leg ELSE 'submit' END AS leg
FROM legs_by_deadline AS l
LEFT JOIN carried AS c ON c.sale_id = l.sale_id
