-- Settlement lines without a reference, or whose reference no sale has.
SELECT * FROM lines_named WHERE sale_id IS NULL AND ref IS NULL
UNION ALL
SELECT * FROM lines_by_rrn WHERE sale_id IS NULL
