"""From late money to its causes: every unit is weighed, then upgrades are compared with peers.

Leaves ``late_money`` (sale → unit), ``units`` and returns a verdict a unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final

from daozhang.cause.carried import CARRIED, carried_over
from daozhang.cause.clear import Cleared, clear_case
from daozhang.cause.clocks import lag_alike, wrong_before
from daozhang.cause.credit import Booked, credit_case
from daozhang.cause.judge import judge_accounts, judge_terminals
from daozhang.cause.network import Lines, closed_together
from daozhang.cause.pay_out import Paid, pay_out_case
from daozhang.cause.peers import Exposure, Peers
from daozhang.cause.stalls import lags_that_grow
from daozhang.cause.submit import Seen, submit_case, waits_anyway
from daozhang.cause.verdict import Case, Verdict
from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.journey.terms import TermsBook

__all__ = ["find_causes"]

SQL = SqlFolder("daozhang.cause")
Row = Mapping[str, Any]

LATELY: Final = timedelta(days=7)

HELD_ON: Final = timedelta(days=3)
"""A hold whose money has not come goes on over the payouts of the next days."""

LATE_ONLY: Final = 3
"""So many payouts of one payer, all late, are no chance."""

IN_TIME: Final = 5
"""Whoever brings so many in time is the provider's usual payer."""

_HOLDS: Final = ("duplicate_upload_held", "account_under_review", "risk_hold")
_TOLD: Final = frozenset({"returned", "held", "hold_told", "line_refused"})
_TOUCHING: Final = ("account", "migration")
_OUTAGES: Final = ("outage", "maintenance")


def find_causes(
    engine: Engine, book: TermsBook, places: Mapping[str, tuple[Row, ...]]
) -> tuple[list[Row], dict[int, Verdict]]:
    """Return the units of late money and, by unit, why each is late.

    Expects ``findings`` (:mod:`daozhang.cause.findings`): who pays is evidence too, and
    ``sure_upgrades`` and ``sure_signals`` (:mod:`daozhang.cause.doubts`).

    Args:
        engine: holds them, and the journeys.
        book: the terms.
        places: where else doubtful terminals may stand.
    """
    lines = cache(partial(_lines, engine, places))
    _put_carried(engine, book, lines)
    for name in ("late_rows", "late_money", "units"):
        engine.run(name, SQL[name])
    engine.drop("late_rows")
    units = _rows(engine, "SELECT * FROM units ORDER BY unit")
    if not units:
        return [], {}
    for name in ("account_days", "account_terminals"):
        engine.run(name, SQL[name])
    upgrades = _by_unit(engine, "unit_upgrades")
    wipes = _by_unit(engine, "unit_wipes")
    account_upgrades = _by_unit(engine, "account_upgrades")
    terminal_days = {
        (row["provider_id"], row["cutoff_at"]): row for row in _rows(engine, SQL["terminal_days"])
    }
    account_days = _rows(engine, SQL["account_exposed"])
    stories: dict[int, list[Row]] = defaultdict(list)
    for row in _rows(engine, SQL["payout_stories"]):
        stories[row["unit"]].append(row)
    peers = Peers(
        units,
        _rows(engine, "SELECT * FROM account_days"),
        _rows(engine, SQL["cycle_totals"]),
        _rows(engine, SQL["cycle_hours"]),
        Exposure(
            _lately(units, upgrades, account_upgrades),
            terminal_days,
            {(row["provider_id"], row["due_day"]): row for row in account_days},
        ),
        {unit for unit, told in stories.items() if any(s["status"] == "returned" for s in told)},
    )
    notices = _rows(engine, "SELECT * FROM facts_notices ORDER BY from_at, notice_id")
    engine.run("strangers", SQL["strangers"])
    elsewhere, twins = (_by_unit(engine, name) for name in ("lines_elsewhere", "amounts_elsewhere"))
    clocks, hands = (_by_unit(engine, name) for name in ("stall_clocks", "ids_set"))
    stored = _stored_usually(engine)
    cases = {
        **_submit_cases(engine, units, (upgrades, wipes), clocks, notices, lines, stored),
        **_clear_cases(engine, units, upgrades, (elsewhere, twins, stored), hands, notices, peers),
    }
    repeats = _by_unit(engine, "account_repeats")
    cases |= _pay_out_cases(
        engine, book, units, (elsewhere, twins), notices, peers, (repeats, stories)
    )
    touching = _touching(engine)
    cases |= _credit_cases(units, notices, peers, account_upgrades, touching)
    apart = {
        "terminal_clock_wrong": wrong_before(clocks, upgrades),
        "wrong_terminal_or_merchant_id": frozenset(hands),
    }
    verdicts = judge_terminals(cases, upgrades, wipes, terminal_days, apart)
    verdicts |= judge_accounts(cases, account_upgrades, repeats, account_days, touching)
    return units, verdicts


def _lately(
    units: list[Row], upgrades: Mapping[int, Row], account_upgrades: Mapping[int, Row]
) -> frozenset[int]:
    """Return the units whose terminal, or an account's, was upgraded in the week before."""
    found = {unit for unit, row in account_upgrades.items() if row["lately"]}
    for unit in units:
        upgrade = upgrades.get(unit["unit"])
        if upgrade is not None and unit["cutoff_at"] - upgrade["started_at"] <= LATELY:
            found.add(unit["unit"])
    return frozenset(found)


def _rows(engine: Engine, sql: str) -> list[Row]:
    return list(rows_of(engine.fetch(sql)))


def _by_unit(engine: Engine, name: str) -> dict[int, Row]:
    return {row["unit"]: row for row in _rows(engine, SQL[name])}


def _of_leg(units: Iterable[Row], leg: str) -> list[Row]:
    return [unit for unit in units if unit["leg"] == leg]


def _submit_cases(
    engine: Engine,
    units: list[Row],
    touched: tuple[Mapping[int, Row], Mapping[int, Row]],
    clocks: Mapping[int, Row],
    notices: list[Row],
    all_lines: Callable[[], tuple[Lines, Mapping[str, str | None]]],
    stored: Mapping[str, float],
) -> dict[int, Case]:
    mine = _of_leg(units, "submit")
    if not mine:
        return {}
    upgrades, wipes = touched
    for name in ("stalled", "numbered_batches"):
        engine.run(name, SQL[name])
    lines, carriers = all_lines()
    actions: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(_rows(engine, SQL["stall_actions"]), key=lambda r: (r["at"], r["what"])):
        actions[row["unit"]].append(row)
    batched = frozenset(
        str(row[0]) for row in engine.rows("SELECT DISTINCT terminal_id FROM facts_batches")
    )
    seen = Seen(
        upgrades,
        wipes,
        _by_unit(engine, "stall_attempts"),
        _by_unit(engine, "stall_batches"),
        _by_unit(engine, "stall_closes"),
        {unit: row["same"] for unit, row in clocks.items()},
        _by_unit(engine, "clocks_after"),
        {row["unit"]: row["sales"] for row in _rows(engine, SQL["stall_others"])},
        actions,
        lines,
        [n for n in notices if n["kind"] in _OUTAGES],
        batched=batched,
        signalled=frozenset(
            str(row[0]) for row in engine.rows("SELECT DISTINCT terminal_id FROM sure_signals")
        ),
        stored=stored,
        waits=waits_anyway(mine, upgrades, wipes, batched),
        together=closed_together(mine, carriers),
        since=_by_unit(engine, "heard_since"),
        queues=_by_unit(engine, "queues"),
        alike=lag_alike(mine),
    )
    return {
        unit["unit"]: submit_case(unit, seen, carriers.get(unit["terminal_id"])) for unit in mine
    }


def _lines(
    engine: Engine, elsewhere: Mapping[str, tuple[Row, ...]]
) -> tuple[Lines, Mapping[str, str | None]]:
    """Return the lines of all terminals, and their carriers."""
    places, carriers = _places(engine, elsewhere)
    ((first, last),) = engine.rows("SELECT min(s.at), max(s.at) FROM sure_signals AS s")
    span = last - first if isinstance(first, datetime) and isinstance(last, datetime) else None
    lines = Lines(
        _rows(engine, SQL["silences"]) + _rows(engine, SQL["gaps"]),
        places,
        [
            (row["terminal_id"], row["started_at"])
            for row in _rows(engine, "SELECT terminal_id, started_at FROM sure_upgrades")
        ],
        span or timedelta(),
    )
    return lines, carriers


def _put_carried(
    engine: Engine,
    book: TermsBook,
    all_lines: Callable[[], tuple[Lines, Mapping[str, str | None]]],
) -> None:
    """Make table ``carried``, and let what is in it have stopped before the hand-in."""
    found = CARRIED.empty_table()
    if engine.run("late_dated", SQL["late_dated"]):
        sales = _rows(engine, "SELECT * FROM late_dated ORDER BY sale_id")
        found = carried_over(sales, _rows(engine, SQL["cycle_accounts"]), all_lines()[0], book)
    engine.put("carried", found)
    if found.num_rows:
        engine.rename("legs", "legs_by_deadline")
        engine.run("legs", SQL["legs_carried"])


def _stored_usually(engine: Engine) -> dict[str, float]:
    """Return by provider which part of its sales is stored offline."""
    return {
        row["provider_id"]: (row["stored"] + 1) / (row["sales"] + 1)
        for row in _rows(engine, SQL["stored_usually"])
    }


def _places(
    engine: Engine, elsewhere: Mapping[str, tuple[Row, ...]]
) -> tuple[list[Row], dict[str, str | None]]:
    """Return terminals with the dimensions that may be places, and their carriers.

    A terminal that may stand elsewhere too has a row for each place.
    """
    left_out = {
        "merchant_id", "provider_id", "model", "release_id", "mcc", "serial", "known_at", "removed",
    }  # fmt: skip
    columns = [
        c for c in engine.columns("facts_terminals") if c not in left_out and not c.startswith("_")
    ]
    rows = _rows(engine, f"SELECT {', '.join(columns)} FROM facts_terminals")
    others = [
        {"terminal_id": terminal, **{c: v for c, v in row.items() if c in columns}}
        for terminal, found in elsewhere.items()
        for row in found
    ]
    return [*rows, *others], {row["terminal_id"]: row.get("carrier") for row in rows}


def _clear_cases(
    engine: Engine,
    units: list[Row],
    upgrades: Mapping[int, Row],
    others: tuple[Mapping[int, Row], Mapping[int, Row], Mapping[str, float]],
    hands: Mapping[int, Row],
    notices: list[Row],
    peers: Peers,
) -> dict[int, Case]:
    mine = _of_leg(units, "clear")
    if not mine:
        return {}
    ids = {
        row["terminal_id"]: row["times"]
        for row in _rows(
            engine,
            "SELECT terminal_id, count(*) AS times FROM facts_attempts "
            "WHERE code IN ('97', '03') GROUP BY terminal_id",
        )
    }
    seen = Cleared(peers, upgrades, *others, ids, notices, hands)
    return {unit["unit"]: clear_case(unit, seen) for unit in mine}


def _pay_out_cases(
    engine: Engine,
    book: TermsBook,
    units: list[Row],
    others: tuple[Mapping[int, Row], Mapping[int, Row]],
    notices: list[Row],
    peers: Peers,
    told: tuple[Mapping[int, Row], Mapping[int, list[Row]]],
) -> dict[int, Case]:
    mine = _of_leg(units, "pay_out")
    if not mine:
        return {}
    limits = {
        term.provider_id
        for term in book.terms
        if term.min_payout_minor or term.daily_limit_minor is not None
    }
    repeats, stories = told
    payers = _rows(engine, SQL["payers_late"])
    seen = Paid(
        peers,
        *others,
        _by_unit(engine, "copies_refused"),
        stories,
        repeats,
        {row["unit"]: row["payouts"] for row in _rows(engine, SQL["paid_meanwhile"])},
        _by_unit(engine, "rolled_over"),
        notices,
        _unlicensed(engine, book, payers),
        frozenset(limits),
        frozenset((unit["provider_id"], unit["account_id"]) for unit in units if unit["remapped"]),
        lags_that_grow(mine, peers.due),
        frozenset(str(row["provider_id"]) for row in payers),
        _agreed(mine, book),
    )
    return _in_order_of_time(mine, seen)


def _agreed(units: Iterable[Row], book: TermsBook) -> dict[int, int]:
    """Return by unit the daily limit that the terms set its account, beside any for windows."""
    limits = {
        term.index: term.daily_limit_minor
        for term in book.terms
        if term.daily_limit_minor is not None and term.account_id and not term.windows
    }
    placed = ((unit["unit"], limits.get(unit["term_index"])) for unit in units)
    return {unit: limit for unit, limit in placed if limit is not None}


def _in_order_of_time(units: list[Row], seen: Paid) -> dict[int, Case]:
    """Weigh units as they fell due.

    A hold that was shown for one payout of an account speaks for those that follow it, and an
    account that is held says nothing about its provider.
    """
    cases: dict[int, Case] = {}
    holds: dict[str, dict[str, tuple[str, datetime]]] = defaultdict(dict)
    for unit in sorted(units, key=lambda u: (u["due_at"], u["unit"])):
        held, own = holds[unit["provider_id"]], unit["account_id"]
        apart = {a for a, (_, until) in held.items() if a != own and unit["due_at"] <= until}
        case = pay_out_case(unit, seen, apart)
        if own in held and unit["due_at"] <= held[own][1] and not case.shows(_TOLD):
            # What was held before its provider stalled, and after, the stall did not touch.
            weight = 6.5 if seen.peers.outlasts(unit, apart) else 3.0
            case.add("held_on", {held[own][0]: weight})
        mechanism = case.shares()[0][0]
        if mechanism in _HOLDS and case.evidence_for(mechanism):
            # Once it was paid, the hold is over.
            until = unit["ended_at"] if unit["paid"] else unit["due_at"] + HELD_ON
            held[own] = (mechanism, max(unit["ended_at"], until))
        cases[unit["unit"]] = case
    return cases


def _unlicensed(engine: Engine, book: TermsBook, payers: list[Row]) -> frozenset[str]:
    """Return providers without a licence by their terms, or whose late money others pay.

    Where the terms name no payers, whoever brings late payouts only beside somebody whose payouts
    are in time is another one.
    """
    strangers = engine.rows(
        "SELECT DISTINCT provider_id FROM findings WHERE finding = 'payer_stranger'"
    )
    return frozenset(
        {term.provider_id for term in book.terms if term.licensed is False}
        | {str(provider) for (provider,) in strangers}
        | _second_payers(payers)
    )


def _second_payers(rows: Iterable[Row]) -> set[str]:
    """Return the providers some of whose payers bring late payouts only, others those in time."""
    payers: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        payers[row["provider_id"]].append(row)
    return {
        provider
        for provider, mine in payers.items()
        if any(row["late"] == row["payouts"] >= LATE_ONLY for row in mine)
        and any(row["payouts"] - row["late"] >= IN_TIME for row in mine)
    }


def _touching(engine: Engine) -> frozenset[str]:
    """Return the releases that touch the account or move merchants' data."""
    return frozenset(
        str(release)
        for release, touched in engine.rows("SELECT release_id, touches FROM facts_releases")
        if any(word in str(touched or "") for word in _TOUCHING)
    )


def _credit_cases(
    units: list[Row],
    notices: list[Row],
    peers: Peers,
    upgrades: Mapping[int, Row],
    touching: frozenset[str],
) -> dict[int, Case]:
    mine = _of_leg(units, "credit")
    begun: dict[tuple[str, str], Row] = {}
    for unit in sorted(mine, key=lambda u: (u["due_at"], u["unit"])):
        if not unit["credited"]:
            begun.setdefault((unit["provider_id"], unit["account_id"]), unit)
    seen = Booked(peers, upgrades, begun, notices, touching)
    return {unit["unit"]: credit_case(unit, seen) for unit in mine}
