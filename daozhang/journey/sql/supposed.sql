-- Lines as the terms would have them, for providers of whom no settlement line is known: what an
-- account takes in on one business date is looked for as one payout or one credit.
SELECT
    q.provider_id, concat('~', q.sale_id) AS line_id, q.kind,
    q.gross_minor, q.fee_minor, q.tax_minor, CAST(0 AS BIGINT) AS reserve_minor,
    q.gross_minor - q.fee_minor - q.tax_minor AS net_minor, q.currency,
    CAST(NULL AS TIMESTAMPTZ) AS cleared_at, 'settled' AS status, CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS VARCHAR) AS payout_id, q.merchant_id, q.sale_id,
    concat('~sales~', q.account_id, '~', CAST(q.business_date AS VARCHAR)) AS chain_id,
    q.account_id, q.due_date
FROM (
    SELECT
        p.provider_id, p.sale_id, 'sale' AS kind, p.amount_minor AS gross_minor,
        p.line_fee_minor AS fee_minor,
        (2 * p.line_fee_minor * p.tax_num + p.tax_den) // (2 * p.tax_den) AS tax_minor,
        p.currency, p.merchant_id, p.account_id, s.business_date, s.due_date
    FROM priced AS p
    JOIN spans AS s ON s.span_id = p.span_id
    WHERE p.account_id IS NOT NULL AND p.voided = 0
    UNION ALL
    SELECT
        p.provider_id, p.sale_id, 'refund' AS kind, -p.taken_back_minor AS gross_minor,
        CAST(0 AS BIGINT) AS fee_minor, CAST(0 AS BIGINT) AS tax_minor,
        p.currency, p.merchant_id, p.account_id, s.business_date, s.due_date
    FROM priced AS p
    JOIN spans AS s ON s.span_id = p.span_id
    WHERE p.account_id IS NOT NULL AND p.voided = 0 AND p.taken_back_minor > 0
) AS q
ANTI JOIN (SELECT DISTINCT provider_id FROM facts_settlements) AS heard ON heard.provider_id = q.provider_id
