-- Adjustments, refunds, voids and reversals with the sale that each acts on, by the id it names.
-- A refund of a pre-authorisation acts on its completion. An act that a void or reversal undoes
-- never happened.
SELECT
    a.sale_id AS act_id, a.kind, a.provider_id, a.terminal_id, a.merchant_id,
    a.rrn, a.amount_minor, a.currency, a.captured_at, a.seen_at,
    coalesce(p.sale_id, c.sale_id) AS sale_id
FROM (
    SELECT *
    FROM sold
    WHERE kind IN ('adjustment', 'refund', 'void', 'reversal')
) AS a
ANTI JOIN (
    SELECT u.original_sale_id
    FROM sold AS u
    WHERE u.kind IN ('void', 'reversal') AND u.original_sale_id IS NOT NULL
) AS undone ON undone.original_sale_id = a.sale_id
LEFT JOIN parcels AS p ON p.sale_id = a.original_sale_id
LEFT JOIN (
    SELECT original_sale_id, max(sale_id) AS sale_id
    FROM sold
    WHERE kind = 'completion' AND original_sale_id IS NOT NULL
    GROUP BY original_sale_id
) AS c ON c.original_sale_id = a.original_sale_id
