-- As `lines`, where a provider names no payout: the settled lines of an account that clear on one
-- local day are taken for one payout.
SELECT
    l.provider_id, l.line_id, l.kind, l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor,
    l.net_minor, l.currency, l.cleared_at, l.status, l.reason, l.payout_id, l.merchant_id,
    l.sale_id,
    CASE
        WHEN l.chain_id IS NULL AND l.status = 'settled' AND p.account_id IS NOT NULL
            THEN concat('~', p.account_id, '~', CAST(d.day AS VARCHAR))
        ELSE l.chain_id
    END AS chain_id
FROM lines AS l
LEFT JOIN parcels AS p ON p.sale_id = l.sale_id
LEFT JOIN local_days AS d
    ON d.utc_day = CAST(l.cleared_at AS DATE)
    AND l.cleared_at >= d.starts_at AND l.cleared_at < d.ends_at
