-- What the statements booked, from the statements themselves.
SELECT
    currency, CAST(count(*) AS BIGINT) AS credits, CAST(sum(amount_minor) AS BIGINT) AS booked_minor
FROM facts_credits
WHERE status = 'booked'
GROUP BY currency
