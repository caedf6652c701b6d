-- Reference numbers that stand for more than one sale of a provider: they come back over the years.
SELECT provider_id, rrn
FROM referenced
GROUP BY provider_id, rrn
HAVING count(*) > 1
