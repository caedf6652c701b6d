-- Every terminal's bank: that of the account which most of its money goes to.
SELECT q.terminal_id, min(q.bank_id) AS bank_id
FROM (
    SELECT
        o.terminal_id, coalesce(a.bank_id, '') AS bank_id,
        row_number() OVER (PARTITION BY o.terminal_id ORDER BY sum(o.amount_minor) DESC, coalesce(a.bank_id, '')) AS place
    FROM outcomes AS o
    LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
    GROUP BY o.terminal_id, coalesce(a.bank_id, '')
) AS q
WHERE q.place = 1
GROUP BY q.terminal_id
