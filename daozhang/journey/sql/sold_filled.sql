-- As sold_plain, where some sales lack their store and the terminal knows it.
SELECT
    s.sale_id, s.kind, s.original_sale_id, s.merchant_id,
    coalesce(s.store_id, t.store_id) AS store_id, s.terminal_id, s.provider_id,
    s.channel, s.card_type, s.amount_minor, s.currency, s.captured_at, s.rrn, s.mcc,
    CASE WHEN s.host_at <= r.as_of THEN s.host_at ELSE s.captured_at END AS seen_at,
    CASE WHEN s.submitted_at <= r.as_of THEN s.submitted_at END AS submitted_at
FROM facts_sales AS s
LEFT JOIN facts_terminals AS t ON t.terminal_id = s.terminal_id
CROSS JOIN run AS r
