-- Chains by number: ten million sales are joined with it, and with no more of their chain, as what is
-- told of a chain is ten times as wide as what is told of a line.
SELECT
    provider_id, chain_id, whole,
    row_number() OVER (ORDER BY provider_id, chain_id) AS standing_no
FROM chain_standing
