-- What the settled lines of each chain sum to. Only settled lines carry money.
SELECT
    provider_id, chain_id, max(currency) AS currency, min(currency) AS least_currency,
    CAST(sum(net_minor) AS BIGINT) AS lines_minor, count(*) AS lines_count,
    max(cleared_at) AS cleared_at, max(merchant_id) AS merchant_id
FROM lines
WHERE status = 'settled' AND chain_id IS NOT NULL
GROUP BY provider_id, chain_id
