-- Identity: the lines of a payout sum to it. What a payout brings beyond its lines, because the
-- provider's file does not itemise it, is a term of its own.
SELECT
    c.currency,
    CAST(count(*) AS BIGINT) AS payouts,
    CAST(sum(c.net_minor) AS BIGINT) AS net_minor,
    CAST(sum(coalesce(c.lines_minor, 0)) AS BIGINT) AS lines_minor,
    CAST(sum(c.net_minor - coalesce(c.lines_minor, 0)) AS BIGINT) AS not_itemised_minor,
    CAST(sum(CASE WHEN c.net_minor <> coalesce(c.lines_minor, 0) THEN 1 ELSE 0 END) AS BIGINT)
        AS payouts_not_itemised
FROM chains AS c
GROUP BY c.currency
