-- What each account would take in of each channel on each business date, as the terms have it.
SELECT
    provider_id, chain_id, max(account_id) AS account_id, max(currency) AS currency,
    CAST(sum(net_minor) AS BIGINT) AS net_minor, max(due_date) AS due_date,
    max(business_date) AS business_date, max(window_no) AS window_no, max(channel) AS channel,
    max(least_minor) AS least_minor, max(spare) AS spare, count(*) AS lines_count
FROM supposed
GROUP BY provider_id, chain_id
HAVING count(DISTINCT currency) = 1
