-- Every terminal's wave as it was drawn (`release/wave`), and from when that could be known.
SELECT a.scope_id AS terminal_id, a.after AS wave, epoch_us(greatest(a.at, a.known_at)) // 1000000 AS known_s
FROM facts_actions AS a
WHERE a.what = 'upgrade_wave' AND a.scope = 'terminal' AND a.after IS NOT NULL
