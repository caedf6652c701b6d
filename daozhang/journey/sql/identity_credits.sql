-- Identity: booked credits = explained + not ours + unexplained.
SELECT
    currency, CAST(count(*) AS BIGINT) AS credits,
    CAST(sum(amount_minor) AS BIGINT) AS listed_minor,
    CAST(sum(CASE WHEN standing = 'explained' THEN explained_minor ELSE 0 END) AS BIGINT)
        AS explained_minor,
    CAST(sum(CASE WHEN standing = 'not_ours' THEN amount_minor ELSE 0 END) AS BIGINT)
        AS not_ours_minor,
    CAST(sum(CASE
        WHEN standing = 'unexplained' THEN amount_minor
        WHEN standing = 'explained' THEN amount_minor - explained_minor
        ELSE 0
    END) AS BIGINT) AS unexplained_minor
FROM credit_standing
GROUP BY currency
