-- What the till itself says of each sale that was acted on, in minor units: added to it, taken
-- back from it. A void or reversal takes back everything, whatever amount it carries.
SELECT
    a.sale_id,
    CAST(sum(CASE WHEN a.kind = 'adjustment' THEN a.amount_minor ELSE 0 END) AS BIGINT)
        AS adjusted_minor,
    CAST(sum(CASE WHEN a.kind <> 'adjustment' THEN a.amount_minor ELSE 0 END) AS BIGINT)
        AS taken_back_minor,
    max(CASE WHEN a.kind IN ('void', 'reversal') THEN 1 ELSE 0 END) AS voided,
    max(CASE WHEN a.kind <> 'adjustment' THEN a.seen_at END) AS taken_back_at
FROM acts AS a
WHERE a.sale_id IS NOT NULL
GROUP BY a.sale_id
