-- Of which providers it is known when a sale was submitted.
SELECT provider_id, CAST(count(*) AS BIGINT) AS sales
FROM outcomes
WHERE submitted_at IS NOT NULL
GROUP BY provider_id
