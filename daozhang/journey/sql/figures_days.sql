-- Promises and what became of them, by the day on which the money was due; of it, what depends on
-- a year whose calendar is not verified.
SELECT
    due_date, status, currency, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(CASE WHEN provisional THEN amount_minor ELSE 0 END) AS BIGINT) AS provisional_minor
FROM outcomes
WHERE due_date IS NOT NULL AND status NOT IN ('cancelled', 'failed')
GROUP BY due_date, status, currency
ORDER BY currency, due_date, status
