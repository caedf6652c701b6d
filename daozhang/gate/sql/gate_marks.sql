-- How far each source had told its story by when: provider's lines and payouts, accounts' covered
-- statements, banks' credits. `until_s` is the newest moment told of, in seconds since 1970.
SELECT 'clear' AS source, provider_id AS subject, (epoch_us(greatest(known_at, cleared_at)) + 899999999) // 900000000 * 900 AS known_s, max(epoch_us(cleared_at)) // 1000000 AS until_s
FROM facts_settlements
GROUP BY provider_id, (epoch_us(greatest(known_at, cleared_at)) + 899999999) // 900000000 * 900
UNION ALL
SELECT 'pay_out' AS source, provider_id AS subject, (epoch_us(greatest(known_at, paid_out_at)) + 899999999) // 900000000 * 900 AS known_s, max(epoch_us(paid_out_at)) // 1000000 AS until_s
FROM facts_payouts
GROUP BY provider_id, (epoch_us(greatest(known_at, paid_out_at)) + 899999999) // 900000000 * 900
UNION ALL
SELECT 'covered' AS source, subject, (epoch_us(greatest(known_at, to_at)) + 899999999) // 900000000 * 900 AS known_s, max(epoch_us(to_at)) // 1000000 AS until_s
FROM facts_coverage
WHERE "table" = 'credits'
GROUP BY subject, (epoch_us(greatest(known_at, to_at)) + 899999999) // 900000000 * 900
UNION ALL
SELECT 'bank' AS source, coalesce(a.bank_id, c.bank_id, '') AS subject, (epoch_us(greatest(c.known_at, c.booked_at)) + 899999999) // 900000000 * 900 AS known_s, max(epoch_us(c.booked_at)) // 1000000 AS until_s
FROM facts_credits AS c
LEFT JOIN facts_accounts AS a ON a.account_id = c.account_id
GROUP BY coalesce(a.bank_id, c.bank_id, ''), (epoch_us(greatest(c.known_at, c.booked_at)) + 899999999) // 900000000 * 900
