-- Lines of one account and period that not every file has which states that period in full, and a
-- file that differs.
SELECT
    s.subject, s.from_at, s.to_at, r.credit_id,
    CASE WHEN min(r._file) = s.first_file THEN s.last_file ELSE s.first_file END AS other
FROM stated_twice AS s
JOIN raw_coverage AS c
    ON c.subject = s.subject AND c.from_at = s.from_at AND c.to_at = s.to_at
    AND c."table" = 'credits'
JOIN raw_credits AS r
    ON r.account_id = s.subject AND r._file = c._file
    AND r.booked_at >= s.from_at AND r.booked_at <= s.to_at
    AND coalesce(r.status, 'booked') = 'booked'
GROUP BY s.subject, s.from_at, s.to_at, s.files, s.first_file, s.last_file, r.credit_id
HAVING count(DISTINCT r._file) < s.files
