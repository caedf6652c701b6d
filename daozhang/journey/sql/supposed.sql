-- Lines as the terms would have them, for sales of which no settlement line is known (`unheard`): what
-- an account takes in of one channel on one business date is looked for at the bank. A refund is
-- taken off the business date on which it was made; where refunds give the fee back, the last of
-- them does, so that what is kept is the fee on what is left of the sale.
SELECT
    q.provider_id, concat('~', q.line_name) AS line_id, q.kind,
    q.gross_minor, q.fee_minor, q.tax_minor, CAST(0 AS BIGINT) AS reserve_minor,
    q.gross_minor - q.fee_minor - q.tax_minor AS net_minor, q.currency,
    CAST(NULL AS TIMESTAMPTZ) AS cleared_at, 'settled' AS status, CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS VARCHAR) AS payout_id, q.merchant_id, q.sale_id,
    concat(
        '~sales~', q.account_id, '~', CAST(q.business_date AS VARCHAR), '~', q.channel,
        CASE WHEN q.window_no >= 0 THEN concat('~', CAST(q.window_no + 1 AS VARCHAR)) ELSE '' END
    ) AS chain_id,
    q.account_id, q.channel, q.business_date, q.window_no, q.due_date, q.least_minor, q.spare
FROM (
    SELECT
        p.provider_id, p.sale_id, p.sale_id AS line_name, 'sale' AS kind,
        p.amount_minor AS gross_minor, p.fee_minor, p.currency, p.merchant_id, p.account_id,
        p.channel, p.business_date, p.window_no, p.due_date,
        (2 * p.fee_minor * p.tax_num + p.tax_den) // (2 * p.tax_den) AS tax_minor,
        p.min_payout_minor AS least_minor, p.spare
    FROM supposed_fees AS p
    WHERE p.own = 1
    UNION ALL
    SELECT
        r.provider_id, r.sale_id, r.act_id AS line_name, 'refund' AS kind,
        -r.amount_minor AS gross_minor, -r.fee_minor AS fee_minor, r.currency, r.merchant_id,
        r.account_id, r.channel, coalesce(d.business_date, r.business_date) AS business_date,
        CASE WHEN d.span_id IS NULL THEN r.window_no ELSE d.window_no END AS window_no,
        CASE WHEN d.span_id IS NULL THEN r.due_date ELSE d.due_date END AS due_date,
        -r.tax_minor AS tax_minor, r.min_payout_minor AS least_minor, r.spare
    FROM supposed_refunds AS r
    LEFT JOIN spans AS d ON d.span_id = r.span_id
) AS q
