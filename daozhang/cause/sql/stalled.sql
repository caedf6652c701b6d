-- Units that were handed in late, with the stretches of time in which their causes are looked for:
-- messages and batches from half a day before the cut-off until the hand-in, at most two days on.
SELECT
    unit, terminal_id, provider_id, merchant_id, store_id, together AS batch_no, cutoff_at,
    from_at, to_at, ended_at, handed_in, inferred,
    CASE WHEN from_at < cutoff_at - INTERVAL 12 HOUR THEN from_at ELSE cutoff_at - INTERVAL 12 HOUR END AS look_from,
    CASE WHEN ended_at > cutoff_at + INTERVAL 48 HOUR THEN cutoff_at + INTERVAL 48 HOUR ELSE ended_at + INTERVAL 1 MINUTE END AS look_to
FROM units
WHERE leg = 'submit'
