-- Refunds, each with the span of the business date on which it was made, the first of its sale's own
-- term that closes after it, and whether the provider's files tell nothing of that date.
SELECT
    q.act_id, q.sale_id, q.span_id, CASE WHEN u.provider_id IS NULL THEN 0 ELSE 1 END AS unheard
FROM (
    SELECT
        a.act_id, max(a.sale_id) AS sale_id, max(p.provider_id) AS provider_id,
        max(p.account_id) AS account_id,
        min_by(t.span_id, (t.cutoff_at, t.window_no, t.span_id)) AS span_id
    FROM acts AS a
    JOIN promised AS p ON p.sale_id = a.sale_id
    SEMI JOIN unheard AS n ON n.provider_id = p.provider_id AND n.account_id = p.account_id
    JOIN spans AS t ON t.term_index = p.term_index AND t.cutoff_at > a.seen_at
    WHERE a.kind = 'refund'
    GROUP BY a.act_id
) AS q
JOIN spans AS s ON s.span_id = q.span_id
LEFT JOIN unheard AS u
    ON u.provider_id = q.provider_id AND u.account_id = q.account_id
    AND u.business_date = s.business_date
