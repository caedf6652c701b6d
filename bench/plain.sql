-- The question of daozhang as one plain script; bench/plain_sql.py fills in how each file is read
-- ({{sales}}, {{payouts}} and so on), and tables `terms` and `windows` from terms.toml.

-- T: when everything is known that the files hold.
CREATE TABLE as_of AS SELECT max(known_at) AS t FROM ({known});

-- What is known of each fact: the newest row of its key.
CREATE TABLE sold AS
SELECT
    sale_id, kind, original_sale_id, merchant_id, store_id, terminal_id, provider_id, channel,
    amount_minor, currency, captured_at, coalesce(host_at, captured_at) AS seen_at, submitted_at,
    rrn
FROM {sales}
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY sale_id ORDER BY known_at DESC) = 1;

CREATE TABLE settled AS
SELECT
    provider_id, line_id, kind, ref, gross_minor, fee_minor, net_minor, cleared_at, payout_id,
    status, reason
FROM {settlements}
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY provider_id, line_id ORDER BY known_at DESC) = 1;

CREATE TABLE paid AS
SELECT *, CAST(timezone('Asia/Shanghai', paid_out_at) AS DATE) AS day
FROM {payouts}
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY provider_id, payout_id ORDER BY known_at DESC) = 1;

-- A bank that gives only dates books at an unknown time of that day.
CREATE TABLE booked AS
SELECT *, CAST(timezone('Asia/Shanghai', booked_at) AS DATE) AS day
FROM (
    SELECT
        account_id, credit_id, bank_id, amount_minor, ref, counterparty, known_at,
        CAST(booked_at AS TIMESTAMPTZ) AS booked_at, false AS booked_day
    FROM {credits}
    WHERE status = 'booked'
    UNION ALL
    SELECT
        account_id, credit_id, bank_id, amount_minor, ref, counterparty, known_at,
        timezone('Asia/Shanghai', CAST(booked_at AS TIMESTAMP)), true
    FROM {credits_dated}
    WHERE status = 'booked'
)
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY account_id, credit_id ORDER BY known_at DESC) = 1;

-- A small calendar: n counts the business days up to and including each day. The holidays are
-- those that the State Council announced for 2026.
CREATE TABLE days AS
SELECT day, is_business, sum(CAST(is_business AS INTEGER)) OVER (ORDER BY day) AS n
FROM (
    SELECT
        CAST(day AS DATE) AS day,
        CASE
            WHEN day = DATE '2026-05-09' THEN true
            WHEN day BETWEEN DATE '2026-05-01' AND DATE '2026-05-05' THEN false
            WHEN day IN (DATE '2026-04-06', DATE '2026-06-19') THEN false
            ELSE isodow(day) < 6
        END AS is_business
    FROM generate_series(DATE '2026-04-01', DATE '2026-08-01', INTERVAL 1 DAY) AS g(day)
);

-- When the money of each business date is due, by term and by time of day.
CREATE TABLE promises AS
SELECT
    w.term_no, d.day AS business_date, w.from_minute, w.until_minute, w.promise_rule,
    due.day AS due_date,
    timezone('Asia/Shanghai', CAST(due.day AS TIMESTAMP)) AS due_day_at,
    timezone('Asia/Shanghai', due.day + to_minutes(w.credit_minute)) AS promised_at
FROM days AS d
CROSS JOIN windows AS w
JOIN days AS due
    ON (w.basis = 'calendar' AND due.day = d.day + CAST(w.lag_days AS INTEGER))
    OR (w.basis = 'business' AND due.is_business AND due.n = d.n + w.lag_days);

-- What the till did to each sale afterwards.
CREATE TABLE undone AS
SELECT
    original_sale_id AS sale_id,
    max(CASE WHEN kind IN ('void', 'reversal') THEN 1 ELSE 0 END) AS voided,
    CAST(sum(amount_minor) AS BIGINT) AS taken_back_minor,
    max(seen_at) AS taken_back_at
FROM sold
WHERE kind IN ('refund', 'void', 'reversal')
GROUP BY original_sale_id;

-- Sales with their terms (a merchant's own before the channel's), account and promise.
CREATE TABLE promised AS
SELECT
    q.*, p.promised_at, p.due_date, p.due_day_at, p.promise_rule
FROM (
    SELECT
        r.*,
        CAST(local_at AS DATE)
            + CASE WHEN hour(local_at) * 60 + minute(local_at) >= cutoff_minute THEN 1 ELSE 0 END
            AS business_date,
        hour(local_at) * 60 + minute(local_at) AS local_minute
    FROM (
        SELECT
            s.sale_id, s.merchant_id, s.store_id, s.terminal_id, s.provider_id, s.channel,
            s.amount_minor, s.currency, s.captured_at, s.submitted_at,
            coalesce(u.voided, 0) AS voided, u.taken_back_at,
            CASE
                WHEN u.voided = 1 THEN greatest(u.taken_back_minor, s.amount_minor)
                ELSE coalesce(u.taken_back_minor, 0)
            END AS taken_back_minor,
            coalesce(own.account_id, agreed.account_id, general.account_id) AS account_id,
            coalesce(m.term_no, c.term_no) AS term_no,
            coalesce(m.cutoff_minute, c.cutoff_minute) AS cutoff_minute,
            least(
                (2 * s.amount_minor * coalesce(m.fee_bps, c.fee_bps) + 10000) // 20000,
                coalesce(
                    CASE WHEN m.term_no IS NULL THEN c.fee_cap_minor ELSE m.fee_cap_minor END,
                    s.amount_minor
                )
            ) AS fee_expected_minor,
            timezone('Asia/Shanghai', CASE coalesce(m.clock, c.clock)
                WHEN 'captured' THEN s.captured_at
                WHEN 'submitted' THEN coalesce(s.submitted_at, s.seen_at)
                ELSE s.seen_at
            END) AS local_at
        FROM sold AS s
        LEFT JOIN terms AS m
            ON m.provider_id = s.provider_id AND m.channel = s.channel
            AND m.merchant_id = s.merchant_id
        LEFT JOIN terms AS c
            ON c.provider_id = s.provider_id AND c.channel = s.channel AND c.merchant_id IS NULL
        LEFT JOIN {accounts} AS own
            ON own.merchant_id = s.merchant_id AND own.store_id = s.store_id
        LEFT JOIN {accounts} AS agreed
            ON agreed.merchant_id = s.merchant_id AND agreed.store_id IS NULL
            AND agreed.provider_id = s.provider_id
        LEFT JOIN {accounts} AS general
            ON general.merchant_id = s.merchant_id AND general.store_id IS NULL
            AND general.provider_id IS NULL
        LEFT JOIN undone AS u ON u.sale_id = s.sale_id
        WHERE s.kind = 'sale'
    ) AS r
) AS q
LEFT JOIN promises AS p
    ON p.term_no = q.term_no AND p.business_date = q.business_date
    AND q.local_minute >= p.from_minute AND q.local_minute < p.until_minute;

-- Lines name a sale, or what undoes it, by reference number or by id.
CREATE TABLE refs AS
SELECT provider_id, sale_id AS ref, coalesce(original_sale_id, sale_id) AS sale_id FROM sold
UNION ALL
SELECT provider_id, rrn, coalesce(original_sale_id, sale_id) FROM sold WHERE rrn IS NOT NULL;

-- Payouts with the one that was sent in their place, if any.
CREATE TABLE sent AS
SELECT
    p.provider_id, p.payout_id AS first_id, coalesce(n.payout_id, p.payout_id) AS payout_id,
    coalesce(n.account_id, p.account_id) AS account_id,
    coalesce(n.net_minor, p.net_minor) AS net_minor,
    coalesce(n.paid_out_at, p.paid_out_at) AS paid_out_at,
    coalesce(n.day, p.day) AS day,
    coalesce(n.status, p.status) AS status,
    CASE WHEN n.payout_id IS NULL THEN p.reason ELSE n.reason END AS reason
FROM paid AS p
LEFT JOIN paid AS n
    ON n.provider_id = p.provider_id AND n.replaces_payout_id = p.payout_id
WHERE p.replaces_payout_id IS NULL;

-- Credits that name a payout.
CREATE TABLE by_id AS
SELECT
    s.provider_id, s.first_id, b.account_id, b.credit_id, b.booked_at, b.booked_day, b.day,
    b.amount_minor,
    CASE
        WHEN count(*) OVER (PARTITION BY s.provider_id, s.first_id) > 1 THEN 'split'
        WHEN b.ref = s.payout_id THEN 'payout_id'
        ELSE 'payout_id_in_text'
    END AS matched_by
FROM booked AS b
JOIN sent AS s ON s.payout_id = regexp_extract(b.ref, '[A-Z]{{2}}[0-9]{{13}}R?');

CREATE TABLE waiting AS
SELECT s.*
FROM sent AS s
ANTI JOIN by_id AS i ON i.provider_id = s.provider_id AND i.first_id = s.first_id
WHERE s.status = 'sent';

CREATE TABLE nameless AS
SELECT b.*
FROM booked AS b
ANTI JOIN by_id AS i ON i.account_id = b.account_id AND i.credit_id = b.credit_id;

-- Credits of the amount of one payout on its account: the nearest day counts.
CREATE TABLE by_amount AS
SELECT
    w.provider_id, w.first_id, n.account_id, n.credit_id, n.booked_at, n.booked_day, n.day,
    n.amount_minor, 'net_amount_day' AS matched_by
FROM waiting AS w
JOIN nameless AS n
    ON n.account_id = w.account_id AND n.amount_minor = w.net_minor
    AND n.day BETWEEN w.day AND w.day + 31
QUALIFY
    row_number() OVER (PARTITION BY w.provider_id, w.first_id ORDER BY n.day, n.credit_id) = 1
    AND row_number() OVER (
        PARTITION BY n.account_id, n.credit_id ORDER BY w.day DESC, w.first_id
    ) = 1;

-- Payouts of one provider, account and day that came together; and one that came in parts.
CREATE TABLE by_sum AS
WITH still AS (
    SELECT w.*
    FROM waiting AS w
    ANTI JOIN by_amount AS a ON a.provider_id = w.provider_id AND a.first_id = w.first_id
), free AS (
    SELECT n.*
    FROM nameless AS n
    ANTI JOIN by_amount AS a ON a.account_id = n.account_id AND a.credit_id = n.credit_id
), together AS (
    SELECT provider_id, account_id, day, sum(net_minor) AS net_minor
    FROM still
    GROUP BY provider_id, account_id, day
), parts AS (
    SELECT account_id, counterparty, day, sum(amount_minor) AS amount_minor
    FROM free
    GROUP BY account_id, counterparty, day
    HAVING count(*) > 1
)
SELECT
    s.provider_id, s.first_id, f.account_id, f.credit_id, f.booked_at, f.booked_day, f.day,
    s.net_minor AS amount_minor, 'merged' AS matched_by
FROM together AS t
JOIN still AS s
    ON s.provider_id = t.provider_id AND s.account_id = t.account_id AND s.day = t.day
JOIN free AS f
    ON f.account_id = t.account_id AND f.amount_minor = t.net_minor
    AND f.day BETWEEN t.day AND t.day + 3
UNION ALL
SELECT
    s.provider_id, s.first_id, f.account_id, f.credit_id, f.booked_at, f.booked_day, f.day,
    f.amount_minor, 'split'
FROM parts AS p
JOIN still AS s
    ON s.account_id = p.account_id AND s.net_minor = p.amount_minor
    AND p.day BETWEEN s.day AND s.day + 3
JOIN free AS f
    ON f.account_id = p.account_id AND f.counterparty = p.counterparty AND f.day = p.day;

-- What came of each payout.
CREATE TABLE arrived AS
SELECT
    provider_id, first_id,
    CAST(sum(amount_minor) AS BIGINT) AS credited_minor,
    max(booked_at) AS credited_at, arg_max(booked_day, booked_at) AS booked_day,
    max(day) AS credited_on, arg_max(credit_id, (booked_at, credit_id)) AS credit_id,
    string_agg(credit_id, ';' ORDER BY booked_at, credit_id) AS credit_ids,
    max(matched_by) AS matched_by
FROM (FROM by_id UNION ALL FROM by_amount UNION ALL FROM by_sum)
GROUP BY provider_id, first_id;

-- Lines with their sale and what came of their payout, summed up by sale.
CREATE TABLE by_sale AS
SELECT
    r.sale_id,
    CAST(sum(l.gross_minor) FILTER (l.status = 'settled' AND l.kind = 'sale') AS BIGINT)
        AS settled_minor,
    CAST(-sum(l.gross_minor) FILTER (l.status = 'settled' AND l.kind = 'refund') AS BIGINT)
        AS refund_minor,
    CAST(-sum(l.gross_minor) FILTER (l.status = 'settled' AND l.kind LIKE 'chargeback%') AS BIGINT)
        AS charged_back_minor,
    CAST(sum(l.net_minor) FILTER (l.status = 'settled') AS BIGINT) AS net_minor,
    CAST(sum(l.fee_minor) FILTER (l.status = 'settled') AS BIGINT) AS fee_minor,
    CAST(sum(CASE
        WHEN l.status <> 'settled' THEN 0
        WHEN a.credited_minor = p.net_minor THEN l.net_minor
        ELSE coalesce(l.net_minor * a.credited_minor // p.net_minor, 0)
    END) AS BIGINT) AS credited_minor,
    bool_and(coalesce(a.credited_minor = p.net_minor, false))
        FILTER (l.status = 'settled' AND l.kind = 'sale') AS whole,
    max(l.cleared_at) FILTER (l.status = 'settled' AND l.kind = 'sale') AS cleared_at,
    max(l.cleared_at) FILTER (l.status = 'settled' AND l.kind = 'refund') AS refunded_at,
    max(CASE WHEN p.status = 'sent' THEN p.paid_out_at END)
        FILTER (l.status = 'settled' AND l.kind = 'sale') AS paid_out_at,
    arg_max(coalesce(p.payout_id, l.payout_id), l.cleared_at)
        FILTER (l.status = 'settled' AND l.kind = 'sale') AS payout_id,
    max(p.status) FILTER (l.status = 'settled' AND l.kind = 'sale') AS payout_status,
    max(l.status) FILTER (l.status <> 'settled') AS stuck,
    max(a.credited_at) FILTER (l.kind = 'sale') AS credited_at,
    max(a.credited_on) FILTER (l.kind = 'sale') AS credited_on,
    bool_or(a.booked_day) FILTER (l.kind = 'sale') AS booked_day,
    max(a.credit_id) FILTER (l.kind = 'sale') AS credit_id,
    max(a.credit_ids) FILTER (l.kind = 'sale') AS credit_ids,
    max(a.matched_by) FILTER (l.kind = 'sale') AS matched_by
FROM settled AS l
JOIN refs AS r ON r.provider_id = l.provider_id AND r.ref = l.ref
LEFT JOIN sent AS p ON p.provider_id = l.provider_id AND p.first_id = l.payout_id
LEFT JOIN arrived AS a ON a.provider_id = l.provider_id AND a.first_id = l.payout_id
GROUP BY r.sale_id;

-- From when until when each account's statement is complete, gaps kept apart.
CREATE TABLE cover AS
SELECT subject AS account_id, min(from_at) AS from_at, max(to_at) AS until_at
FROM (
    SELECT *, sum(CAST(begins AS INTEGER)) OVER (PARTITION BY subject ORDER BY from_at) AS stretch
    FROM (
        SELECT
            subject, from_at, to_at,
            coalesce(from_at > max(to_at) OVER (
                PARTITION BY subject ORDER BY from_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), true) AS begins
        FROM {coverage}
        WHERE "table" = 'credits' AND known_at <= (SELECT t FROM as_of)
    )
)
GROUP BY subject, stretch;

CREATE TABLE outcome AS
SELECT
    *,
    CASE
        WHEN cancelled THEN 'cancelled'
        WHEN came AND late_s > 0 THEN 'late'
        WHEN came THEN 'on_time'
        WHEN promised_at IS NULL OR promised_at > (SELECT t FROM as_of) THEN 'in_transit'
        WHEN NOT covered THEN 'unknown'
        ELSE 'overdue'
    END AS status
FROM (
    SELECT
        p.*, s.* EXCLUDE (sale_id),
        greatest(p.taken_back_minor, coalesce(s.refund_minor, 0)) AS refunded_minor,
        CASE
            WHEN p.voided = 1 THEN true
            WHEN greatest(p.taken_back_minor, coalesce(s.refund_minor, 0)) < p.amount_minor
                THEN false
            WHEN s.paid_out_at IS NULL THEN true
            ELSE coalesce(least(p.taken_back_at, s.refunded_at) < s.paid_out_at, false)
        END AS cancelled,
        coalesce(s.whole AND s.settled_minor >= p.amount_minor, false) AS came,
        CASE
            WHEN s.booked_day THEN greatest(s.credited_on - p.due_date, 0) * 86400
            ELSE greatest((epoch_us(s.credited_at) - epoch_us(p.promised_at)) // 1000000, 0)
        END AS late_s,
        v.account_id IS NOT NULL AS covered
    FROM promised AS p
    LEFT JOIN by_sale AS s ON s.sale_id = p.sale_id
    LEFT JOIN cover AS v
        ON v.account_id = p.account_id AND v.from_at <= p.due_day_at
        AND v.until_at >= p.promised_at
);

COPY (
    SELECT
        sale_id, status, CAST(NULL AS VARCHAR) AS leg,
        CASE
            WHEN status <> 'overdue' THEN NULL
            WHEN cleared_at IS NULL AND stuck IS NOT NULL THEN stuck
            WHEN payout_status IN ('returned', 'held') THEN payout_status
            WHEN credited_at IS NOT NULL THEN 'short'
            ELSE 'missing'
        END AS reason,
        amount_minor, currency, merchant_id, store_id, terminal_id, provider_id, channel,
        account_id, captured_at, submitted_at, cleared_at, paid_out_at, credited_at, promised_at,
        promise_rule, false AS provisional, credit_id, credit_ids, payout_id, net_minor, fee_minor,
        fee_expected_minor, refunded_minor, coalesce(charged_back_minor, 0) AS charged_back_minor,
        coalesce(credited_minor, 0) AS credited_minor,
        amount_minor - coalesce(settled_minor, 0) - (refunded_minor - coalesce(refund_minor, 0))
            + coalesce(net_minor, 0) - coalesce(credited_minor, 0) AS outstanding_minor,
        CASE WHEN status = 'late' THEN late_s END AS late_s,
        CASE WHEN cleared_at IS NOT NULL THEN coalesce(matched_by, 'line_ref') END AS matched_by,
        CAST(NULL AS VARCHAR) AS cause, CAST(NULL AS VARCHAR) AS mechanism,
        CAST(NULL AS VARCHAR) AS incident_id
    FROM outcome
) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1);
