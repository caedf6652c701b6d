"""Named tables of cells: what each is refused with, whichever way its row comes in."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.facts import TABLES
from daozhang.store.cards import shorten_cards
from daozhang.store.relations import Relations
from daozhang.store.rules import checker
from daozhang.store.taking import take_file

GOOD = {
    "sales": {
        "sale_id": "S1", "kind": "sale", "merchant_id": "M1", "terminal_id": "T1",
        "provider_id": "acq", "channel": "card", "amount_minor": "1234", "currency": "CNY",
        "captured_at": "2026-05-01T10:00:00+08:00", "host_at": "", "batch_no": "000001",
    },
    "settlements": {
        "line_id": "L1", "provider_id": "acq", "kind": "", "gross_minor": "1000",
        "fee_minor": "6", "tax_minor": "", "reserve_minor": "", "net_minor": "994",
        "currency": "CNY", "fx_rate": "7.1", "cleared_at": "2026-05-01T16:00:00Z",
        "status": "settled",
    },
    "credits": {
        "credit_id": "C1", "account_id": "A1", "amount_minor": "-5", "currency": "CNY",
        "booked_at": "2026-05-02", "value_date": "2026-05-02", "status": "",
        "counterparty": "acq Ltd",
    },
    "batches": {
        "terminal_id": "T1", "batch_no": "1", "closed_at": "2026-05-01T23:00:00Z",
        "sales_count": "3", "sales_minor": "300", "outcome": "balanced",
    },
    "feedback": {
        "feedback_id": "F1", "at": "2026-05-01T23:00:00Z", "store_id": "ST1", "score": "5",
        "text": "",
    },
    "signals": {"terminal_id": "T1", "at": "2026-05-01T23:00:00Z", "online": "1", "rtt_ms": ""},
}  # fmt: skip

BAD = [
    # table, column, cell, expected code
    ("sales", "sale_id", "", "missing_value"),
    ("sales", "sale_id", "  ", "missing_value"),
    ("sales", "captured_at", "", "missing_value"),
    ("sales", "kind", "Sale", "value_not_allowed"),
    ("sales", "kind", "chargeback", "value_not_allowed"),
    ("sales", "amount_minor", "", "missing_value"),
    ("sales", "amount_minor", "12.34", "amount_not_integer"),
    ("sales", "amount_minor", "1,234", "amount_not_integer"),
    ("sales", "amount_minor", "1_234", "amount_not_integer"),
    ("sales", "amount_minor", "1e3", "amount_not_integer"),
    ("sales", "amount_minor", "0x10", "amount_not_integer"),
    ("sales", "amount_minor", "12.0", "amount_not_integer"),
    ("sales", "amount_minor", "١٢", "amount_not_integer"),
    ("sales", "amount_minor", "ten", "amount_not_integer"),
    ("sales", "amount_minor", "-1", "amount_negative"),
    ("sales", "amount_minor", "9223372036854775808", "int_out_of_range"),
    ("sales", "amount_minor", "9" * 5000, "int_out_of_range"),
    ("sales", "amount_minor", "9223372036854775807", "amount_too_large"),
    ("sales", "amount_minor", "100000000000001", "amount_too_large"),
    ("sales", "captured_at", "3000-01-01", "time_invalid"),
    ("credits", "value_date", "9999-12-31", "date_invalid"),
    ("sales", "currency", "cny", "currency_unknown"),
    ("sales", "currency", "RMB", "currency_unknown"),
    ("sales", "captured_at", "2026-05-01T10:00:00", "time_without_offset"),
    ("sales", "captured_at", "2026-05-01 10:00", "time_without_offset"),
    ("sales", "captured_at", "2026-02-30", "time_invalid"),
    ("sales", "captured_at", "2026-02-30T10:00:00Z", "time_invalid"),
    ("sales", "captured_at", "2026-05-01T24:00:00Z", "time_invalid"),
    ("sales", "captured_at", "2026-05-01T23:59:60Z", "time_invalid"),
    ("sales", "captured_at", "2026-05-01T10:00:00+24:00", "time_invalid"),
    ("sales", "captured_at", "2026-05-01T10:00:00 Asia/Shanghai", "time_invalid"),
    ("sales", "captured_at", "2026-5-1", "time_invalid"),
    ("sales", "captured_at", "01.05.2026", "time_invalid"),
    ("sales", "captured_at", "1777600800", "time_invalid"),
    ("sales", "captured_at", "infinity", "time_invalid"),
    ("sales", "captured_at", "0000-01-01T00:00:00Z", "time_invalid"),
    ("sales", "host_at", "now", "time_invalid"),
    ("settlements", "net_minor", "995", "net_does_not_add_up"),
    ("settlements", "fee_minor", "-6", "net_does_not_add_up"),
    ("settlements", "reserve_minor", "1", "net_does_not_add_up"),
    ("settlements", "gross_minor", "-9223372036854775807", "amount_too_large"),
    ("settlements", "fx_rate", "7,1", "decimal_invalid"),
    ("settlements", "fx_rate", "NaN", "decimal_invalid"),
    ("settlements", "status", "", "missing_value"),
    ("credits", "value_date", "2026-05-02T00:00:00Z", "date_invalid"),
    ("credits", "value_date", "2026-02-29", "date_invalid"),
    ("credits", "status", "bookd", "value_not_allowed"),
    ("batches", "sales_count", "-1", "below_minimum"),
    ("batches", "sales_count", "3.5", "not_an_integer"),
    ("feedback", "score", "6", "out_of_range"),
    ("signals", "online", "2", "value_not_allowed"),
    ("signals", "online", "true", "not_an_integer"),
]

FINE = [
    # table, column, cell, value kept
    ("sales", "amount_minor", "007", 7),
    ("sales", "amount_minor", "+5", 5),
    ("sales", "amount_minor", " 12 ", 12),
    ("sales", "amount_minor", "0", 0),
    ("sales", "amount_minor", "100000000000000", 10**14),
    ("sales", "sale_id", " S1\t", "S1"),
    ("sales", "batch_no", "000001", "000001"),
    ("sales", "captured_at", "2026-05-01t02:00:00z", "2026-05-01 02:00:00+00"),
    ("sales", "captured_at", "2026-05-01 10:00:00+08", "2026-05-01 02:00:00+00"),
    ("sales", "captured_at", "2026-05-01T10:00:00+0800", "2026-05-01 02:00:00+00"),
    ("sales", "captured_at", "2026-05-01T02:00:00.1234567Z", "2026-05-01 02:00:00.123456+00"),
    ("sales", "captured_at", "2026-05-01", "2026-05-01 00:00:00+00"),
    ("settlements", "kind", "", "sale"),
    ("settlements", "fx_rate", "1.5e-2", "0.015"),
    ("settlements", "fx_rate", "7.10", "7.10"),
    ("credits", "status", "", "booked"),
    ("credits", "counterparty", "paid 6222020200112230005 x", "paid 6222020200112230005 x"),
    ("credits", "counterparty", "card 4111 1111 1111 1111", "card 411111******1111"),
    ("feedback", "text", "my card 4111111111111111!", "my card 411111******1111!"),
]


def csv_of(table, cells, extra=()):
    lines = [",".join(cells)]
    lines += [
        ",".join(f'"{v}"' if set(v) & set(',"\n') else v for v in row.values())
        for row in (cells, *extra)
    ]
    return "\n".join(lines) + "\n"


def changed(table, column, cell):
    return {**GOOD[table], column: cell}


@pytest.mark.parametrize("table", GOOD)
def test_the_good_row_of_each_table_is_good(load, con, table):
    taken = load(**{table: csv_of(table, GOOD[table])})
    assert (taken.rows, taken.problems) == ({table: 1}, ())


EACH = [pytest.param([case], marks=pytest.mark.soak) for case in BAD]
TOGETHER = [
    [case for case in BAD if case[0] == table] for table in dict.fromkeys(t for t, *_ in BAD)
]


def bad_rows(cases, first):
    """Return rows with a bad cell each, and what is to be told of them from a line on."""
    rows = [changed(*case[:3]) for case in cases]
    return rows, [(line, code) for line, (*_, code) in enumerate(cases, first)]


bad = pytest.mark.parametrize(
    "cases", [*TOGETHER, *EACH], ids=lambda cases: cases[0][0] if len(cases) > 1 else None
)
"""The bad cells of a table together, a row each; in a soak each also alone."""


@bad
def test_a_bad_cell_is_refused_and_located(load, cases):
    table = cases[0][0]
    rows, told = bad_rows(cases, 3)
    taken = load(**{table: csv_of(table, GOOD[table], [*rows, GOOD[table]])})
    assert [(p.line, p.code) for p in taken.problems] == told
    assert (taken.rows, taken.refused) == ({table: 2}, len(cases))


@bad
def test_a_bad_cell_is_refused_when_python_reads_all(load, cases):
    # A row of another width makes DuckDB refuse the file.
    table = cases[0][0]
    rows, told = bad_rows(cases, 2)
    taken = load(**{table: csv_of(table, rows[0], rows[1:]) + "x\n"})
    assert [(p.line, p.code) for p in taken.problems] == [
        *told, (len(cases) + 2, "wrong_column_count"),
    ]  # fmt: skip


@bad
def test_a_bad_cell_is_refused_in_parquet_text(con, tmp_path, cases):
    table = cases[0][0]
    changes, told = bad_rows(cases, 2)
    rows = [GOOD[table], *changes]
    path = tmp_path / f"{table}.parquet"
    pq.write_table(pa.table({c: [r[c] for r in rows] for c in rows[0]}), path)
    taken = take_file(Relations(con), path, path.name, None)
    assert [(p.line, p.code) for p in taken.problems] == told
    assert taken.rows == {table: 1}


@pytest.mark.parametrize("case", FINE)
@pytest.mark.parametrize("exact", [False, True], ids=["fast", "exact"])
def test_a_fine_cell_is_kept_as(load, con, case, exact):
    table, column, cell, value = case
    cells = changed(table, column, cell)
    text = csv_of(table, cells) + ("x\n" if exact else "")
    taken = load(**{table: text})
    assert taken.rows == {table: 1}
    assert kept(con, table, column) == [str(value)]


def kept(con, table, column):
    """Return a column's values as text; those of a wrong type look otherwise."""
    rows = con.execute(f"SELECT CAST({column} AS VARCHAR) FROM raw_{table} ORDER BY 1").fetchall()
    return [value for (value,) in rows]


@pytest.mark.parametrize("case", FINE)
@pytest.mark.parametrize("blank", [False, True], ids=["tidy", "blanks"])
def test_a_fine_cell_is_kept_of_parquet_text(load, con, tmp_path, case, blank):
    table, column, cell, value = case
    # No cell is empty or padded but the one in question, and one of another row where asked.
    row = {name: text or None for name, text in changed(table, column, cell).items()}
    other = {**row, column: cell + " " if blank else cell}
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({name: [row[name], other[name]] for name in row}), path)
    taken = load(**{f"{table}.parquet": path.read_bytes()})
    assert taken.rows == {table: 2}
    assert kept(con, table, column) == [str(value)] * 2


@pytest.mark.parametrize("padded", ["M1 ", "M1\t", " M1", "\tM1", "\t M1\t "])
@pytest.mark.parametrize("others", ["M1", "M1 of 2"], ids=["none", "inside"])
def test_one_padded_text_of_parquet_is_trimmed(load, con, tmp_path, padded, others):
    row = {name: text or None for name, text in GOOD["sales"].items()}
    table = pa.table({name: [text] * 2 for name, text in row.items() if name != "merchant_id"})
    path = tmp_path / "rows.parquet"
    pq.write_table(table.append_column("merchant_id", pa.array([others, padded])), path)
    load(**{"sales.parquet": path.read_bytes()})
    assert kept(con, "sales", "merchant_id") == ["M1", others]


@pytest.mark.parametrize("currency", ["CNY", "JPY", "XAF"])
def test_currencies_usual_and_not(load, con, currency):
    load(sales=csv_of("sales", changed("sales", "currency", currency)))
    assert kept(con, "sales", "currency") == [currency]


def test_messages_say_what_to_write():
    cells = changed("sales", "amount_minor", "12.34")
    assert checker("sales").check(cells).findings[0].message == (
        "amount_minor is '12.34': amounts are integers in minor units: write 1234 for 12.34"
    )
    cells = changed("settlements", "net_minor", "995")
    message = checker("settlements").check(cells).findings[0].message
    assert "net_minor is 995" in message
    assert "= 994" in message
    cells = changed("sales", "currency", "4111111111111111")
    assert "4111111111111111" not in checker("sales").check(cells).findings[0].message


def test_every_bad_cell_of_a_row_is_told():
    cells = {**GOOD["sales"], "kind": "x", "currency": "y", "amount_minor": "z"}
    found = [f.code for f in checker("sales").check(cells).findings]
    assert found == ["value_not_allowed", "amount_not_integer", "currency_unknown"]


def test_typed_values_of_readers():
    cells = {
        "credit_id": 17, "account_id": "A", "amount_minor": Decimal("5.00"), "currency": "CNY",
        "booked_at": dt.date(2026, 5, 2), "value_date": dt.date(2026, 5, 2), "note": 3,
    }  # fmt: skip
    checked = checker("credits").check(cells)
    row = dict(zip(TABLES["credits"].names, checked.values, strict=True))
    assert (row["credit_id"], row["amount_minor"], row["removed"]) == ("17", 5, 0)
    assert row["booked_at"] == dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
    assert (checked.days, checked.extras) == (1, {"note": "3"})
    cells["booked_at"] = dt.datetime(2026, 5, 2)  # noqa: DTZ001 - that is the point
    assert checker("credits").check(cells).findings[0].code == "time_without_offset"


CARDS = [
    ("4111111111111111", "411111******1111"),
    ("4111-1111-1111-1111 ok", "411111******1111 ok"),
    ("6222020000000007", "622202******0007"),
    ("378282246310005", "378282******0005"),
    ("卡号６２２２０２０００００００００７", "卡号622202******0007"),
    ("4111.1111/1111_1111", "411111******1111"),
    ("4111\u00a01111\u20091111\u30001111", "411111******1111"),
    ("4111\t1111\u200b1111\u20131111", "411111******1111"),
    ("2026/05/13 11.30, 2026/05/14", "2026/05/13 11.30, 2026/05/14"),
    ("4111111111111112", "4111111111111112"),  # fails Luhn
    ("20260501000000000", "20260501000000000"),  # no card network's
    ("2026042822001411111111111111", "2026042822001411111111111111"),  # an order's number
    ("x", "x"),
]


@pytest.mark.parametrize(("text", "short"), CARDS)
def test_card_numbers_are_shortened(text, short):
    assert shorten_cards(text) == short


def test_shortened_cells_are_told_once(load):
    row = {**GOOD["feedback"], "text": "4111111111111111"}
    taken = load(feedback=csv_of("feedback", row, [row]))
    assert [(p.code, p.severity) for p in taken.problems] == [("card_number_shortened", "warning")]
    assert "2 cells" in taken.problems[0].message
    assert taken.refused == 0


@pytest.mark.parametrize("column", ["amount_minor", "batch_no", "captured_at", "currency", "kind"])
@pytest.mark.parametrize("cell", ["4111111111111111", "-4111111111111111", "4111111111111111.00"])
def test_no_message_quotes_a_card_number(load, column, cell):
    taken = load(sales=csv_of("sales", changed("sales", column, cell)))
    assert not any("4111111111111111" in str(problem) for problem in taken.problems)
    assert taken.problems or column == "batch_no"
