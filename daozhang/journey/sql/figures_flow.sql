-- How far the money of all sales has come: the last station that each is known to have reached.
SELECT
    currency,
    CASE
        WHEN status IN ('cancelled', 'failed') THEN 'cancelled'
        WHEN status IN ('on_time', 'late') THEN 'credited'
        WHEN paid_out_at IS NOT NULL THEN 'paid_out'
        WHEN first_cleared_at IS NOT NULL THEN 'cleared'
        WHEN submitted_at IS NOT NULL THEN 'submitted'
        ELSE 'captured'
    END AS station,
    status, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(coalesce(fee_minor, 0) + tax_minor + reserve_minor) AS BIGINT) AS kept_minor,
    CAST(sum(refunded_minor + charged_back_minor) AS BIGINT) AS returned_minor
FROM outcomes
GROUP BY
    currency, status,
    CASE
        WHEN status IN ('cancelled', 'failed') THEN 'cancelled'
        WHEN status IN ('on_time', 'late') THEN 'credited'
        WHEN paid_out_at IS NOT NULL THEN 'paid_out'
        WHEN first_cleared_at IS NOT NULL THEN 'cleared'
        WHEN submitted_at IS NOT NULL THEN 'submitted'
        ELSE 'captured'
    END
ORDER BY currency, status, station
