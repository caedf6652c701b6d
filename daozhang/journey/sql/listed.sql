-- (view) The sales that are late, overdue or not to be told, one by one, with where their money is
-- and the bank of their account.
SELECT
    j.*, s.station, a.bank_id, g.due_again,
    CASE
        WHEN j.reason = 'missing' AND s.station IN ('submitted', 'cleared') AND g.due_again IS NOT NULL
            THEN 'next_payout'
        ELSE j.reason
    END AS place_reason
FROM journeys_late AS j
JOIN stations_late AS s ON s.sale_id = j.sale_id
LEFT JOIN due_again AS g ON g.sale_id = j.sale_id
LEFT JOIN facts_accounts AS a ON a.account_id = j.account_id
WHERE j.status IN ('late', 'overdue', 'unknown')
