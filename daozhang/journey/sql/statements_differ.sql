-- How many lines each file has that another statement of the same days has not. Where one of a
-- period's lines has been withdrawn, the owner has settled which statement is right.
SELECT k._file AS file, a.other, count(DISTINCT k.credit_id) AS lines
FROM lines_apart AS a
JOIN (
    SELECT p.subject, p.from_at, p.to_at
    FROM lines_apart AS p
    LEFT JOIN facts_credits AS f ON f.account_id = p.subject AND f.credit_id = p.credit_id
    GROUP BY p.subject, p.from_at, p.to_at
    HAVING count(*) = count(f.credit_id)
) AS u ON u.subject = a.subject AND u.from_at = a.from_at AND u.to_at = a.to_at
JOIN raw_credits AS k ON k.account_id = a.subject AND k.credit_id = a.credit_id
GROUP BY k._file, a.other
