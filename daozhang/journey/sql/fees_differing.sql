-- Providers that took another fee than the terms agree, by channel: how often, how much, since when.
SELECT
    provider_id, channel, currency, CAST(count(*) AS BIGINT) AS differing,
    CAST(sum(fee_minor - fee_expected_minor) AS BIGINT) AS over_minor,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor, CAST(sum(fee_minor) AS BIGINT) AS fee_minor,
    min(captured_at) AS since, max(captured_at) AS until, min(sale_id) AS example
FROM outcomes
WHERE own_lines > 0 AND fee_minor <> fee_expected_minor
GROUP BY provider_id, channel, currency
