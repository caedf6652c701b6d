-- How many of each provider's sales reached the host at once, and how many were stored offline.
SELECT
    provider_id, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(CASE WHEN host_at IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS stored
FROM told_hosts
GROUP BY provider_id
