"""The same question answered by one plain DuckDB SQL script, as a good analyst would write it.

Run ``.venv/bin/python bench/plain_sql.py IN OUT``; writes ``OUT/journeys.parquet`` with the
columns of daozhang's. It is written for the tables of ``daozhang world`` and does what SQL does
well: one row a key, promises from a small calendar table, lines joined by reference, payouts and
credits joined by id, else by amount and day. What it leaves out is listed in
``docs/benchmarks.md``; it checks no row and no sum.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import duckdb

__all__ = ["SCRIPT", "answer", "term_rows"]

SCRIPT = """
-- When everything is known that the files hold.
CREATE TABLE as_of AS
SELECT max(known_at) AS t
FROM read_parquet_or_csv;

-- What is known of each fact: the newest row of its key.
CREATE TABLE sold AS
SELECT
    sale_id, kind, original_sale_id, merchant_id, store_id, terminal_id, provider_id, channel,
    amount_minor, currency, captured_at, coalesce(host_at, captured_at) AS seen_at, submitted_at,
    rrn
FROM raw_sales
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY sale_id ORDER BY known_at DESC) = 1;

CREATE TABLE settled AS
SELECT
    provider_id, line_id, kind, ref, gross_minor, fee_minor, net_minor, cleared_at, payout_id,
    status, reason
FROM raw_settlements
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY provider_id, line_id ORDER BY known_at DESC) = 1;

CREATE TABLE paid AS
SELECT *
FROM raw_payouts
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY provider_id, payout_id ORDER BY known_at DESC) = 1;

CREATE TABLE booked AS
SELECT *
FROM raw_credits
WHERE known_at <= (SELECT t FROM as_of)
QUALIFY row_number() OVER (PARTITION BY account_id, credit_id ORDER BY known_at DESC) = 1;

-- A small calendar: n counts the business days up to and including each day. The holidays are
-- those that the State Council announced for 2026.
CREATE TABLE days AS
SELECT
    day,
    CASE
        WHEN day IN (DATE '2026-05-09') THEN true
        WHEN day BETWEEN DATE '2026-05-01' AND DATE '2026-05-05' THEN false
        WHEN day = DATE '2026-06-19' THEN false
        ELSE isodow(day) < 6
    END AS is_business,
    sum(CASE WHEN is_business THEN 1 ELSE 0 END) OVER (ORDER BY day) AS n
FROM (
    SELECT CAST(unnest(generate_series(DATE '2026-04-01', DATE '2026-08-01', INTERVAL 1 DAY)) AS DATE)
        AS day
);

-- When money of each business date is due, by term and window.
CREATE TABLE promises AS
SELECT
    w.term_no, w.window_no, d.day AS business_date, due.day AS due_date,
    timezone('Asia/Shanghai', due.day + w.credit_by) AS promised_at,
    timezone('Asia/Shanghai', CAST(due.day AS TIMESTAMP)) AS due_day_at,
    w.promise_rule
FROM days AS d
CROSS JOIN windows AS w
JOIN days AS due
    ON (w.basis = 'calendar' AND due.day = d.day + w.lag_days)
    OR (w.basis = 'business' AND due.is_business AND due.n = d.n + w.lag_days);

-- What the till did to each sale afterwards.
CREATE TABLE undone AS
SELECT
    original_sale_id AS sale_id,
    max(kind IN ('void', 'reversal')) AS voided,
    CAST(sum(amount_minor) AS BIGINT) AS taken_back_minor,
    max(seen_at) AS taken_back_at
FROM sold
WHERE kind IN ('refund', 'void', 'reversal')
GROUP BY original_sale_id;

-- Sales with their terms (a merchant's own before the channel's), account and promise.
CREATE TABLE promised AS
SELECT
    q.* EXCLUDE (clock, local_at, cutoff, term_no),
    p.promised_at, p.due_date, p.due_day_at, p.promise_rule
FROM (
    SELECT
        s.*, u.voided, u.taken_back_minor, u.taken_back_at,
        coalesce(own.account_id, every.account_id) AS account_id,
        coalesce(m.term_no, c.term_no) AS term_no,
        coalesce(m.cutoff, c.cutoff) AS cutoff,
        coalesce(m.fee_bps, c.fee_bps) AS fee_bps,
        CASE WHEN m.term_no IS NULL THEN c.fee_cap_minor ELSE m.fee_cap_minor END AS fee_cap_minor,
        CASE coalesce(m.clock, c.clock)
            WHEN 'captured' THEN s.captured_at
            WHEN 'submitted' THEN coalesce(s.submitted_at, s.seen_at)
            ELSE s.seen_at
        END AS clock,
        timezone('Asia/Shanghai', clock) AS local_at,
        CAST(local_at AS DATE) + CASE
            WHEN cutoff < INTERVAL 1 DAY AND CAST(local_at AS TIME) >= CAST(cutoff AS TIME) THEN 1
            ELSE 0
        END AS business_date,
        local_at - CAST(CAST(local_at AS DATE) AS TIMESTAMP) AS since_midnight
    FROM sold AS s
    LEFT JOIN terms AS m
        ON m.provider_id = s.provider_id AND m.channel = s.channel
        AND m.merchant_id = s.merchant_id
    LEFT JOIN terms AS c
        ON c.provider_id = s.provider_id AND c.channel = s.channel AND c.merchant_id IS NULL
    LEFT JOIN raw_accounts AS own
        ON own.merchant_id = s.merchant_id AND own.store_id = s.store_id
        AND coalesce(own.provider_id, s.provider_id) = s.provider_id
    LEFT JOIN raw_accounts AS every
        ON every.merchant_id = s.merchant_id AND every.store_id IS NULL
        AND coalesce(every.provider_id, s.provider_id) = s.provider_id
    LEFT JOIN undone AS u ON u.sale_id = s.sale_id
    WHERE s.kind = 'sale'
) AS q
LEFT JOIN promises AS p
    ON p.term_no = q.term_no AND p.business_date = q.business_date
    AND q.since_midnight >= p.opens AND q.since_midnight < p.closes;
"""
