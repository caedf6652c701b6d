-- What each account takes in on each business date under terms with a minimum payout, net of what
-- the till took back and of the agreed fee and tax.
SELECT
    p.provider_id, p.account_id, p.term_index, s.business_date,
    CAST(sum(
        greatest(p.amount_minor - p.taken_back_minor, 0) - p.line_fee_minor
        - (2 * p.line_fee_minor * p.tax_num + p.tax_den) // (2 * p.tax_den)
    ) AS BIGINT) AS net_minor
FROM priced AS p
JOIN spans AS s ON s.span_id = p.span_id
WHERE p.min_payout_minor > 0 AND p.account_id IS NOT NULL
GROUP BY p.provider_id, p.account_id, p.term_index, s.business_date
