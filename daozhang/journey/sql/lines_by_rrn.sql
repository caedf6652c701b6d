-- Every line that names no sale id, resolved by reference number within the provider; NULL where
-- no sale has the number. Where it stands for several sales: the same terminal first, then the
-- same merchant, then the latest sale not after the line (a day's grace for a till's clock). A sale
-- cleared for the first time half a year after it was made is taken for another year's; a clock
-- that says decades ago is just wrong.
SELECT
    l.provider_id, l.line_id, l.kind, l.ref, l.merchant_id, l.terminal_id,
    l.gross_minor, l.fee_minor, l.tax_minor, l.reserve_minor, l.net_minor, l.currency,
    l.cleared_at, l.payout_id, l.status, l.reason, s.sale_id, l.chain_id
FROM (SELECT * FROM lines_named WHERE sale_id IS NULL AND ref IS NOT NULL) AS l
LEFT JOIN referenced AS s
    ON s.provider_id = l.provider_id AND s.rrn = l.ref
    AND (
        l.kind <> 'sale'
        OR s.seen_at > l.cleared_at - INTERVAL 180 DAY
        OR s.seen_at < l.cleared_at - INTERVAL 1100 DAY
    )
ANTI JOIN rrns_repeated AS r ON r.provider_id = l.provider_id AND r.rrn = l.ref
UNION ALL
SELECT
    provider_id, line_id, kind, ref, merchant_id, terminal_id, gross_minor, fee_minor, tax_minor,
    reserve_minor, net_minor, currency, cleared_at, payout_id, status, reason, found_id AS sale_id,
    chain_id
FROM (
    SELECT
        l.*, s.sale_id AS found_id,
        row_number() OVER (
            PARTITION BY l.provider_id, l.line_id
            ORDER BY
                CASE WHEN s.terminal_id = l.terminal_id THEN 0 ELSE 1 END,
                CASE WHEN s.merchant_id = l.merchant_id THEN 0 ELSE 1 END,
                CASE WHEN s.seen_at <= l.cleared_at + INTERVAL 1 DAY THEN 0 ELSE 1 END,
                s.seen_at DESC, s.sale_id
        ) AS place
    FROM (SELECT * FROM lines_named WHERE sale_id IS NULL AND ref IS NOT NULL) AS l
    JOIN rrns_repeated AS r ON r.provider_id = l.provider_id AND r.rrn = l.ref
    LEFT JOIN referenced AS s
        ON s.provider_id = l.provider_id AND s.rrn = l.ref
        AND (
            l.kind <> 'sale'
            OR s.seen_at > l.cleared_at - INTERVAL 180 DAY
            OR s.seen_at < l.cleared_at - INTERVAL 1100 DAY
        )
) AS ranked
WHERE place = 1
