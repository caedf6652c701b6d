-- Settlement lines with the sale that each names by its id (or by the id of its refund or void), and
-- the chain of payouts that carries its money: a payout and those sent in its place are one chain.
SELECT
    l.provider_id, l.line_id, l.kind, l.ref, l.merchant_id, l.terminal_id,
    l.gross_minor, l.fee_minor, coalesce(l.tax_minor, 0) AS tax_minor,
    coalesce(l.reserve_minor, 0) AS reserve_minor, l.net_minor, l.currency, l.cleared_at,
    l.payout_id, l.status, l.reason,
    coalesce(p.sale_id, a.sale_id) AS sale_id, coalesce(c.chain_id, l.payout_id) AS chain_id
FROM facts_settlements AS l
LEFT JOIN parcels AS p ON p.provider_id = l.provider_id AND p.sale_id = l.ref
LEFT JOIN (SELECT act_id, provider_id, sale_id FROM acts WHERE sale_id IS NOT NULL) AS a
    ON a.provider_id = l.provider_id AND a.act_id = l.ref
LEFT JOIN resent AS c ON c.provider_id = l.provider_id AND c.payout_id = l.payout_id
