-- How far the money of all sales has come: the last station that each is known to have reached.
SELECT
    currency, station, status, CAST(count(*) AS BIGINT) AS sales,
    CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(coalesce(fee_minor, 0) + tax_minor + reserve_minor) AS BIGINT) AS kept_minor,
    CAST(sum(refunded_minor + charged_back_minor) AS BIGINT) AS returned_minor
FROM stations
GROUP BY currency, status, station
ORDER BY currency, status, station
