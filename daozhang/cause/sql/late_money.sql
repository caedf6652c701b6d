-- The late and overdue sales with their `unit`: what shared one fate, handed in together by a
-- terminal, cleared on one day (each line has its own moment), paid out or credited together. Fates
-- are few beside sales: they are numbered by themselves.
SELECT m.*, k.unit
FROM late_rows AS m
JOIN (
    SELECT
        d.*,
        row_number() OVER (
            ORDER BY d.leg, d.currency, d.provider_id, d.account_key, d.terminal_key, d.cutoff_key,
                d.end_key, d.together, d.stuck_key, d.reason_key
        ) AS unit
    FROM (
        SELECT DISTINCT
            leg, currency, provider_id, account_key, terminal_key, cutoff_key, together,
            CASE WHEN leg = 'clear' THEN date_trunc('day', ended_at) ELSE ended_at END AS end_key,
            stuck_key, reason_key
        FROM late_rows
    ) AS d
) AS k
    ON k.leg = m.leg AND k.currency = m.currency AND k.provider_id = m.provider_id
    AND k.account_key = m.account_key AND k.terminal_key = m.terminal_key
    AND k.cutoff_key = m.cutoff_key AND k.together = m.together
    AND k.end_key = CASE WHEN m.leg = 'clear' THEN date_trunc('day', m.ended_at) ELSE m.ended_at END
    AND k.stuck_key = m.stuck_key AND k.reason_key = m.reason_key
