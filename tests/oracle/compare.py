"""Comparing journeys readably, and changing fact folders in ways that must not matter (or must).

Every mutator leaves its folder alone and returns a new one beside it.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from daozhang.facts import TABLES
from tests.oracle.rows import (
    UTC,
    Facts,
    Row,
    as_rfc3339,
    known_at,
    last_known,
    read_folder,
    write_csv,
    write_parquet,
)

Journey = Mapping[str, Any]

COLUMNS = (
    "status", "leg", "reason", "amount_minor", "currency", "merchant_id", "store_id",
    "terminal_id", "provider_id", "channel", "account_id", "captured_at", "submitted_at",
    "cleared_at", "paid_out_at", "credited_at", "promised_at", "provisional", "credit_id",
    "credit_ids", "payout_id", "net_minor", "fee_minor", "fee_expected_minor", "refunded_minor",
    "charged_back_minor", "credited_minor", "outstanding_minor", "late_s",
)  # fmt: skip
"""The columns that the contract determines for certain matches."""
MONEY = tuple(name for name in COLUMNS if name.endswith("_minor"))
TIMES = tuple(name for name in COLUMNS if name.endswith("_at"))
SHOWN_MAX = 40  # lines of a failed comparison


def canonical(rows: Any) -> dict[str, dict[str, Any]]:
    """Return journeys by sale id with plain values: UTC times, sorted lists, ints, None.

    Args:
        rows: a Parquet path, an Arrow table, dictionaries, or a mapping of them by sale id.
    """
    if isinstance(rows, Path):
        rows = pq.read_table(rows)
    if hasattr(rows, "to_pylist"):
        rows = rows.to_pylist()
    found: Iterable[Journey] = rows.values() if isinstance(rows, Mapping) else rows
    out: dict[str, dict[str, Any]] = {}
    for row in found:
        sale_id = str(row["sale_id"])
        assert sale_id not in out, f"sale {sale_id} has two journeys"
        out[sale_id] = {name: _plain(name, value) for name, value in row.items()}
    return out


def _plain(name: str, value: Any) -> Any:
    if name == "credit_ids":
        return _ids(value)
    if isinstance(value, dt.datetime):
        assert value.tzinfo is not None, f"{name} has no zone: {value}"
        return value.astimezone(UTC)
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    return None if isinstance(value, str) and not value else value


def _ids(value: Any) -> list[str]:
    """Read a list of credit ids, however it is written: list, JSON, or text with separators."""
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else re.split(r"[;,|\s]+", value)
    return sorted(str(v) for v in value or () if v)


def differences(
    expected: Mapping[str, Journey],
    actual: Any,
    columns: Sequence[str] = COLUMNS,
) -> list[str]:
    """Return one sentence for each difference, naming sale, column and both values."""
    want, got = canonical(expected), canonical(actual)
    out = [f"{s}: has no journey, expected {want[s]['status']}" for s in sorted(want.keys() - got)]
    out += [f"{s}: has a journey, expected none" for s in sorted(got.keys() - want)]
    missing = [c for c in columns if got and c not in next(iter(got.values()))]
    out += [f"column {name} is missing" for name in missing]
    for sale_id in sorted(want.keys() & got.keys()):
        mine, theirs = want[sale_id], got[sale_id]
        skip = set(mine.get("_skip") or ()) | set(theirs.get("_skip") or ()) | set(missing)
        for name in columns:
            if name not in skip and name in mine and not _same(name, mine, theirs):
                out.append(
                    f"{sale_id}.{name}: expected {_show(mine[name])}, got {_show(theirs[name])}"
                    f"  [{mine['provider_id']}, {mine['account_id']}, {mine['status']}]"
                )
    return out


def assert_same_journeys(
    expected: Mapping[str, Journey],
    actual: Any,
    columns: Sequence[str] = COLUMNS,
    *,
    about: object = "",
) -> None:
    """Fail with readable differences unless both hold the same journeys.

    Columns named in a journey's ``_skip`` are left out for that sale: there the contract leaves
    room. ``reason`` is compared only where money is overdue, and a text that contains the reason's
    class (held, returned, …) or the line's own text is accepted; an unknown net or fee may be NULL
    or 0.

    Args:
        expected: the truth or the reference's answer.
        actual: anything :func:`canonical` takes.
        columns: which columns to compare.
        about: what to print on top of a failure, e.g. the estate.
    """
    found = differences(expected, actual, columns)
    if found:
        more = len(found) - SHOWN_MAX
        tail = [f"… and {more} more"] if more > 0 else []
        raise AssertionError(
            "\n".join([f"{len(found)} differences {about}", *found[:SHOWN_MAX], *tail])
        )


def _same(name: str, mine: Journey, theirs: Journey) -> bool:
    want, got = mine[name], theirs.get(name)
    if name == "reason":
        if mine["status"] != "overdue":
            return True
        text = mine.get("_reason_text") or want
        return got is not None and (want in got or text in got)
    if name in MONEY:
        return (want or 0) == (got or 0)
    return bool(want == got)


def _show(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return repr(value)


# Mutators.


def zone_of(folder: Path) -> ZoneInfo:
    """Return the zone of a folder's terms."""
    terms = tomllib.loads((folder / "terms.toml").read_text(encoding="utf-8"))
    return ZoneInfo(terms.get("timezone", "Asia/Shanghai"))


def latest_known(folder: Path) -> dt.datetime:
    """Return the latest ``known_at`` of a folder: what an answer without as-of stands for."""
    return last_known(read_folder(folder), zone_of(folder))


def _sibling(folder: Path, mark: str) -> Path:
    new = folder.with_name(f"{folder.name}-{mark}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    if (folder / "terms.toml").exists():
        shutil.copy(folder / "terms.toml", new)
    return new


def _write(folder: Path, facts: Facts) -> Path:
    for table, rows in facts.items():
        if rows:
            write_csv(folder / f"{table}.csv", rows)
    return folder


def shuffle_files(folder: Path, seed: int, pieces: int) -> Path:
    """Regroup every table's rows into up to so many files in another order, CSV or Parquet."""
    rng = random.Random(seed)
    new = _sibling(folder, f"shuffled-{seed}")
    for table, rows in sorted(read_folder(folder).items()):
        mixed = rng.sample(rows, len(rows))
        names = [f"{table}{mark}" for mark in ("", "-a", "_b", ".2026-05", "-north", "_z")]
        names += [f"{table}-{n}" for n in range(pieces)]
        for number in range(pieces):
            part = mixed[number::pieces]
            name = names[(number + seed) % len(names)]
            as_parquet = bool(part) and rng.random() < 0.5
            if as_parquet and write_parquet(new / f"{name}.parquet", table, part):
                continue
            if part:
                write_csv(new / f"{name}.csv", part)
    return new


def slice_by_known_at(folder: Path, n: int, overlap: float = 0.0, seed: int = 0) -> list[Path]:
    """Cut a folder into n that arrive one after the other, each with what was learned meanwhile.

    What is always known, and ``terms.toml``, is in the first. The first k together are what was
    known at :func:`latest_known` of the k-th (of the last non-empty one, strictly).

    Args:
        folder: a fact folder.
        n: how many slices; every slice exists, though it may be empty.
        overlap: share of each earlier slice's rows that every slice repeats.
        seed: chooses the repeated rows.
    """
    zone, facts, rng = zone_of(folder), read_folder(folder), random.Random(seed)
    early = dt.datetime.min.replace(tzinfo=UTC)
    dated = [
        (known_at(table, row, zone) or early, table, row)
        for table, rows in sorted(facts.items())
        for row in rows
    ]
    times = sorted({known for known, _, _ in dated if known > early})
    cuts = [times[min(len(times) * (k + 1) // n, len(times)) - 1] for k in range(n)]
    slices: list[Facts] = [{} for _ in range(n)]
    for known, table, row in dated:
        place = next(k for k, cut in enumerate(cuts) if known <= cut)
        slices[place].setdefault(table, []).append(row)
        for later in range(place + 1, n):
            if overlap and rng.random() < overlap:
                slices[later].setdefault(table, []).append(row)
    out = []
    for k, part in enumerate(slices):
        new = _sibling(folder, f"slice-{k}")
        if k:
            (new / "terms.toml").unlink(missing_ok=True)
        out.append(_write(new, part))
    return out


def _keys(rows: list[Row], table: str, share: float, seed: int) -> set[tuple[str, ...]]:
    names = TABLES[table].key
    keys = sorted({tuple(row.get(n, "") for n in names) for row in rows})
    return set(random.Random(seed).sample(keys, round(len(keys) * share)))


def drop_rows(folder: Path, table: str, share: float, seed: int) -> Path:
    """Leave out a share of a table's facts, with all their repeats and corrections."""
    facts = read_folder(folder)
    gone = _keys(facts.get(table, []), table, share, seed)
    names = TABLES[table].key
    facts[table] = [
        r for r in facts.get(table, []) if tuple(r.get(n, "") for n in names) not in gone
    ]
    return _write(_sibling(folder, f"without-{table}-{seed}"), facts)


def duplicate_rows(folder: Path, table: str, share: float, seed: int) -> Path:
    """Write a share of a table's rows a second time, into a file of their own."""
    facts = read_folder(folder)
    rows = facts.get(table, [])
    again = random.Random(seed).sample(rows, round(len(rows) * share))
    new = _write(_sibling(folder, f"repeated-{table}-{seed}"), facts)
    if again:
        write_csv(new / f"{table}-again.csv", again)
    return new


def withdraw_rows(folder: Path, table: str, share: float, seed: int) -> Path:
    """Withdraw a share of a table's facts, one second after everything else was learned."""
    facts, zone = read_folder(folder), zone_of(folder)
    rows = facts.get(table, [])
    gone = _keys(rows, table, share, seed)
    known = as_rfc3339(last_known(facts, zone) + dt.timedelta(seconds=1))
    last: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row.get(n, "") for n in TABLES[table].key)
        if key in gone:
            last[key] = {**row, "removed": "1", "known_at": known}
    new = _write(_sibling(folder, f"withdrawn-{table}-{seed}"), facts)
    if last:
        write_csv(new / f"{table}-withdrawn.csv", list(last.values()))
    return new
