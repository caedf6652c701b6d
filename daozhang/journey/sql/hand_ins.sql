-- When late sales were handed in, where their provider's sales do not say so: with the batch of
-- their number, else with the terminal's next close, or when the host saw them where that was later.
-- A refused batch hands nothing in, and a forced one leaves out what is stored. Closes tell only
-- where they usually go before the cut-off; what was cleared had been handed in before.
SELECT
    q.sale_id,
    greatest(q.handed_at, CASE WHEN q.host_at > q.captured_at + INTERVAL 5 MINUTE THEN q.host_at END) AS submitted_at
FROM (
    SELECT
        w.sale_id, w.captured_at, w.host_at, b.handed_at,
        row_number() OVER (
            PARTITION BY w.sale_id
            ORDER BY CASE WHEN b.batch_no = w.batch_no THEN 0 ELSE 1 END, b.handed_at, b.closed_at, b.batch_no
        ) AS place
    FROM (
        SELECT
            o.sale_id, o.provider_id, o.terminal_id, o.captured_at, t.host_at, t.batch_no,
            CASE WHEN t.host_at < o.captured_at THEN t.host_at ELSE o.captured_at END AS made_at,
            coalesce(o.first_cleared_at, o.as_of) AS by_at
        FROM outcomes_late AS o
        JOIN told_late AS t ON t.sale_id = o.sale_id
        ANTI JOIN added_leg_submitters AS p ON p.provider_id = o.provider_id
        WHERE o.status IN ('late', 'overdue') AND o.submitted_at IS NULL
    ) AS w
    LEFT JOIN (
        SELECT c.terminal_id, c.batch_no, c.closed_at, c.handed_at, u.provider_id
        FROM told_closes AS c
        JOIN (
            SELECT h.provider_id
            FROM (
                SELECT
                    d.provider_id, d.terminal_id, d.cutoff_at,
                    max(CASE WHEN b.closed_at > d.cutoff_at - INTERVAL 1 DAY AND b.closed_at <= d.cutoff_at THEN 1 ELSE 0 END) AS closed
                FROM sold_days AS d
                JOIN told_closes AS b ON b.terminal_id = d.terminal_id
                ANTI JOIN added_leg_submitters AS p ON p.provider_id = d.provider_id
                WHERE d.on_time > 0
                GROUP BY d.provider_id, d.terminal_id, d.cutoff_at
            ) AS h
            GROUP BY h.provider_id
            HAVING sum(h.closed) * 5 >= count(*) * 4
        ) AS u ON TRUE
    ) AS b
        ON b.terminal_id = w.terminal_id AND b.provider_id = w.provider_id
        AND b.closed_at >= w.made_at AND b.closed_at <= w.made_at + INTERVAL 31 DAY
        AND b.handed_at <= w.by_at
) AS q
WHERE q.place = 1
