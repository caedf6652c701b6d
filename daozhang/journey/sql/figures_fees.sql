-- Fees charged against fees agreed, for sales that were settled.
SELECT
    provider_id, channel, currency, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(fee_minor) AS BIGINT) AS fee_minor,
    CAST(sum(fee_expected_minor) AS BIGINT) AS fee_expected_minor,
    CAST(sum(CASE WHEN fee_minor <> fee_expected_minor THEN 1 ELSE 0 END) AS BIGINT) AS sales_differing,
    min(CASE WHEN fee_minor <> fee_expected_minor THEN sale_id END) AS example
FROM outcomes
WHERE own_lines > 0 AND fee_minor IS NOT NULL AND fee_expected_minor IS NOT NULL
GROUP BY provider_id, channel, currency
ORDER BY currency, provider_id, channel
