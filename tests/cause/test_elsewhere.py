"""The same estates in other zones and currencies, and with tables that nobody has.

Every moment is put at the same wall-clock time of another zone, where cut-offs and promises move
with it, so that what is true of a sale stays true.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daozhang.app.check import checked
from tests.oracle.causes.fleet import CHINA
from tests.oracle.causes.story import Story, tell

Wrong = Counter[tuple[tuple[str, ...], str, str]]

SOAK = pytest.mark.soak
ZONES = [
    pytest.param(405, "Australia/Lord_Howe", "KWD"),
    pytest.param(45, "America/New_York", "USD", marks=SOAK),
    pytest.param(248, "Asia/Urumqi", "JPY", marks=SOAK),
    pytest.param(31, "America/St_Johns", "CAD", marks=SOAK),
    pytest.param(42, "Pacific/Chatham", "NZD", marks=SOAK),
]
TELLTALES = ("signals", "batches", "attempts", "actions", "notices", "terminals", "coverage")


def judged(story: Story, folder: Path, as_of: dt.datetime) -> tuple[int, Wrong]:
    """Return how much is late, and the late money with neither its true cause nor ``unknown``."""
    with checked(folder, as_of=as_of) as found:
        assert found.problems == ()
        rows = found.engine.fetch(
            "SELECT sale_id, status, amount_minor, cause, mechanism FROM journeys"
        ).to_pylist()
    late, wrong = 0, Wrong()
    for row in rows:
        truth = story.truth[row["sale_id"]]
        if row["status"] not in {"late", "overdue"}:
            continue
        assert truth.late, row
        late += row["amount_minor"]
        if row["cause"] not in {*truth.causes, "unknown"}:
            faults = tuple(fault.code for fault in truth.faults)
            wrong[faults, row["cause"], row["mechanism"]] += row["amount_minor"]
    return late, wrong


def move(story: Story, folder: Path, zone: str, currency: str) -> dt.datetime:
    """Write an estate as it would be in another zone and currency; return its moment."""
    there = ZoneInfo(zone)

    def moved(value: object) -> object:
        if isinstance(value, dt.datetime):
            return value.astimezone(CHINA).replace(tzinfo=there)
        return currency if value == "CNY" else value

    for rows in story.tables.values():
        rows[:] = [{name: moved(value) for name, value in row.items()} for row in rows]
    story.write(folder)
    terms = folder / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    terms.write_text(text.replace("Asia/Shanghai", zone).replace("CNY", currency), encoding="utf-8")
    return story.as_of.astimezone(CHINA).replace(tzinfo=there)


@pytest.mark.parametrize(("seed", "zone", "currency"), ZONES)
def test_causes_are_the_same_in_other_zones(
    tmp_path: Path, seed: int, zone: str, currency: str
) -> None:
    story = tell(seed)
    as_of = move(story, tmp_path / "in", zone, currency)
    late, wrong = judged(story, tmp_path / "in", as_of)
    assert late > 0
    assert sum(wrong.values()) * 100 <= late * 3, wrong


@pytest.mark.parametrize(
    "missing", [TELLTALES, *(pytest.param((name,), marks=SOAK) for name in TELLTALES)]
)
def test_what_is_not_written_down_blames_no_upgrade(
    tmp_path: Path, missing: tuple[str, ...]
) -> None:
    """A slow bank and a review, and an upgrade that did nothing: money's own tables tell."""
    story = tell(9)
    for name in missing:
        story.tables.pop(name, None)
    folder = story.write(tmp_path / "in")
    with checked(folder, as_of=story.as_of) as found:
        rows = found.engine.fetch(
            "SELECT cause, status, amount_minor FROM journeys WHERE status IN ('late', 'overdue')"
        ).to_pylist()
    assert sum(row["amount_minor"] for row in rows) > 0
    assert not [row for row in rows if row["cause"] == "system_upgrade"]


def test_what_only_an_upgrade_brings_about_is_left_open_without_one(tmp_path: Path) -> None:
    """Batch numbers begin anew, and no upgrade is written down: both that it may be are named."""
    story = tell(411, plan=[("F7", True)])
    assert story.tables.pop("upgrades")
    folder = story.write(tmp_path / "in")
    with checked(folder, as_of=story.as_of) as found:
        said = found.engine.rows(
            "SELECT cause, sum(amount_minor) FROM journeys "
            "WHERE mechanism = 'batch_number_reset' GROUP BY cause"
        )
        rivals = found.engine.rows("SELECT rivals FROM incidents WHERE cause = 'unknown'")
    assert [cause for cause, _ in said] == ["unknown"]
    assert all('"system_upgrade"' in str(told) for (told,) in rivals)
