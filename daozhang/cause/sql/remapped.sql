-- Merchants whose lines carry another category than their terminals were given.
SELECT l.provider_id, l.merchant_id, min(l.cleared_at) AS since, CAST(count(*) AS BIGINT) AS lines
FROM told_settlements AS l
JOIN facts_terminals AS t ON t.terminal_id = l.terminal_id
WHERE l.mcc IS NOT NULL AND t.mcc IS NOT NULL AND l.mcc <> t.mcc AND l.merchant_id IS NOT NULL
GROUP BY l.provider_id, l.merchant_id
