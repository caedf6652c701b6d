"""Damaged files: facts or problems, never an exception, never for long.

Seeds are fixed, so a failure repeats; ``reader_failed`` would be the last-resort guard at work and
counts as a failure.
"""

import datetime as dt
import os
import random
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daozhang.facts import TABLES, Problem
from daozhang.formats import Facts, Options, read_file, recognise

from . import golden
from .conftest import SAMPLES

SECONDS_MAX = 4
SOAK = "DAOZHANG_SOAK" in os.environ
ROUNDS = 1_000 if SOAK else 30
ROUNDS_OF_MEMORY = 5 if SOAK else 2


def seeds():
    """Return our own inputs, and real ones: every third in a quick run, all in a long one."""
    found = [p for p in sorted(SAMPLES.rglob("*.*")) if p.is_file() and p.name != "README.md"]
    few = [*found[::3], *(p for p in found if p.suffix in {".xls", ".xlsx"})]
    return [*golden.inputs(), *(found if SOAK else dict.fromkeys(few))]


def damage(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes after one kind of accident."""
    place = rng.randrange(len(data) + 1)
    end = min(len(data), place + rng.randrange(1, 400))
    kind = rng.randrange(10)
    if kind == 0:  # bits flipped
        out = bytearray(data)
        for _ in range(rng.randrange(1, 20)):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        return bytes(out)
    if kind == 1:  # cut off
        return data[:place]
    if kind == 2:  # head lost
        return data[place:]
    if kind == 3:  # a piece doubled
        return data[:end] + data[place:]
    if kind == 4:  # a piece lost
        return data[:place] + data[end:]
    if kind == 5:  # two halves swapped
        return data[place:] + data[:place]
    if kind == 6:  # line ends changed
        ends = rng.choice([b"\r\n", b"\r", b"", b" ", b"\n\n", b"\r\r\n"])
        return data.replace(b"\r\n", b"\n").replace(b"\n", ends)
    if kind == 7:  # encoded anew
        text = data.decode("utf-8", errors="replace")
        return text.encode(rng.choice(["gb18030", "utf-16", "utf-8-sig", "utf-32"]))
    if kind == 8:  # random bytes inside
        return data[:place] + rng.randbytes(rng.randrange(1, 60)) + data[place:]
    digit = rng.choice(b"0123456789,.:-/CD<>\"'")  # one kind of character turned into another
    return data.replace(bytes([digit]), rng.choice([b"", b"9", b"\xff", b"\0", b'"']))


def check(path, format_name=None):
    """Read a file and check everything that must hold whatever it holds."""
    started = time.monotonic()
    options = Options(timezone="Asia/Shanghai", currency="EUR")
    items = list(read_file(path, options, format=format_name))
    for item in items:
        if isinstance(item, Problem):
            assert item.code != "reader_failed", str(item)
            assert item.message
            continue
        assert len(item.rows) == len(item.lines) > 0
        for row in item.rows:
            well_formed(item.table, row)
    assert time.monotonic() - started < SECONDS_MAX
    assert items or path.stat().st_size > 0
    return items


def well_formed(table, row):
    for column in TABLES[table].columns:
        value = row.get(column.name)
        if value is None:
            assert not column.required, (column.name, row)
        elif column.kind == "int":
            assert isinstance(value, int)
        elif column.kind in {"time", "date"}:
            assert isinstance(value, dt.date)
            assert not isinstance(value, dt.datetime) or value.tzinfo is not None
        else:
            assert isinstance(value, str)
        if column.values and value is not None:
            assert value in column.values


@pytest.mark.parametrize("path", seeds(), ids=lambda p: p.name)
def test_damaged_files(path, tmp_path):
    rng = random.Random(path.name)
    data = path.read_bytes()
    own = getattr(recognise(path), "name", "mt940").split("+")
    for number in range(ROUNDS):
        broken = damage(rng, data)
        if rng.random() < 0.3:
            broken = damage(rng, broken) if broken else broken
        file = tmp_path / "broken.bin"
        file.write_bytes(broken)
        try:
            check(file)
            for name in own:
                check(file, name)  # As a user who insists on the format.
        except BaseException:
            print(f"round {number} of {path.name}")
            raise


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_any_bytes(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "any.bin"
    file.write_bytes(data)
    for name in (None, "camt", "mt940", "cmb_debit"):
        check(file, name)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([
    ":20:A", ":25:1/2", ":60F:C260504EUR1,", ":61:260504C1,NTRF", ":61:", ":86:", ":86:?20?21x",
    ":62F:C260504EUR2,", ":62M:", ":34F:EUR", ":13D:9999999999+9999", "-", "-}", "{1:F01}{2:I942}",
    "text", "", ":61:2605049999D1,5FMSC//", ":60M:D000000EUR", ":25:?00?", ":NS:22", ":86:/CNTP///",
]), max_size=14), st.sampled_from(["\n", "\r\n", "\r", ""]))  # fmt: skip
def test_any_order_of_fields(tmp_path_factory, fields, end):
    file = tmp_path_factory.getbasetemp() / "any.sta"
    file.write_text(end.join(fields), newline="")
    items = check(file, "mt940")
    entries = sum(1 for f in fields if f.startswith((":61:2605",)))
    rows = sum(len(i.rows) for i in items if isinstance(i, Facts) and i.table == "credits")
    assert rows == entries or end == "" or any(isinstance(i, Problem) for i in items)


@pytest.mark.parametrize("path", golden.inputs(), ids=lambda p: p.name)
def test_damage_costs_no_memory(path, tmp_path):
    """A damaged copy takes less than ten times the file, and a little for the reader itself."""
    rng = random.Random(f"memory {path.name}")
    data = path.read_bytes() * 8
    file = tmp_path / "broken.bin"
    check(path)  # What is loaded once is not counted.
    for _ in range(ROUNDS_OF_MEMORY):
        broken = damage(rng, data)
        file.write_bytes(broken)
        tracemalloc.start()
        try:
            for _item in read_file(file, Options(timezone="Asia/Shanghai", currency="EUR")):
                pass
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 10 * len(broken) + 4_000_000
