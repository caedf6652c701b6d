"""Upgrades: their effect on money, the gate's verdict, whose terminals, and quiet hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from daozhang.server.words_money_en import EN
from daozhang.server.words_money_zh import ZH
from tests.server.shown import reading_of, statuses, table, text

Client = Callable[[str], Any]
RELEASE = "3.2.1"
ALLOWED = {"ops", "store", "finance", "provider", "admin", "auditor"}


def test_upgrades_are_for_those_who_answer_for_them(client_of: Client) -> None:
    for path in ("/upgrades/", "/upgrade-hours/"):
        found = statuses(client_of, path)
        assert {name for name, status in found.items() if status == 200} == ALLOWED
        assert found["bank"] == 403


def _record() -> Any:
    from daozhang.app.gate_record import read_gate

    (record,) = read_gate(reading_of("finance").folder / "gate.json")
    return record


def test_the_snapshot_keeps_what_the_gate_says(server: object) -> None:
    record = _record()
    assert record.release_id == RELEASE
    assert record.now.at == int(reading_of("finance").about.as_of.timestamp())
    assert [look.at for look in record.looks] == sorted({look.at for look in record.looks})
    assert set(record.told) == {"zh", "en"}
    fails = [look.at for look in record.looks if look.verdict == "FAIL"]
    assert record.halted_at == (fails[0] if fails else None)


def _counted(look: Any) -> tuple[Any, ...]:
    """Return what is counted; sums of bets differ in a last digit with their order."""
    return look.at, look.verdict, look.reason, look.exposed, look.seen, look.harmed


def test_a_record_is_what_a_replay_says(server: Any) -> None:
    from daozhang.app.check import checked
    from daozhang.app.gate_record import LOOKS_MAX, gate_records, read_gate, write_gate
    from daozhang.app.replay import replay
    from daozhang.gate import Settings

    path = server / "again.json"
    settings = Settings(alpha=0.2)  # So easily alarmed that the small estate is halted too.
    with checked(server / "store", as_of=reading_of("finance").about.as_of, whole=True) as found:
        (record,) = gate_records(found, settings)
        (one,) = replay(found, settings)
        (again,) = gate_records(found)
    assert list(map(_counted, again.looks)) == list(map(_counted, _record().looks))
    assert set(map(_counted, one.looks)) <= set(map(_counted, record.looks))
    assert record.halted_at == one.judge.halted_at
    assert record.now.verdict == one.judge.look(record.now.at).verdict
    assert len(record.looks) <= LOOKS_MAX + 2
    write_gate(path, [record])
    assert read_gate(path) == (record,)


def test_a_snapshot_without_a_record_is_shown_without_a_verdict(tmp_path: Any) -> None:
    from daozhang.app.gate_record import read_gate

    assert read_gate(tmp_path / "gate.json") == ()


def _failed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the gate have halted the release at its last look."""
    from daozhang.server.views import upgrades

    record = _record()
    last = replace(record.now, verdict="FAIL", reason="harm")
    failed = replace(record, looks=(*record.looks[:-1], last), halted_at=last.at)
    monkeypatch.setattr(upgrades, "gate_of", lambda _: {RELEASE: failed})
    return failed


@pytest.mark.parametrize(("lang", "words"), [("en", EN), ("zh", ZH)])
def test_a_halted_release_says_so_with_its_reasons_and_pictures(
    client_of: Client, monkeypatch: pytest.MonkeyPatch, lang: str, words: Any
) -> None:
    record = _failed(monkeypatch)
    page = text(client_of("finance").get(f"/upgrades/{RELEASE}/?lang={lang}"))
    assert "tone-bad" in page
    assert "FAIL" in page
    assert words["upgrade.do.FAIL"] in page
    assert record.told[lang].sentence in unescape(page)
    assert record.told[lang].why in unescape(page)
    assert '<figure class="picture">' in page
    assert 'href="/late/' in page
    listed = text(client_of("finance").get(f"/upgrades/?lang={lang}"))
    assert words["upgrade.first"].split("{")[0] in listed


def test_a_release_that_is_not_judged_yet_says_wait(client_of: Client) -> None:
    assert _record().now.verdict == "WAIT"
    page = text(client_of("finance").get(f"/upgrades/{RELEASE}/?lang=en"))
    assert "tone-unsure" in page
    assert EN["upgrade.do.WAIT"] in page


def _effect(name: str, side: str) -> tuple[int, int, int]:
    """Count due and late sales of a group another way: sale by sale."""
    engine = reading_of(name).engine()
    upgraded = dict(
        engine.rows(
            "SELECT terminal_id, min(started_at) FROM facts_upgrades "
            f"WHERE release_id = '{RELEASE}' GROUP BY terminal_id"
        )
    )
    begun = min(upgraded.values())
    sales = engine.rows(
        "SELECT terminal_id, provider_id, captured_at, status, amount_minor FROM outcomes "
        "WHERE status IN ('on_time', 'late', 'overdue')"
    )
    near = {
        provider for terminal, provider, at, _, _ in sales
        if terminal in upgraded and at >= upgraded[terminal]
    }  # fmt: skip
    due = late = minor = 0
    for terminal, provider, at, status, amount in sales:
        on_it = terminal in upgraded and at >= upgraded[terminal]
        if at < begun or provider not in near or on_it != (side == "upgraded"):
            continue
        due += 1
        if status != "on_time":
            late, minor = late + 1, minor + amount
    return due, late, minor


@pytest.mark.parametrize("name", ["finance", "provider"])
def test_the_effect_is_what_counting_sale_by_sale_gives(client_of: Client, name: str) -> None:
    rows = [
        row for row in table(client_of(name).get("/upgrades/?format=csv"))
        if row["release_id"] == RELEASE
    ]  # fmt: skip
    for side in ("upgraded", "others"):
        counted = tuple(
            sum(int(row[f"{side}_{part}"]) for row in rows)
            for part in ("due", "late", "late_minor")
        )
        assert counted == _effect(name, side)
        assert counted[0] > 0


@pytest.mark.parametrize("side", ["upgraded", "others"])
def test_late_money_leads_to_its_sales(client_of: Client, side: str) -> None:
    rows = table(
        client_of("finance").get(
            f"/sales/?release={RELEASE}&side={side}&status=late,overdue&format=csv"
        )
    )
    _, late, minor = _effect("finance", side)
    assert len(rows) == late
    assert sum(int(row["amount_minor"]) for row in rows) == minor


def test_terminals_are_ones_own(client_of: Client) -> None:
    every = table(client_of("finance").get(f"/upgrades/{RELEASE}/terminals.csv"))
    ((count,),) = (
        reading_of("finance")
        .engine()
        .rows(
            f"SELECT count(DISTINCT terminal_id) FROM facts_upgrades WHERE release_id = '{RELEASE}'"
        )
    )
    assert len(every) == count
    (store,) = reading_of("store").scope.stores
    expected = {row["terminal_id"] for row in every if row["store_id"] == store}
    answer = client_of("store").get(f"/upgrades/{RELEASE}/terminals.csv")
    seen = set() if answer.status_code == 404 else {row["terminal_id"] for row in table(answer)}
    assert seen == expected


def test_who_sees_some_rows_is_told_the_verdict_without_the_fleets_numbers(
    client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _failed(monkeypatch).told["en"]
    page = unescape(text(client_of("provider").get(f"/upgrades/{RELEASE}/?lang=en")))
    assert "FAIL" in page
    assert EN["upgrade.part"] in page
    assert told.why not in page
    assert told.sentence not in page
    assert '<figure class="picture">' not in page


def test_there_is_nothing_at_a_release_that_is_not_known(client_of: Client) -> None:
    assert client_of("finance").get("/upgrades/9.9.9/").status_code == 404
    assert client_of("finance").get("/upgrades/9.9.9/terminals.csv").status_code == 404


def test_quiet_hours_are_the_stores_own_and_away_from_the_cut_off(client_of: Client) -> None:
    rows = table(client_of("finance").get("/upgrade-hours/?format=csv"))
    assert len(rows) > 5
    ((store, count),) = (
        reading_of("finance")
        .engine()
        .rows(
            "SELECT max_by(store_id, n), max(n) FROM (SELECT store_id, count(*) AS n FROM outcomes "
            "GROUP BY store_id) AS s"
        )
    )
    assert (rows[0]["store_id"], int(rows[0]["sales"])) == (store, count)
    page = text(client_of("finance").get(f"/upgrade-hours/?store={store}&lang=en"))
    assert '<svg class="hours"' in page
    own = table(client_of("store").get("/upgrade-hours/?format=csv"))
    assert {row["store_id"] for row in own} == set(reading_of("store").scope.stores)


HOURS = [0] * 8 + [15, 40, 60, 80, 90, 70, 20, 10, 30, 70, 90, 80, 40, 20, 0, 0]


@pytest.mark.parametrize(
    ("cutoffs", "open_at", "closed_at"),
    [((), 14, 2), ((23 * 60,), 14, 2), ((15 * 60,), 8, 2), ((3 * 60 + 30,), 14, 0)],
)
def test_the_quietest_window(cutoffs: tuple[int, ...], open_at: int, closed_at: int) -> None:
    from daozhang.server.quiet_hours import StoreHours, Window, quietest

    windows = quietest(StoreHours("S", tuple(HOURS), frozenset()), cutoffs)
    assert [(w.begins, w.closed) for w in windows] == [(open_at, False), (closed_at, True)]
    assert windows[0].sales == sum(HOURS[open_at : open_at + 2])
    assert Window(23, 0, closed=True).ends == 1


@pytest.mark.parametrize(
    ("hour", "cutoff", "clear"),
    [(14, 15 * 60, False), (14, 13 * 60, True), (14, 17 * 60, True), (14, 16 * 60 + 59, False),
     (22, 24 * 60, False), (0, 24 * 60, False), (1, 24 * 60, True), (23, 60, False)],
)  # fmt: skip
def test_a_window_keeps_an_hour_from_a_cut_off(hour: int, cutoff: int, clear: bool) -> None:
    from daozhang.server.quiet_hours import clear_of

    assert clear_of(hour, [cutoff]) is clear


@pytest.mark.parametrize(("lang", "words"), [("en", EN), ("zh", ZH)])
def test_a_release_says_which_stores_are_back(client_of: Client, lang: str, words: Any) -> None:
    from daozhang.app.recovery_record import read_back

    (record,) = read_back(reading_of("finance").folder / "recovery.json")
    assert record.release_id == RELEASE
    page = text(client_of("finance").get(f"/upgrades/{RELEASE}/?lang={lang}"))
    assert words["back.title"] in page
    assert record.said[lang] in unescape(page)
    told = page.split(words["back.title"])[1].split("</section>")[0]
    assert all(store in told for store in record.stores)


def test_a_store_is_told_of_itself_and_a_provider_of_none(server: object) -> None:
    from daozhang.app.scope import Scope
    from daozhang.server.gate_told import back_of, stores_back

    class Seen:
        def __init__(self, scope: Scope) -> None:
            self.scope = scope

    record = replace(
        back_of(reading_of("finance"))[RELEASE],
        stores={"A": "pass", "B": "fail", "C": "not yet"},
    )
    for scope, expected in (
        (Scope(), ["B", "C", "A"]),
        (Scope(stores=frozenset({"A"})), ["A"]),
        (Scope(providers=frozenset({"P"})), []),
        (Scope(accounts=frozenset({"N"})), []),
        (Scope(stores=frozenset({"A"}), merchants=frozenset({"M"})), []),
    ):
        seen: Any = Seen(scope)
        assert list(stores_back(seen, record)) == expected


def test_a_snapshot_without_recovery_is_shown_without_it(tmp_path: Any) -> None:
    from daozhang.app.recovery_record import read_back

    assert read_back(tmp_path / "recovery.json") == ()
