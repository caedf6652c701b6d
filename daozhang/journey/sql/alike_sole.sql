-- Lines that may be one sale only, which no other such line may be only: they are that sale's.
SELECT provider_id, max(line_id) AS line_id, sale_id
FROM (
    SELECT provider_id, line_id, max(sale_id) AS sale_id
    FROM alike_open
    GROUP BY provider_id, line_id
    HAVING count(*) = 1
) AS sole
GROUP BY provider_id, sale_id
HAVING count(*) = 1
