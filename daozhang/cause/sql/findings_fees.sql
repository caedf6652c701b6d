-- Providers that took another fee than the terms agree, by channel: how often, how much, since when.
SELECT
    provider_id, channel, currency, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(CASE WHEN fee_minor <> fee_expected_minor THEN 1 ELSE 0 END) AS BIGINT) AS differing,
    CAST(sum(fee_minor - fee_expected_minor) AS BIGINT) AS over_minor,
    CAST(sum(CASE WHEN fee_minor <> fee_expected_minor THEN amount_minor ELSE 0 END) AS BIGINT) AS amount_minor,
    CAST(sum(CASE WHEN fee_minor <> fee_expected_minor THEN fee_minor ELSE 0 END) AS BIGINT) AS fee_minor,
    min(CASE WHEN fee_minor <> fee_expected_minor THEN captured_at END) AS since,
    max(CASE WHEN fee_minor <> fee_expected_minor THEN captured_at END) AS until,
    min(CASE WHEN fee_minor <> fee_expected_minor THEN sale_id END) AS example
FROM outcomes
WHERE own_lines > 0 AND fee_minor IS NOT NULL AND fee_expected_minor IS NOT NULL
GROUP BY provider_id, channel, currency
HAVING sum(CASE WHEN fee_minor <> fee_expected_minor THEN 1 ELSE 0 END) > 0
