-- Settlement lines of sales whose reference is missing, or names no sale that is known.
SELECT
    provider_id, line_id, ref, merchant_id, terminal_id, gross_minor, currency, cleared_at
FROM lines_lost
WHERE kind = 'sale' AND gross_minor > 0
