"""Whole files: every row is taken or named, and lines are exact."""

import datetime as dt
import os

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Facts
from daozhang.store import canonical, csv_load
from daozhang.store.facts_rows import take_facts
from daozhang.store.relations import BATCH_ROWS, Relations
from daozhang.store.taking import take_file, unfit

HEAD = "release_id,touches,purpose\n"
LONG = "r1,keys," + "x" * 1_500_000 + "\n"


def codes(taken):
    return [(p.line, p.code) for p in taken.problems]


FILES = [
    # name, bytes, rows taken, problems
    ("plain", HEAD + "r1,keys,p\nr2,,\n", 2, []),
    ("BOM", "\ufeff" + HEAD + "r1,keys,p\n", 1, []),
    ("CRLF", (HEAD + "r1,keys,p\nr2,,\n").replace("\n", "\r\n"), 2, []),
    ("CR", (HEAD + "r1,keys,p\nr2,,\n").replace("\n", "\r"), 2, []),
    ("mixed line ends", HEAD + "r1,keys,p\r\nr2,,\n", 2, []),
    ("no last line end", HEAD + "r1,keys,p", 1, []),
    ("header only", HEAD, 0, []),
    ("header in capitals, padded", "RELEASE_ID , Touches\nr1,keys\n", 1, []),
    ("blank lines", "\n\n" + HEAD + "\nr1,keys,p\n\n,,\n\n", 1, [(7, "missing_value")]),
    ("quoted lines", HEAD + 'r1,"a\nb",p\n,x,y\n', 1, [(4, "missing_value")]),
    ("quoted CRLF", HEAD + 'r1,"a\r\nb",p\r\n,x,y\r\n', 1, [(4, "missing_value")]),
    ("quotes in cells", HEAD + 'r1,"a ""b"" c","x,y"\n', 1, []),
    ("too few and too many", HEAD + "r1\nr2,a,b,c\nr3,a,b\nr4,a,b,\n", 2,
     [(2, "wrong_column_count"), (3, "wrong_column_count")]),
    ("quote never closed", HEAD + 'r1,"a,b\nr2,a,b\n,,x\n', 1,
     [(2, "quote_not_closed"), (4, "missing_value")]),
    ("text after a quote", HEAD + 'r1,"a"x,b\nr2,a,b\n', 1, [(2, "quote_not_closed")]),
    ("bytes that are not UTF-8", HEAD.encode() + b"r1,\xff,b\nr2,a,b\n", 1, [(2, "not_utf8")]),
    ("NUL", HEAD + "r1,a\0,b\nr2,a,b\n", 1, [(2, "nul_byte")]),
    ("huge cell", HEAD + LONG + "r2,a,b\n", 1, [(2, "cell_too_large")]),
    ("huge line without end", HEAD + "r1,keys," + "x" * 9_000_000 + "\nr2,a,b\n,a,b\n", 1,
     [(2, "cell_too_large"), (4, "missing_value")]),
    ("empty", "", 0, [(None, "empty_file")]),
    ("column missing", "touches,purpose\na,b\n", 0, [(1, "missing_columns")]),
    ("semicolons", HEAD.replace(",", ";"), 0, [(1, "missing_columns")]),
    ("column twice", "release_id,touches,Touches\nr1,a,b\n", 0, [(1, "duplicate_column")]),
    ("UTF-16", HEAD.encode("utf-16"), 0, [(1, "not_utf8")]),
    ("GBK header", "release_id,用途\nr1,x\n".encode("gbk"), 0, [(1, "not_utf8")]),
    ("our name as a column", "release_id,_file\nr1,x\n", 1, [(1, "column_left_out")]),
    ("unnamed column", ",release_id\n0,r1\n", 1, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "rows", "problems"), [f[1:] for f in FILES], ids=[f[0] for f in FILES]
)
def test_a_file_of_csv(load, con, data, rows, problems):
    taken = load(releases=data)
    assert codes(taken) == problems
    assert con.execute("SELECT count(*) FROM raw_releases").fetchone() == (rows,)
    assert taken.rows == ({"releases": rows} if rows else {})


def test_many_problems_end_in_a_sum_and_good_rows_are_taken(load):
    taken = load(releases=HEAD + ",bad,\n" * 1500 + "r1,good,\n")
    assert (taken.rows, taken.refused) == ({"releases": 1}, 1500)
    assert len(taken.problems) == 1001
    assert taken.problems[-1].code == "more_problems"
    assert taken.problems[-1].message.startswith("500 more")


def test_more_doubtful_rows_than_python_holds(load, monkeypatch):
    monkeypatch.setattr(csv_load, "_DOUBTS_MAX", 2)
    taken = load(releases=HEAD + ",bad,\nr1,good,\n" * 3)
    assert (taken.rows, [p.line for p in taken.problems]) == ({"releases": 3}, [2, 4, 6])


def test_duckdb_does_not_plan_to_read_a_little_file(load, con, monkeypatch):
    monkeypatch.undo()
    planned = []
    monkeypatch.setattr(csv_load, "_read_fast", planned.append)
    little = load(releases=HEAD + "r1,good,\n,bad,\n")
    assert (little.rows, little.refused, planned) == ({"releases": 1}, 1, [])
    assert con.execute("SELECT count(*) FROM raw_releases").fetchone() == (1,)
    load(releases=HEAD + "r1,good,\n" * 1000)
    assert len(planned) == 1


def test_every_table_is_there_with_its_shape(load, con):
    load()
    kinds = {"text": "VARCHAR", "int": "BIGINT", "date": "DATE", "decimal": "VARCHAR"}
    kinds["time"] = "TIMESTAMP WITH TIME ZONE"
    for name, table in TABLES.items():
        found = con.execute(f"DESCRIBE raw_{name}").fetchall()
        wanted = [(c.name, kinds[c.kind]) for c in table.columns]
        wanted += [("_days", "INTEGER"), ("_file", "VARCHAR")]
        assert [(row[0], row[1]) for row in found] == wanted


def test_extra_columns_of_several_files_and_days(load, con, tmp_path):
    notices = "notice_id,scope,kind,from_at,to_at,known_at,{}\n"
    one = (
        notices.format("Region") + "n1,all,peak,2026-05-01,2026-05-02T00:00:00Z,2026-05-03,north\n"
    )
    two = notices.format("region,floor") + "n2,all,peak,2026-05-01T00:00:00Z,,,south,3\n"
    table = pa.table({
        "notice_id": ["n3"], "scope": ["all"], "kind": ["peak"],
        "from_at": pa.array([dt.date(2026, 5, 1)]), "weight": [1.5], "FLOOR": [7],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "src.parquet")
    data = {"notices-1": one, "Notices_2": two}
    data["notices.parquet"] = (tmp_path / "src.parquet").read_bytes()
    load(**data)
    query = "SELECT notice_id, Region, floor, weight, _days, _file FROM raw_notices ORDER BY 1"
    assert con.execute(query).fetchall() == [
        ("n1", "north", None, None, 1 | 4, "notices-1.csv"),
        ("n2", "south", "3", None, 0, "Notices_2.csv"),
        ("n3", None, "7", "1.5", 1, "notices.parquet"),
    ]


SALE_HEAD = (
    "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at"
)


def sale_table(**columns):
    row = {
        "sale_id": ["s1", "s2"], "kind": ["sale"] * 2, "merchant_id": ["m"] * 2,
        "terminal_id": ["t"] * 2, "provider_id": ["p"] * 2, "channel": ["card"] * 2,
        "amount_minor": [1, 2], "currency": ["CNY"] * 2,
        "captured_at": pa.array([0, 1], pa.timestamp("us", "UTC")),
    }  # fmt: skip
    return pa.table({**row, **columns})


PARQUET = [
    # name, columns, rows taken, problems
    ("clean", {}, 2, []),
    ("nanoseconds", {"captured_at": pa.array([0, 1], pa.timestamp("ns", "UTC"))}, 2, []),
    ("another zone", {"captured_at": pa.array([0, 1], pa.timestamp("us", "Asia/Shanghai"))}, 2, []),
    ("no zone", {"captured_at": pa.array([0, 1], pa.timestamp("us"))}, 0,
     [(None, "time_without_offset")]),
    ("all of an unfit type empty", {"host_at": pa.array([None, None], pa.timestamp("us"))}, 2, []),
    ("null type", {"host_at": pa.nulls(2)}, 2, []),
    ("whole floats", {"amount_minor": [1.0, 2.0]}, 2, []),
    ("broken floats", {"amount_minor": [1.0, 2.5]}, 1, [(2, "amount_not_integer")]),
    ("decimals", {"amount_minor": pa.array([1, 2], pa.decimal128(10, 2))}, 2, []),
    ("huge", {"amount_minor": pa.array([1, 2**64 - 1], pa.uint64())}, 1, [(2, "int_out_of_range")]),
    ("text amounts", {"amount_minor": ["1", "x"]}, 1, [(2, "amount_not_integer")]),
    ("empty key", {"sale_id": ["s1", ""]}, 1, [(2, "missing_value")]),
    ("padded text", {"mcc": [" 5812", ""]}, 2, []),
    ("NUL", {"mcc": ["5\0", ""]}, 1, [(1, "nul_byte")]),
    ("numbers as text", {"batch_no": [1, 2]}, 2, []),
    ("float text", {"batch_no": [1.0, float("nan")]}, 2, []),
    ("dictionary", {"mcc": pa.array(["a", None]).dictionary_encode()}, 2, []),
    ("bytes", {"mcc": [b"a", b"b"]}, 0, [(None, "column_type")]),
    ("list", {"tags": [[1], [2]]}, 2, []),
    ("boolean", {"removed": [True, None]}, 2, []),
    ("negative", {"amount_minor": [-1, 2]}, 1, [(1, "amount_negative")]),
    ("duplicate", {"Sale_ID": ["a", "b"]}, 0, [(None, "duplicate_column")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "rows", "problems"), [p[1:] for p in PARQUET], ids=[p[0] for p in PARQUET]
)
def test_a_file_of_parquet(con, tmp_path, columns, rows, problems):
    path = tmp_path / "sales.parquet"
    pq.write_table(sale_table(**columns), path)
    relations = Relations(con)
    taken = take_file(relations, path, path.name, lambda _p, n: Problem(n, None, "x", "x"))
    relations.publish()
    assert codes(taken) == problems
    query = "SELECT count(*), count(*) FILTER (batch_no IN ('1', '2') OR batch_no IS NULL), "
    query += "count(*) FILTER (trim(mcc) <> mcc OR mcc = '') FROM raw_sales"
    assert con.execute(query).fetchone() == (rows, rows, 0)


def test_damaged_parquet_is_refused_whole(con, tmp_path):
    good = tmp_path / "src.parquet"
    pq.write_table(sale_table(), good)
    whole = good.read_bytes()
    for cut in (0, 3, 100, len(whole) - 5):
        path = tmp_path / "sales.parquet"
        path.write_bytes(whole[:cut])
        taken = take_file(Relations(con), path, path.name, lambda *_: Problem("x", None, "x", "x"))
        assert (taken.rows, [p.code for p in taken.problems]) == ({}, ["parquet_unreadable"])


NAMES = [
    "sales-a'b.csv", 'sales-a"b.csv', "sales-a\nb.csv", "sales-*.csv", "sales-?.csv",
    "sales-[ab].csv", "sales-a\\b.csv", "sales-a\\*.csv", "sales-中文.csv", "sales-';DROP--.csv",
    "sales-{1}.csv", "sales-$1 %d.csv",
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(con, tmp_path, name, form):
    name = name.replace(".csv", f".{form}")
    (tmp_path / "sales-a.csv").write_text("decoy", encoding="utf-8")
    path = tmp_path / name
    if form == "csv":
        path.write_text(f"{SALE_HEAD}\ns1,sale,m,t,p,card,1,CNY,2026-05-01\n", encoding="utf-8")
    else:
        pq.write_table(sale_table().slice(0, 1), path)
    relations = Relations(con)
    taken = take_file(relations, path, name, lambda *_: Problem("x", None, "x", "x"))
    relations.publish()
    if form == "parquet" and "\\*" in name:
        assert codes(taken) == [(None, "bad_name")]
        return
    assert con.execute("SELECT sale_id, _file FROM raw_sales").fetchall() == [("s1", name)]


def test_what_is_not_a_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "sales.csv")
    (tmp_path / "big.csv").write_bytes(b"x" * 100)
    assert unfit(tmp_path / "sales.csv", "sales.csv").code == "not_a_file"
    assert unfit(tmp_path / "big.csv", "big.csv", 99).code == "file_too_large"
    assert unfit(tmp_path / "gone.csv", "gone.csv").code == "file_unreadable"
    assert unfit(tmp_path / os.fsdecode(b"\xff.csv"), "?.csv").code == "bad_name"


def test_only_names_of_tables_are_canonical(tmp_path):
    names = {"sales.csv": "sales", "SALES-x.Parquet": "sales", "sales_north.csv": "sales"}
    names |= dict.fromkeys(["salesx.csv", "sales.txt", "sales.csv.gz", "xsales.csv", "a-sales.csv"])
    assert {name: canonical.table_named(name) for name in names} == names


CELLS = st.sampled_from(
    [
        "",
        "r1",
        "a b",
        'a"b',
        "a\nb",
        "a\r\nb",
        ",",
        '"',
        " x ",
        "é中",
        "\t",
        "x" * 50,
        "\0",
        "\udcff",
    ]
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=12)


def encoded(rows, quoted):
    lines = ["release_id,touches,purpose"]
    for row in rows:
        cells = [f'"{c.replace(chr(34), chr(34) * 2)}"' if quoted else c for c in row]
        lines.append(",".join(cells))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_rows_in_are_rows_taken_and_rows_refused(con, tmp_path, rows):
    path = tmp_path / "releases.csv"
    path.write_bytes(encoded(rows, quoted=True))
    relations = Relations(con)
    taken = take_file(relations, path, path.name, None)
    assert taken.rows.get("releases", 0) + taken.refused == len(rows)
    told = {p.line for p in taken.problems if p.severity == "error"}
    assert len(told) == taken.refused


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, data=st.data())
def test_the_three_ways_agree(con, tmp_path, rows, data):
    """DuckDB with a second look, and Python alone, take and refuse the same of any bytes."""
    text = bytearray(encoded(rows, quoted=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(0, 3))):
        text.insert(data.draw(st.integers(27, len(text))), data.draw(st.integers(0, 255)))
    path = tmp_path / "releases.csv"
    path.write_bytes(text)
    found = []
    for way in (csv_load._read_fast, lambda _job: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_load, "_read_fast", way)
            relations = Relations(con)
            taken = take_file(relations, path, path.name, lambda *_: Problem("x", None, "x", "x"))
            kept = con.execute(f"{relations.select('releases')} ORDER BY ALL").fetchall()
            found.append((taken.rows, codes(taken), kept))
    assert found[0] == found[1]


def test_order_of_files_does_not_matter(con, tmp_path):
    texts = [f"{HEAD}r{i},a,b\n" for i in range(4)] + ["release_id,x\nr9,1\n"]
    paths = []
    for i, text in enumerate(texts):
        paths.append(tmp_path / f"releases-{i}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    found = []
    for order in (paths, paths[::-1]):
        relations = Relations(con)
        for path in order:
            take_file(relations, path, path.name, None)
        relations.publish()
        found.append(con.execute("SELECT * FROM raw_releases ORDER BY ALL").fetchall())
    assert found[0] == found[1]
    assert len(found[0]) == 5


def test_facts_of_readers(con):
    day, instant = dt.date(2026, 5, 2), dt.datetime(2026, 5, 3, 1, tzinfo=dt.UTC)

    def row(number, when, amount=1):
        return {
            "credit_id": f"c{number}", "account_id": "a", "amount_minor": amount,
            "currency": "CNY", "booked_at": when, "memo": "4111111111111111",
        }  # fmt: skip

    cover = {"subject": "a", "table": "credits", "from_at": day, "to_at": instant}
    stream = [
        Facts("credits", [row(1, day), row(2, instant, "1.5")], [10, 20]),
        Problem("x", 3, "odd", "odd line", "warning"),
        Facts("coverage", [cover], [1]),
        Facts(
            "credits", [row(i, instant) for i in range(3, BATCH_ROWS + 5)], [9] * (BATCH_ROWS + 2)
        ),
    ]
    relations = Relations(con)
    taken = take_facts(relations, "x", "camt", iter(stream))
    relations.publish()
    assert taken.rows == {"credits": BATCH_ROWS + 3, "coverage": 1}
    assert taken.refused == 1
    assert codes(taken) == [
        (20, "amount_not_integer"), (3, "odd"), (None, "card_number_shortened"),
    ]  # fmt: skip
    assert taken.period == (dt.datetime(2026, 5, 2, tzinfo=dt.UTC), instant)
    kept = con.execute("SELECT status, memo, _days, _file FROM raw_credits LIMIT 1").fetchone()
    assert kept == ("booked", "411111******1111", 1, "x")


def test_a_reader_that_fails_costs_its_whole_file(con):
    def stream():
        yield Facts("releases", [{"release_id": "r1"}] * BATCH_ROWS, [1] * BATCH_ROWS)
        raise RuntimeError("oh")

    relations = Relations(con)
    taken = take_facts(relations, "x", "odd", stream())
    relations.publish()
    assert codes(taken) == [(None, "reader_failed")]
    assert con.execute("SELECT count(*) FROM raw_releases").fetchone() == (0,)


def test_sql_errors_of_the_connection_are_not_swallowed(tmp_path):
    con = duckdb.connect()
    relations = Relations(con)
    con.close()
    path = tmp_path / "releases.csv"
    path.write_text(HEAD + "r1,a,b\n", encoding="utf-8")
    with pytest.raises(duckdb.Error):
        take_file(relations, path, path.name, None)
