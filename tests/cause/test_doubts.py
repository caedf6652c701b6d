"""Facts about terminals that cannot be so: told with their row, and never a wrong cause."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.check import Checked, checked
from daozhang.app.intake import take_folder
from daozhang.app.located import located
from daozhang.cause.doubts import AT_ONCE, find_doubts
from daozhang.engine import DuckEngine
from daozhang.facts import Problem
from daozhang.journey.known import Zones, count_facts, learn
from tests.app.small import moment, term, write_small
from tests.oracle.causes.story import Story, tell

SALES = """
sale_id,store_id,terminal_id,amount_minor,captured_at,host_at,submitted_at
s1,A,t,10000,05-12T10:00,05-12T10:00,05-12T22:00
s2,A,t,10000,05-12T11:00,05-12T11:00,05-12T22:00
s3,A,u,10000,05-12T12:00,05-12T12:00,05-12T22:00
s4,A,v,10000,05-12T12:30,05-12T12:30,05-12T22:00
"""
TERMINALS = """
terminal_id,store_id,merchant_id,provider_id,model,floor
t,A,m,P,X1,
u,A,m,P,X1,
v,A,m,P,X2,
"""
PLAIN = TERMINALS.replace(",floor", "").replace(",\n", "\n")
UPGRADES = (
    "terminal_id,release_id,started_at,finished_at,outcome\nv,R1,05-11T02:00,05-11T02:10,ok\n"
)
SIGNALS = "terminal_id,at,online\n" + "".join(f"t,05-12T{h:02}:00,1\n" for h in range(24))

LATER = "R2,05-11T02:05"

Located = tuple[str, int | None, str]


def found(folder: Path, files: dict[str, str]) -> tuple[list[Located], set[str]]:
    """Return the findings, and the releases of the upgrades that causes rest on."""
    files = {"sales": SALES, "terminals": PLAIN, **files}
    write_small(folder, term(), files)
    with closing(DuckEngine()) as engine:
        take_folder(engine.connection, folder)
        learn(engine, Zones("Asia/Shanghai", {}), moment("09-01T00:00"), count_facts(engine))
        told = located(find_doubts(engine).told, folder)
        assert all(p.severity == "warning" for p in told)
        releases = {str(r) for (r,) in engine.rows("SELECT release_id FROM sure_upgrades")}
        return [(p.file, p.line, p.code) for p in told], releases


DOUBTFUL: dict[str, tuple[dict[str, str], list[Located]]] = {
    "nothing": ({"upgrades": UPGRADES, "signals": SIGNALS}, []),
    "two releases at one moment": (
        {"upgrades": UPGRADES + "v,R2,05-11T02:00,05-11T02:20,ok\n"},
        [("upgrades.csv", 3, "upgrades_at_once")],
    ),
    "one while another goes on": (
        {"upgrades_a": UPGRADES, "upgrades_b": UPGRADES.replace("R1,05-11T02:00", LATER)},
        [("upgrades_b.csv", 2, "upgrades_at_once")],
    ),
    "one after another": ({"upgrades": UPGRADES + "v,R2,05-11T03:00,05-11T03:20,ok\n"}, []),
    "the same again": (
        {"upgrades": UPGRADES + "v,R1,05-12T02:00,05-12T02:20,ok\n"},
        [("upgrades.csv", 3, "upgrade_repeated")],
    ),
    "the same again after it failed": (
        {"upgrades": UPGRADES.replace("ok", "failed") + "v,R1,05-12T02:00,05-12T02:20,ok\n"}, [],
    ),
    "an end before the beginning": (
        {"upgrades": UPGRADES + "t,R1,05-12T02:00,05-09T02:20,ok\n"},
        [("upgrades.csv", 3, "upgrade_ends_before_it_begins")],
    ),
    "a signal from the future": (
        {"signals": SIGNALS + "u,08-01T00:00,1\n"}, [("signals.csv", 26, "from_the_future")],
    ),
    "a signal before it happened": (
        {"signals": "terminal_id,at,online,known_at\n"
                    "t,05-12T08:00,1,05-12T08:00\nu,05-12T09:00,1,05-10T09:00\n"},
        [("signals.csv", 3, "from_the_future")],
    ),
    "signals go on when the money's files end": (
        {"signals": SIGNALS + "".join(f"t,05-{d}T09:00,1\n" for d in range(13, 30))}, [],
    ),
    "a terminal listed in another store": (
        {"terminals": PLAIN.replace("u,A", "u,B")},
        [("terminals.csv", 3, "terminal_in_two_stores")],
    ),
    "a terminal that sold in two stores at one time": (
        {"sales": SALES + "s5,B,t,10000,05-12T10:30,05-12T10:30,05-12T22:00\n"},
        [("sales.csv", 6, "terminal_in_two_stores")],
    ),
    "a terminal that moved": (
        {"sales": SALES + "s5,B,t,10000,05-13T10:30,05-13T10:30,05-13T22:00\n"}, [],
    ),
    "a dimension that says nothing": (
        {"terminals": TERMINALS}, [("terminals.csv", 1, "dimension_empty")],
    ),
    "a known dimension that says nothing": (
        {"terminals": PLAIN.replace("X1", "").replace("X2", "")},
        [("terminals.csv", 1, "dimension_empty")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_cannot_be_so_is_told_with_its_row(tmp_path: Path, name: str) -> None:
    files, told = DOUBTFUL[name]
    assert found(tmp_path, files)[0] == told


def test_a_terminal_listed_twice_is_told_at_its_first_row(tmp_path: Path) -> None:
    told, _ = found(tmp_path, {"terminals": PLAIN + "t,C,m,P,X1\n"})
    assert told == [("terminals.csv", 2, "terminal_in_two_stores")]


def test_what_the_terminal_runs_now_says_which_release_it_was(tmp_path: Path) -> None:
    both = UPGRADES + "v,R2,05-11T02:00,05-11T02:20,ok\n"
    runs = "\n".join(f"{row},{'release_id' if 'model' in row else 'R2'}"
                     for row in PLAIN.strip().splitlines())  # fmt: skip
    assert found(tmp_path / "one", {"upgrades": both}) == (
        [("upgrades.csv", 3, "upgrades_at_once")], {AT_ONCE.join(("R1", "R2"))},
    )  # fmt: skip
    assert found(tmp_path / "two", {"upgrades": both, "terminals": runs})[1] == {"R2"}


def test_findings_are_told_in_both_languages() -> None:
    problem = Problem("upgrades.csv", 3, "upgrades_at_once", "t is upgraded twice")
    assert problem.said("zh").startswith("upgrades.csv 第 3 行：同一台终端同一时间升级到两个版本")
    assert problem.said("en") == "upgrades.csv:3: t is upgraded twice [upgrades_at_once]"


def late_of(done: Checked) -> dict[str, dict[str, Any]]:
    rows = done.engine.fetch(
        "SELECT sale_id, amount_minor, cause, mechanism FROM journeys "
        "WHERE status IN ('late', 'overdue')"
    ).to_pylist()
    return {row["sale_id"]: row for row in rows}


def wrong(story: Story, late: dict[str, dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Return the late money whose cause is neither right nor left open."""
    money: Counter[tuple[str, str]] = Counter()
    for sale_id, row in late.items():
        if row["cause"] not in {*story.truth[sale_id].causes, "unknown"}:
            money[row["cause"], row["mechanism"]] += row["amount_minor"]
    return money


def test_a_signal_from_the_future_hides_no_outage(tmp_path: Path) -> None:
    """Of each terminal one: how often it usually reports, and how long it was silent, is as before.

    The moment that is answered for is the future's then, as nothing else is said.
    """
    story = tell(31)
    first = {row["terminal_id"]: row for row in reversed(story.tables["signals"])}
    future = story.as_of + timedelta(days=400)
    story.tables["signals"] += [{**row, "at": future, "known_at": None} for row in first.values()]
    with checked(story.write(tmp_path / "in")) as done:
        (problem,) = done.problems
        assert (problem.code, problem.file) == ("from_the_future", "signals.csv")
        assert problem.message.startswith(f"{len(first)} rows")
        late = late_of(done)
    assert Counter(row["cause"] for row in late.values())["network"] > 20
    assert not wrong(story, late)


def test_upgrades_that_contradict_themselves_convict_nobody_wrongly(tmp_path: Path) -> None:
    """Some are of two releases at once: the upgrade did it, and it is not known which.

    Others end days before they begin: when they were is not known, so the cause is left open and
    both that it may be are named. Terminals listed twice, with two models, narrow nothing.
    """
    story = tell(405)
    upgrades = story.tables["upgrades"]
    for row in upgrades[::2]:
        row["finished_at"] = row["started_at"] - timedelta(days=3)  # type: ignore[operator]
    upgrades += [{**row, "release_id": "R9"} for row in upgrades[1::2]]
    terminals = story.tables["terminals"]
    stores = sorted({str(row["store_id"]) for row in terminals})
    other = dict(zip(stores, stores[1:] + stores[:1], strict=True))
    terminals += [
        {**row, "store_id": other[str(row["store_id"])], "model": "M0"} for row in terminals
    ]
    with checked(story.write(tmp_path / "in"), as_of=story.as_of) as done:
        codes = Counter(p.code for p in done.problems)
        late = late_of(done)
        incidents = done.engine.fetch(
            "SELECT cause, scope, evidence, rivals FROM incidents"
        ).to_pylist()
    assert codes["upgrade_ends_before_it_begins"] == codes["upgrades_at_once"] + 1 == 8
    assert codes["terminal_in_two_stores"] == len(terminals) // 2
    assert not wrong(story, late)
    blamed = [row for row in incidents if row["cause"] == "system_upgrade"]
    assert blamed
    for row in blamed:
        assert not {"release_id", "model"} & json.loads(row["scope"]).keys()
        (fact,) = [f for f in json.loads(row["evidence"]) if f["fact"] == "releases_at_once"]
        assert fact["releases"] == "R9, V8.0"
    left_open = [json.loads(row["rivals"]) for row in incidents if row["cause"] == "unknown"]
    assert left_open
    for rivals in left_open:
        named = {rival["cause"] for rival in rivals}
        assert "system_upgrade" in named
        assert len(named) > 1
