-- One row a sale or completion: the parcels whose money is tracked, each with the account its
-- money should reach and the span that holds its promise. Spans of better rank win.
SELECT
    s.sale_id, s.merchant_id, s.store_id, s.terminal_id, s.provider_id, s.channel, s.card_type,
    s.amount_minor, s.currency, s.captured_at, s.seen_at, s.submitted_at, s.rrn,
    s.original_sale_id, r.account_id,
    CASE
        WHEN h.rank <= coalesce(c.rank, h.rank) AND h.rank <= coalesce(b.rank, h.rank) THEN h.span_id
        WHEN c.rank <= coalesce(b.rank, c.rank) THEN c.span_id
        ELSE b.span_id
    END AS span_id
FROM sold AS s
LEFT JOIN routes AS r
    ON r.merchant_id = s.merchant_id AND r.store_id = coalesce(s.store_id, '')
    AND r.provider_id = s.provider_id AND r.channel = s.channel AND r.currency = s.currency
    AND CASE r.clock
        WHEN 'captured' THEN s.captured_at
        WHEN 'submitted' THEN coalesce(s.submitted_at, s.seen_at)
        ELSE s.seen_at
    END >= r.from_at
    AND CASE r.clock
        WHEN 'captured' THEN s.captured_at
        WHEN 'submitted' THEN coalesce(s.submitted_at, s.seen_at)
        ELSE s.seen_at
    END < r.until_at
LEFT JOIN (SELECT * FROM span_days WHERE clock = 'seen') AS h
    ON h.term_key = r.term_key AND h.utc_day = CAST(s.seen_at AS DATE)
    AND s.seen_at >= h.from_at AND s.seen_at < h.until_at
LEFT JOIN (SELECT * FROM span_days WHERE clock = 'captured') AS c
    ON c.term_key = r.term_key AND c.utc_day = CAST(s.captured_at AS DATE)
    AND s.captured_at >= c.from_at AND s.captured_at < c.until_at
LEFT JOIN (SELECT * FROM span_days WHERE clock = 'submitted') AS b
    ON b.term_key = r.term_key
    AND b.utc_day = CAST(coalesce(s.submitted_at, s.seen_at) AS DATE)
    AND coalesce(s.submitted_at, s.seen_at) >= b.from_at
    AND coalesce(s.submitted_at, s.seen_at) < b.until_at
WHERE s.kind IN ('sale', 'completion')
