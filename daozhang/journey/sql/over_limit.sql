-- Sales that came when the account's same-day windows were used up for that business date: they
-- fall back to the plain promise. The sale that passes the limit falls back whole.
SELECT sale_id
FROM (
    SELECT
        p.sale_id, p.daily_limit_minor,
        sum(p.amount_minor) OVER (
            PARTITION BY p.provider_id, p.account_id, s.business_date
            ORDER BY p.seen_at, p.sale_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS used_minor
    FROM priced AS p
    JOIN spans AS s ON s.span_id = p.span_id
    WHERE p.daily_limit_minor IS NOT NULL AND s.window_no >= 0
) AS running
WHERE used_minor > daily_limit_minor
