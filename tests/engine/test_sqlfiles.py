"""What may stand in a SQL file, and that all of them keep to it."""

from __future__ import annotations

import re

import pytest

from daozhang.engine import forbidden_constructs
from daozhang.engine.dialect import to_spark
from daozhang.journey.pipeline import SQL

FORBIDDEN = {
    "quantile": ("SELECT quantile(x, 0.5) FROM t", "percentiles"),
    "quantile_cont": ("SELECT quantile_cont(x, 0.95) FROM t", "percentiles"),
    "median": ("SELECT median(x) FROM t", "percentiles"),
    "hugeint": ("SELECT CAST(x AS HUGEINT) FROM t", "BIGINT"),
    "asof join": ("SELECT * FROM a ASOF JOIN b ON a.t >= b.t", "Spark has none"),
    "list": ("SELECT list(x ORDER BY y) FROM t", "order is lost"),
    "array_agg": ("SELECT array_agg(x ORDER BY y) FROM t", "order is lost"),
    "hash": ("SELECT hash(x) FROM t", "differently"),
    "timezone": ("SELECT timezone('UTC', x) FROM t", "not translated"),
    "now": ("SELECT now()", "time is passed in"),
    "current_date": ("SELECT current_date", "time is passed in"),
    "current_timestamp": ("SELECT CURRENT_TIMESTAMP FROM t", "time is passed in"),
    "today": ("SELECT today()", "time is passed in"),
    "random": ("SELECT random()", "reproducible"),
    "epoch": ("SELECT epoch(x) FROM t", "epoch_us"),
    "double": ("SELECT CAST(x AS DOUBLE) FROM t", "no float"),
    "any_value": ("SELECT any_value(x) FROM t", "not defined"),
    "first": ("SELECT first(x) FROM t", "not defined"),
    "date_trunc": ("SELECT date_trunc('day', x) FROM t", "CAST"),
    "plain division": ("SELECT a / b FROM t", "//"),
    "max_by of a tie": ("SELECT max_by(x, t) FROM t", "tie"),
    "arg_max": ("SELECT arg_max(x, t) FROM t", "max_by"),
    "qualify": ("SELECT x FROM t QUALIFY row_number() OVER (ORDER BY y) = 1", "row_number"),
    "distinct on": ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b", "row_number"),
    "limit without order": ("SELECT x FROM t LIMIT 3", "ORDER BY"),
}

ALLOWED = {
    "a comment may say it": "-- the first(x) of now() / hash(x)\nSELECT 1 AS x",
    "a text may say it": "SELECT 'HUGEINT / now()' AS x",
    "whole division": "SELECT (a + b) // 2 AS half FROM t",
    "max_by of what cannot tie": "SELECT max_by(x, (t, x)) AS x FROM t",
    "max_by of some rows": "SELECT max_by(x, CASE WHEN a = 1 THEN (t, x) END) AS x FROM t",
    "names that contain such words": "SELECT first_cleared_at, realm, own_hash FROM t",
    "epoch_us": "SELECT epoch_us(t) FROM t",
}


@pytest.mark.parametrize(("sql", "advice"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_each_forbidden_construct_is_caught_and_told_what_to_write(sql: str, advice: str) -> None:
    found = forbidden_constructs(sql)
    assert len(found) == 1, found
    assert advice in found[0]


@pytest.mark.parametrize("sql", ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_not_caught(sql: str) -> None:
    assert forbidden_constructs(sql) == []


@pytest.mark.parametrize("name", sorted(SQL.texts))
def test_no_sql_file_has_a_forbidden_construct(name: str) -> None:
    assert forbidden_constructs(SQL[name]) == []


@pytest.mark.parametrize("name", sorted(SQL.texts))
def test_every_sql_file_begins_by_saying_what_its_rows_are(name: str) -> None:
    comment = re.match(r"(-- [^\n]+\n)+", SQL[name])
    assert comment, "begin with a comment that says what a row is"
    assert len(comment[0].split()) >= 6, f"too short to say what a row is: {comment[0]}"
    assert comment[0].rstrip().endswith((".", ":")), "end the sentence"


@pytest.mark.parametrize("name", sorted(SQL.texts))
def test_every_sql_file_has_spark_words(name: str) -> None:
    text = to_spark(SQL[name])
    assert text.startswith("SELECT")
    assert not re.search(r"//|epoch_us", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("duck", "spark"),
    [
        ("SELECT epoch_us(t) FROM x", "SELECT UNIX_MICROS(t) FROM x"),
        ("SELECT a // b FROM x", "SELECT a DIV b FROM x"),
        ('SELECT "table" FROM x', "SELECT `table` FROM x"),
        ("SELECT a FROM x ORDER BY a", "SELECT a FROM x ORDER BY a NULLS LAST"),
        ("SELECT CAST(NULL AS VARCHAR)", "SELECT CAST(NULL AS STRING)"),
        ("SELECT CAST(NULL AS TIMESTAMPTZ)", "SELECT CAST(NULL AS TIMESTAMP)"),
    ],
)
def test_translations_that_matter(duck: str, spark: str) -> None:
    assert to_spark(duck) == spark
