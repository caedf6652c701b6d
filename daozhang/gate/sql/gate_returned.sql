-- Every business day of a terminal whose money came back or was refused for a reason that a release
-- touches (`gate_touched`), and from when that could be known, in quarters of an hour.
SELECT
    o.terminal_id, o.provider_id, coalesce(o.account_id, '') AS account_id,
    date_diff('day', CAST('1970-01-01' AS DATE), o.business_date) AS day,
    (epoch_us(min(r.known)) + 899999999) // 900000000 * 900 AS seen_s
FROM (
    SELECT l.sale_id, greatest(p.paid_out_at, coalesce(p.known_at, p.paid_out_at)) AS known
    FROM raw_payouts AS p
    JOIN gate_touched AS t ON t.reason = p.reason
    LEFT JOIN resent AS c ON c.provider_id = p.provider_id AND c.payout_id = p.payout_id
    JOIN lines AS l ON l.provider_id = p.provider_id AND l.chain_id = coalesce(c.chain_id, p.payout_id)
    WHERE p.status = 'returned' AND l.sale_id IS NOT NULL
    UNION ALL
    SELECT l.sale_id, greatest(s.cleared_at, coalesce(s.known_at, s.cleared_at)) AS known
    FROM raw_settlements AS s
    JOIN gate_touched AS t ON t.reason = s.reason
    JOIN lines AS l ON l.provider_id = s.provider_id AND l.line_id = s.line_id
    WHERE s.status = 'rejected' AND l.sale_id IS NOT NULL
) AS r
JOIN outcomes AS o ON o.sale_id = r.sale_id
WHERE o.status NOT IN ('cancelled', 'failed') AND o.business_date IS NOT NULL AND o.cutoff_at IS NOT NULL
GROUP BY o.terminal_id, o.provider_id, coalesce(o.account_id, ''), date_diff('day', CAST('1970-01-01' AS DATE), o.business_date)
