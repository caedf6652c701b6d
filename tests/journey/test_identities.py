"""The identities hold to the minor unit on every run, and a broken one stops it.

Whatever rows are missing, withdrawn, repeated, corrected or out of order, nothing but the answer
changes. Terms are worked out a second time in plain Python from the rows themselves.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daozhang.app.answers import summary_json
from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.engine import Engine
from daozhang.facts import TABLES as TABLE_OF
from daozhang.journey import pipeline
from daozhang.journey.identities import BrokenIdentityError, check_identities
from daozhang.journey.pipeline import SQL
from tests.oracle.compare import (
    drop_rows,
    duplicate_rows,
    latest_known,
    shuffle_files,
    withdraw_rows,
    zone_of,
)
from tests.oracle.estate import ALL, make_estate
from tests.oracle.rows import (
    Facts,
    as_rfc3339,
    current,
    instant,
    parse_moment,
    read_folder,
    write_csv,
)

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
TABLES = ("sales", "settlements", "payouts", "credits", "coverage", "accounts", "terminals")
MONEY = {
    "sales": ("amount_minor",),
    "settlements": ("gross_minor", "fee_minor", "net_minor"),
    "payouts": ("net_minor",),
    "credits": ("amount_minor",),
}
TERMS = (
    "credited_minor", "outstanding_minor", "fee_minor", "tax_minor", "refunded_minor",
    "charged_back_minor", "reserve_minor",
)  # fmt: skip


def correct_rows(folder: Path, table: str, share: float, seed: int) -> Path:
    """Correct amounts of a share of a table's rows, one second after all else was learned."""
    if table not in MONEY:
        return duplicate_rows(folder, table, share, seed)
    rng = random.Random(seed)
    known = as_rfc3339(latest_known(folder) + dt.timedelta(seconds=1))
    new = duplicate_rows(folder, table, 0, seed)
    rows = read_folder(folder)[table]
    changed = []
    # A row stated twice is corrected to one amount: two corrections of one moment contradict each
    # other, and which of them stands is not what is tested here.
    once: dict[tuple[str, ...], int] = {}
    for row in rng.sample(rows, round(len(rows) * share)):
        key = tuple(row.get(name, "") for name in TABLE_OF[table].key)
        more = once.setdefault(key, rng.randint(0, 50))
        amounts = {name: str(int(row[name]) + more) for name in MONEY[table]}
        if table == "settlements":  # net = gross − fee − tax − reserve, as the contract has it.
            amounts["net_minor"] = str(int(row["net_minor"]))
        changed.append({**row, **amounts, "known_at": known})
    if changed:
        write_csv(new / f"{table}-corrected.csv", changed)
    return new


MUTATORS = {
    "drop": drop_rows,
    "withdraw": withdraw_rows,
    "duplicate": duplicate_rows,
    "correct": correct_rows,
    "shuffle": lambda folder, _table, _share, seed: shuffle_files(folder, seed, 1 + seed % 5),
}


def plain_sums(facts: Facts, as_of: dt.datetime, zone: ZoneInfo) -> dict[str, Counter[str]]:
    """Work terms out from the rows: sales and acts, settled lines that name a sale, booked money.

    References are unique in these estates, so a line's sale is a look-up.
    """
    known = current(facts, as_of, zone)
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    sales = known.get("sales", [])
    undone = {r["original_sale_id"] for r in sales if r["kind"] in ("void", "reversal")}
    parcels = {r["sale_id"]: r for r in sales if r["kind"] in ("sale", "completion")}
    completions = {r["original_sale_id"]: r["sale_id"] for r in sales if r["kind"] == "completion"}
    names = {}
    for row in parcels.values():
        sums[row["currency"]]["sales"] += 1
        sums[row["currency"]]["amount_minor"] += int(row["amount_minor"])
        names[row["provider_id"], row["sale_id"]] = row
        if row.get("rrn"):
            names.setdefault((row["provider_id"], row["rrn"]), row)
    for row in sales:
        first = row.get("original_sale_id", "")
        parcel = parcels.get(first) or parcels.get(completions.get(first, ""))
        if (
            row["kind"] in ("sale", "completion", "preauth")
            or row["sale_id"] in undone
            or not parcel
        ):
            continue
        names[row["provider_id"], row["sale_id"]] = parcel
        if row.get("rrn"):
            names.setdefault((row["provider_id"], row["rrn"]), parcel)
        if row["kind"] == "adjustment":
            sums[parcel["currency"]]["amount_minor"] += int(row["amount_minor"])
    for row in known.get("settlements", []):
        parcel = names.get((row["provider_id"], row.get("ref", "")))
        if row["status"] != "settled" or parcel is None:
            continue
        kind, gross = row.get("kind") or "sale", int(row["gross_minor"])
        total = sums[parcel["currency"]]
        total["fee_minor"] += int(row["fee_minor"]) - (gross if kind == "fee" else 0)
        total["tax_minor"] += int(row.get("tax_minor") or 0) - (gross if kind == "tax" else 0)
        reserve = kind in ("reserve_hold", "reserve_release")
        total["reserve_minor"] += int(row.get("reserve_minor") or 0) - (gross if reserve else 0)
        total["charged_back_minor"] -= gross if kind.startswith("chargeback") else 0
    for row in known.get("credits", []):
        booked = (row.get("status") or "booked") == "booked"
        if booked and instant(parse_moment(row["booked_at"]), zone) <= as_of:
            sums[row["currency"]]["credits"] += 1
            sums[row["currency"]]["booked_minor"] += int(row["amount_minor"])
    return sums


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    plain = ALL - {"rrn_repeat"}
    return [
        make_estate(seed, plain, sales=70).write(tmp_path_factory.mktemp(f"i{seed}") / "in")
        for seed in (2, 11, 40)
    ]


@settings(
    max_examples=200 if SOAK else 6,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
@given(
    which=st.integers(0, 2),
    steps=st.lists(
        st.tuples(
            st.sampled_from(sorted(MUTATORS)),
            st.sampled_from(TABLES),
            st.sampled_from([0.05, 0.3, 0.9]),
            st.integers(0, 1_000),
        ),
        min_size=1,
        max_size=3,
    ),
    back_h=st.sampled_from([0, 0, 31, 100]),
)
def test_identities_hold_and_equal_sums_in_plain_python(
    folders: list[Path], which: int, steps: list[tuple[str, str, float, int]], back_h: int
) -> None:
    """Identities, per currency, to the minor unit, each term from its own table, on every run."""
    folder = folders[which]
    for how, table, share, seed in steps:
        if read_folder(folder).get(table) or how == "shuffle":
            folder = MUTATORS[how](folder, table, share, seed)
    facts = read_folder(folder)
    if not any(facts.get(table) for table in ("sales", "settlements", "payouts", "credits")):
        return
    as_of = latest_known(folder) - dt.timedelta(hours=back_h)
    with checked(folder, as_of=as_of) as found:
        identities = summary_json(found)["identities"]
        rows = found.engine.fetch("SELECT * FROM journeys").to_pylist()
    zone = zone_of(folder)
    expected = plain_sums(facts, as_of, zone)
    for currency, terms in identities["sales"].items():
        assert terms["amount_minor"] == sum(terms[name] for name in TERMS), (currency, terms)
        for name in ("sales", "amount_minor", "fee_minor", "tax_minor", "reserve_minor",
                     "charged_back_minor"):  # fmt: skip
            assert terms[name] == expected[currency][name], (currency, name)
        for name in ("credited_minor", "outstanding_minor", "refunded_minor"):
            mine = sum(row[name] for row in rows if row["currency"] == currency)
            assert terms[name] == mine, (currency, name)
    for currency, terms in identities["credits"].items():
        parts = ("explained_minor", "not_ours_minor", "unexplained_minor")
        assert terms["booked_minor"] == sum(terms[name] for name in parts), (currency, terms)
        for name in ("credits", "booked_minor"):
            assert terms[name] == expected[currency][name], (currency, name)
    for terms in identities["payouts"].values():
        assert terms["net_minor"] == terms["lines_minor"] + terms["not_itemised_minor"]
    told = {c for c, sums in expected.items() if sums["sales"]}
    assert set(identities["sales"]) == told
    assert set(identities["credits"]) == {c for c, sums in expected.items() if sums["credits"]}


ONE = "(SELECT min(sale_id) FROM outcomes WHERE credited_minor > 100)"
CORRUPTIONS = {
    "a sale was credited one unit more than its amount":
        f"UPDATE outcomes SET credited_minor = credited_minor + 1 WHERE sale_id = {ONE}",
    "a sale's amount changed":
        f"UPDATE outcomes SET amount_minor = amount_minor - 1, "
        f"outstanding_minor = outstanding_minor - 1 WHERE sale_id = {ONE}",
    "a sale was lost": f"DELETE FROM outcomes WHERE sale_id = {ONE}",
    "a sale became two":
        f"INSERT INTO outcomes SELECT * FROM outcomes WHERE sale_id = {ONE}",
    "money that did not come was called credited":
        f"UPDATE outcomes SET credited_minor = credited_minor + 100, "
        f"outstanding_minor = outstanding_minor - 100 WHERE sale_id = {ONE}",
    "a fee was invented":
        f"UPDATE outcomes SET fee_minor = fee_minor + 1, "
        f"outstanding_minor = outstanding_minor - 1 WHERE sale_id = {ONE}",
    "a refund was invented":
        f"UPDATE outcomes SET refunded_minor = refunded_minor + 1, "
        f"outstanding_minor = outstanding_minor - 1 WHERE sale_id = {ONE}",
    "a bank line was lost": "DELETE FROM credit_standing WHERE credit_id = "
        "(SELECT min(credit_id) FROM credit_standing WHERE standing = 'explained')",
    "a bank line changed": "UPDATE credit_standing SET amount_minor = amount_minor + 1 "
        "WHERE credit_id = (SELECT min(credit_id) FROM credit_standing)",
    "a payout gave out more than came": "UPDATE chain_standing SET credited_minor = "
        "credited_minor - 7 WHERE chain_id = "
        "(SELECT min(chain_id) FROM chain_standing WHERE whole AND credited_minor > 7)",
    "a settlement line was lost": "DELETE FROM lines WHERE line_id = "
        "(SELECT min(line_id) FROM lines WHERE status = 'settled' AND sale_id IS NOT NULL)",
    "a settlement line came twice": "INSERT INTO lines SELECT * FROM lines WHERE line_id = "
        "(SELECT min(line_id) FROM lines WHERE status = 'settled' AND sale_id IS NOT NULL)",
    "a payout lost its lines": "UPDATE chains SET lines_minor = lines_minor - 1 "
        "WHERE chain_id = (SELECT min(chain_id) FROM chains WHERE lines_minor > 0)",
}  # fmt: skip
NAMING_SALES = list(CORRUPTIONS)[:1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_estate(4, sales=50).write(tmp_path_factory.mktemp("broken") / "in")


def test_every_corruption_stops_the_run_and_names_rows(folder: Path) -> None:
    """A broken identity stops the run, and the message names the first rows that break it."""
    silent = []
    with checked(folder) as found:
        tables = {"outcomes", "credit_standing", "chain_standing", "lines", "chains"}
        for name in tables:
            found.engine.run(f"kept_{name}", f"SELECT * FROM {name}")
        for what, sql in CORRUPTIONS.items():
            found.engine.connection.execute(sql)
            try:
                check_identities(found.engine, SQL)
                silent.append(what)
            except BrokenIdentityError as error:
                if not any(letter.isdigit() for letter in str(error)):
                    silent.append(f"{what} (no row is named)")
            for name in tables:
                found.engine.connection.execute(f"DELETE FROM {name}")
                found.engine.connection.execute(f"INSERT INTO {name} SELECT * FROM kept_{name}")
        check_identities(found.engine, SQL)
    assert not silent, f"nothing was said when {'; when '.join(silent)}"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_broken_identity_exits_with_3_and_names_the_sale(
    folder: Path, tmp_path: Path, monkeypatch: Any, capsys: Any, as_json: bool
) -> None:
    """Exit status 3: an identity is broken; nothing is written."""

    def corrupting(engine: Engine, sql: Any) -> Any:
        engine.connection.execute(
            "UPDATE outcomes SET credited_minor = credited_minor + 1 WHERE sale_id = 'S00007'"
        )
        return check_identities(engine, sql)

    monkeypatch.setattr(pipeline, "check_identities", corrupting)
    words = ["check", str(folder), "--out", str(tmp_path / "out")]
    assert main([*words, "--json"] if as_json else words) == 3
    said = capsys.readouterr()
    message = json.loads(said.out)["error"] if as_json else said.err
    assert "S00007" in message
    assert "identity" in message
    assert not (tmp_path / "out").exists()
