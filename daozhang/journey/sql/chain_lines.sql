-- What the settled lines of each chain sum to. Only settled lines carry money. Lines of closed sales
-- are there as their sums.
SELECT
    provider_id, chain_id, max(currency) AS currency, min(least_currency) AS least_currency,
    CAST(sum(lines_minor) AS BIGINT) AS lines_minor, CAST(sum(lines_count) AS BIGINT) AS lines_count,
    max(cleared_at) AS cleared_at, max(merchant_id) AS merchant_id
FROM (
    SELECT
        provider_id, chain_id, currency, currency AS least_currency, net_minor AS lines_minor,
        1 AS lines_count, cleared_at, merchant_id
    FROM lines
    WHERE status = 'settled' AND chain_id IS NOT NULL
    UNION ALL
    SELECT
        provider_id, chain_id, currency, least_currency, lines_minor, lines_count, cleared_at,
        merchant_id
    FROM closed_chains
) AS parts
GROUP BY provider_id, chain_id
