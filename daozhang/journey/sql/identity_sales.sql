-- Identity: every sale's amount = credited + outstanding + fee + tax + refunded + charged back +
-- reserve, summed by currency. Fee, tax, reserve, refunds and chargebacks come from the settlement
-- lines, amounts from the sales, so that a row lost or doubled on the way shows.
SELECT
    currency, CAST(count(*) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(coalesce(fee_minor, 0)) AS BIGINT) AS fee_minor,
    CAST(sum(tax_minor) AS BIGINT) AS tax_minor,
    CAST(sum(refunded_minor) AS BIGINT) AS refunded_minor,
    CAST(sum(charged_back_minor) AS BIGINT) AS charged_back_minor,
    CAST(sum(reserve_minor) AS BIGINT) AS reserve_minor
FROM outcomes
GROUP BY currency
