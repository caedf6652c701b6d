-- Incidents with their sums: how many sales, how much money, how much of it is still to come.
SELECT
    s.incident_id, s.cause, s.mechanism, q.leg, s.scope, q.currency, q.sales, q.late_minor,
    q.outstanding_minor, q.open_sales, q.example, q.since, q.until, s.expected_at, s.expected_from,
    s.expected_until, s.confidence_permille, s.evidence, s.rivals
FROM incident_stories AS s
JOIN (
    SELECT
        c.incident_id, max(m.currency) AS currency, max(m.leg) AS leg,
        CAST(count(*) AS BIGINT) AS sales, CAST(sum(m.amount_minor) AS BIGINT) AS late_minor,
        CAST(sum(CASE WHEN m.status = 'overdue' THEN m.outstanding_minor ELSE 0 END) AS BIGINT) AS outstanding_minor,
        CAST(sum(CASE WHEN m.status = 'overdue' THEN 1 ELSE 0 END) AS BIGINT) AS open_sales,
        coalesce(min(CASE WHEN m.status = 'overdue' THEN m.sale_id END), min(m.sale_id)) AS example,
        min(m.promised_at) AS since, max(m.promised_at) AS until
    FROM late_money AS m
    JOIN unit_causes AS c ON c.unit = m.unit
    GROUP BY c.incident_id
) AS q ON q.incident_id = s.incident_id
