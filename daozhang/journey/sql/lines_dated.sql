-- As `lines`, where a provider names no payout: the settled lines of an account that clear on one
-- local day are taken for one payout. A line of no sale (a fee, a refund whose reference is lost) is
-- with the one account that its merchant has with the provider.
SELECT
    l.provider_id, l.line_id, l.kind, l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor,
    l.net_minor, l.currency, l.cleared_at, l.status, l.reason, l.payout_id, l.merchant_id,
    l.sale_id,
    CASE
        WHEN l.chain_id IS NULL AND l.status = 'settled' AND coalesce(p.account_id, m.account_id) IS NOT NULL
            THEN concat('~', coalesce(p.account_id, m.account_id), '~', CAST(d.day AS VARCHAR))
        ELSE l.chain_id
    END AS chain_id
FROM lines AS l
LEFT JOIN parcels AS p ON p.sale_id = l.sale_id
LEFT JOIN (
    SELECT f.provider_id, f.merchant_id, max(a.account_id) AS account_id
    FROM (SELECT DISTINCT provider_id, merchant_id FROM lines WHERE sale_id IS NULL) AS f
    JOIN facts_accounts AS a
        ON a.merchant_id = coalesce(f.merchant_id, a.merchant_id)
        AND coalesce(a.provider_id, f.provider_id) = f.provider_id
    GROUP BY f.provider_id, f.merchant_id
    HAVING count(DISTINCT a.account_id) = 1
) AS m
    ON l.sale_id IS NULL AND m.provider_id = l.provider_id
    AND coalesce(m.merchant_id, '') = coalesce(l.merchant_id, '')
LEFT JOIN local_days AS d
    ON d.utc_day = CAST(l.cleared_at AS DATE)
    AND l.cleared_at >= d.starts_at AND l.cleared_at < d.ends_at
