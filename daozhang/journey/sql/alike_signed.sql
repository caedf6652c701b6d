-- Undecided lines, each with all the sales that it may be, as one text, and how many those are.
SELECT
    provider_id, line_id, string_agg(sale_id, ';' ORDER BY sale_id) AS sales, count(*) AS found
FROM alike_open
GROUP BY provider_id, line_id
