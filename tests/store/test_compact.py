"""Compaction: few large parts, the same facts, whoever reads or dies meanwhile."""

import itertools
import shutil

import duckdb
import pyarrow.parquet as pq
import pytest

from daozhang.store import compact
from daozhang.store.generations import read_generation
from daozhang.store.layout import Part
from daozhang.store.parts import Store, StoreDamagedError
from tests.store.steps import (
    RELEASES,
    DyingDisk,
    StopError,
    content,
    disk_full,
    ingest,
    read,
    write,
)

SALES = "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at"


def day_of_sales(folder, day, count=3, name="sales.csv", more=""):
    """Write a day's sales under a name that every day has."""
    rows = [
        f"s{day}-{n},sale,m,t,p,card,{n},CNY,2026-05-{day:02}T0{n % 9}:00:00+08:00"
        for n in range(count)
    ]
    text = more or "\n".join([SALES, *rows]) + "\n"
    return write(folder / str(day), name, text)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A store of small parts: repeats, files of one name, extras in two spellings, bare dates."""
    folder = tmp_path_factory.mktemp("grown")
    days = [day_of_sales(folder / "in", day) for day in range(1, 6)]
    twice = write(folder / "in", "sales-again.csv", f"{days[0].read_text()}\n")
    extras = [write(folder / "in", f"releases-{n}.csv", RELEASES.format(f)) for n, f in NAMES]
    two = [write(folder / "in", f"{n}.two", f"c{n}") for n in range(3)]
    store = Store.create(folder / "s")
    assert {s for _, s in ingest(store, *days, twice, *extras, *two)} == {"added"}
    return folder


NAMES = ((1, "floor"), (2, "Floor"), (3, "wing"))


@pytest.fixture
def copied(grown, tmp_path):
    return Store.open(shutil.copytree(grown / "s", tmp_path / "s"))


def parts_in(store):
    return sorted(p.name for p in (store.path / "parts").glob("*/*"))


def test_the_facts_stay_the_same(copied, grown, tmp_path):
    before = content(copied.path)
    receipts = copied.receipts()
    done = copied.compact()
    told = {d.table: (d.parts_before, d.parts_after, d.rows) for d in done}
    assert told == {
        "sales": (6, 1, 18), "releases": (3, 1, 6), "credits": (3, 1, 3), "coverage": (3, 1, 3),
    }  # fmt: skip
    assert content(copied.path) == before
    assert copied.verify() == ()
    assert len(parts_in(copied)) == 4
    assert copied.receipts() == receipts
    # Every file is still recognised, and a new one is added beside the merged part.
    files = [p for p in sorted((grown / "in").rglob("*")) if p.is_file()]
    assert {status for _, status in ingest(copied, *files)} == {"already_there"}
    late = day_of_sales(tmp_path / "late", 9)
    assert ingest(copied, late) == [("sales.csv", "added")]
    grew = content(copied.path)
    assert len(grew["sales"][1]) == len(before["sales"][1]) + 3
    assert [d.table for d in copied.compact()] == ["sales"]
    assert content(copied.path) == grew
    assert copied.verify() == ()
    assert copied.compact() == ()


def test_rows_lie_by_their_event_so_that_old_days_are_skipped(copied):
    copied.compact()
    (path,) = (copied.path / "parts" / "sales").iterdir()
    times = pq.read_table(path, columns=["captured_at"]).column(0).to_pylist()
    assert times == sorted(times)
    meta = pq.read_metadata(path)
    place = meta.schema.names.index("captured_at")
    statistics = meta.row_group(0).column(place).statistics
    assert (statistics.min, statistics.max) == (times[0], times[-1])


def test_parts_are_closed_when_they_are_full(copied):
    before = content(copied.path)
    (sales,) = [d for d in copied.compact(full_rows=6) if d.table == "sales"]
    assert (sales.parts_before, sales.parts_after) == (6, 3)
    assert content(copied.path) == before
    assert copied.verify() == ()
    assert copied.compact(full_rows=6) == ()
    # Of parts that hold days one after the other, none reaches into another's.
    spans = []
    for path in (copied.path / "parts" / "sales").iterdir():
        times = pq.read_table(path, columns=["captured_at"]).column(0).to_pylist()
        spans.append((times[0], times[-1]))
    spans.sort()
    assert all(one[1] <= next_[0] for one, next_ in itertools.pairwise(spans))


def part(name, rows, *, merged):
    return Part(name, "", (), ((name, rows),), merged)


def test_what_is_merged_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(compact, "AUTOMATIC_PARTS", 3)

    def names(*parts):
        groups = compact.plan(tmp_path, "releases", parts, automatic=True, full_rows=1000)
        return [[p.name for p in group] for group in groups]

    fresh = [part(f"f{n}", 10, merged=False) for n in range(3)]
    assert names(*fresh[:2]) == []
    assert names(*fresh) == [["f0", "f1", "f2"]]
    # A merged part of at most twice the rows is taken in, then one of twice the rows of both.
    assert names(*fresh, part("a", 60, merged=True)) == [["f0", "f1", "f2", "a"]]
    assert names(*fresh, part("a", 61, merged=True)) == [["f0", "f1", "f2"]]
    both = [part("a", 60, merged=True), part("b", 180, merged=True)]
    assert names(*fresh, *both) == [["f0", "f1", "f2", "a", "b"]]
    assert names(*fresh, part("full", 500, merged=True)) == [["f0", "f1", "f2"]]


def test_chosen_files_are_read_from_merged_parts(copied):
    chosen = {r.id for r in copied.receipts() if r.file.startswith(("sales-", "releases-3"))}
    seen = []
    for _ in range(2):
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            copied.register(con, "some_", chosen.__contains__)
            rows = con.execute("SELECT _file, count(*) FROM some_sales GROUP BY 1").fetchall()
            extra = con.execute("SELECT * FROM some_releases ORDER BY ALL").fetchall()
            nothing = con.execute("SELECT count(*) FROM some_credits").fetchall()
            seen.append((rows, extra, nothing))
        copied.compact()
    assert seen[0] == seen[1]
    assert seen[0][0] == [("sales-again.csv", 3)]


def test_a_reader_keeps_what_it_opened(copied, tmp_path):
    query = "SELECT count(*), sum(amount_minor) FROM raw_sales"
    old = parts_in(copied)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    Store.open(copied.path).register(con)
    copied.compact()
    found = con.execute(query).fetchall()
    assert found == [(18, 18)]
    assert set(old) < set(parts_in(copied))
    assert copied.verify() == ()
    # A new reader sees the new parts and does not keep the old ones alive.
    other = duckdb.connect()
    Store.open(copied.path).register(other)
    con.close()
    del con
    ingest(copied, write(tmp_path, "new.two", "new"))
    assert not set(old) & set(parts_in(copied))
    assert other.execute(query).fetchall() == found
    assert [p.name for p in (copied.path / "generations").iterdir()] == ["1.json"]
    other.close()


def test_damage_is_not_copied_on(copied):
    victim = next(r for r in copied.receipts() if r.file == "1.two")
    path = copied.part("credits", victim.id)
    whole = path.read_bytes()
    other = next(r for r in copied.receipts() if r.file == "2.two")
    path.write_bytes(copied.part("credits", other.id).read_bytes())
    before = parts_in(copied)
    with pytest.raises(StoreDamagedError, match="ingest its file again") as raised:
        copied.compact()
    assert raised.value.problem.code == "part_damaged"
    assert set(before) <= set(parts_in(copied))
    assert read_generation(copied.path).number == 0
    path.write_bytes(whole)
    copied.compact()
    assert copied.verify() == ()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two small parts of one table, and what the store holds."""
    folder = tmp_path_factory.mktemp("small")
    files = [write(folder / "in", f"releases-{n}.csv", RELEASES.format(f)) for n, f in NAMES[:2]]
    ingest(Store.create(folder / "s"), *files)
    return folder / "s", content(folder / "s", ("releases",))


@pytest.mark.parametrize("way", ["half-way", "disk full"])
def test_a_crash_at_any_step_leaves_the_store_as_before_or_after(small, tmp_path, way):
    template, facts = small
    raises = disk_full if way == "disk full" else StopError
    generations = set()
    for steps in range(1, 100):
        path = shutil.copytree(template, tmp_path / f"s{steps}")
        disk = DyingDisk(steps, half=way == "half-way", raises=raises)
        try:
            Store.open(path, disk).compact()
        except (StopError, OSError):
            store = Store.open(path)
            assert content(path, ("releases",)) == facts, steps
            assert [p for p in store.verify() if p.severity == "error"] == []
            generations.add(read_generation(path).number)
            # Whatever was left lying, the next writer clears it away.
            store.compact()
            assert content(path, ("releases",)) == facts
            assert (len(parts_in(store)), store.verify()) == (1, ())
            assert list((path / "tmp").iterdir()) == []
            assert [p.name for p in (path / "generations").iterdir()] == ["1.json"]
        else:
            break
    assert steps > 13
    assert generations == {0, 1}


def test_a_store_of_the_first_layout(copied, tmp_path):
    """Before generations there were no manifests and no index."""
    shutil.rmtree(copied.path / "generations")
    facts = content(copied.path)
    assert copied.verify() == ()
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    Store.open(copied.path).register(con)
    copied.compact()
    # This reader found nothing to hold, so the first compaction leaves the old parts to the next.
    assert con.execute("SELECT count(*) FROM raw_sales").fetchall() == [(18,)]
    con.close()
    assert content(copied.path) == facts
    assert copied.verify() == ()
    ingest(copied, write(tmp_path, "new.two", "new"))
    assert len(parts_in(copied)) == 4 + 2
    assert copied.verify() == ()


def test_tables_come_and_go_with_their_files(tmp_path):
    """An empty store, and one whose only file holds nothing of most tables."""
    store = Store.create(tmp_path / "s")
    assert store.compact() == ()
    list(store.ingest([write(tmp_path, "a.two", "c")], read))
    assert {d.table for d in store.compact()} == {"credits", "coverage"}
    assert store.verify() == ()
