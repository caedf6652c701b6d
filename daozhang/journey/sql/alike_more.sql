-- Lines that found their sale so far, each with how many others it might have been at first.
SELECT provider_id, line_id, sale_id, rivals
FROM alike
UNION ALL
SELECT s.provider_id, s.line_id, s.sale_id, n.pairs - 1 AS rivals
FROM alike_sole AS s
JOIN (
    SELECT provider_id, line_id, count(*) AS pairs
    FROM alike_pairs
    GROUP BY provider_id, line_id
) AS n ON n.provider_id = s.provider_id AND n.line_id = s.line_id
