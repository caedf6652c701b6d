-- How each sale was paid, where the sales themselves tell it in a column of their own.
SELECT s.sale_id, s.method
FROM facts_sales AS s
WHERE s.method IS NOT NULL AND s.method <> ''
