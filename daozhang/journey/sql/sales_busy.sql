-- Sales whose money is more than one plain settled line: refunds, chargebacks, holds, splits.
SELECT sale_id
FROM lines
WHERE sale_id IS NOT NULL
GROUP BY sale_id
HAVING count(*) > 1 OR max(CASE WHEN kind = 'sale' AND status = 'settled' THEN 0 ELSE 1 END) = 1
