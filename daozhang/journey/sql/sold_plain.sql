-- Sales rows of every kind; the cut-off clock `seen_at` is the provider's clock where it is given.
SELECT
    s.sale_id, s.kind, s.original_sale_id, s.merchant_id, s.store_id, s.terminal_id, s.provider_id,
    s.channel, s.card_type, s.amount_minor, s.currency, s.captured_at, s.rrn, s.mcc,
    CASE WHEN s.host_at <= r.as_of THEN s.host_at ELSE s.captured_at END AS seen_at,
    CASE WHEN s.submitted_at <= r.as_of THEN s.submitted_at END AS submitted_at
FROM facts_sales AS s
CROSS JOIN run AS r
