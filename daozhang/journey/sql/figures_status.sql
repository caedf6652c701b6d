-- Money by status: sales, their amount, and what of it is still outstanding.
SELECT
    status, currency, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor
FROM outcomes
GROUP BY status, currency
ORDER BY currency, status
