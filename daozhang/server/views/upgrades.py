"""Upgrades: what each release did to the money, what the gate says, when to upgrade next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from daozhang.app.gate_record import GateRecord
from daozhang.app.recovery_record import BackRecord
from daozhang.app.seek import quoted
from daozhang.charts.picture_gate_time import VERDICT_COLOURS
from daozhang.charts.shares import percent_text
from daozhang.server.agreed import agreed, terms_for
from daozhang.server.effects import Effect, Release, Side, effects_of, releases, summed
from daozhang.server.gate_told import back_of, gate_of, gate_pictures, stores_back
from daozhang.server.quiet_hours import (
    DAYS,
    StoreHours,
    Window,
    cutoffs_by_provider,
    quietest,
    store_hours,
)
from daozhang.server.sales_list import Rows
from daozhang.server.telling import incident_sentence
from daozhang.server.upgraded import GROUPS, intervals
from daozhang.server.views.base import Face, page

__all__ = ["hours", "terminals", "upgrade", "upgrades"]

_CSV = (
    "release_id", "provider_id", "currency", "upgraded_due", "upgraded_late",
    "upgraded_late_minor", "upgraded_overdue_minor", "others_due", "others_late",
    "others_late_minor", "others_overdue_minor",
)  # fmt: skip
_TERMINALS = ("terminal_id", "store_id", "provider_id", "from_at", "until_at", "outcome", "wave",
              "tries")  # fmt: skip
_TONES = {"PASS": "good", "FAIL": "bad", "WAIT": "unsure"}
_LATE = "late,overdue"
_STORES_SHOWN = 60


@page("upgrades")
def upgrades(face: Face) -> HttpResponse:
    """List the releases with their effect on money and the gate's verdict."""
    if face.reading is None:
        return face.render("nothing_yet.html")
    effects = effects_of(face.reading)
    if face.request.GET.get("format") == "csv":
        return face.csv("upgrades", _CSV, _rows(effects.items()))
    gate = gate_of(face.reading)
    return face.render(
        "upgrades.html",
        rows=[
            {
                "release": one,
                "verdict": _verdict(face, gate.get(one.release_id)),
                "since": face.speech.time(one.since, year=True),
                "terminals": _terminals(face, one),
                "sides": [_sides(face, one.release_id, effect, "")
                          for effect in summed(effects.get(one.release_id, ()))],
            }
            for one in releases(face.reading)
        ],
    )  # fmt: skip


def _rows(found: Iterable[tuple[str, list[Effect]]]) -> Iterable[tuple[object, ...]]:
    for release, effects in sorted(found):
        for one in effects:
            sides = (one.sides[name] for name in GROUPS)
            yield (
                release, one.provider_id, one.currency,
                *(n for s in sides for n in (s.due, s.late, s.late_minor, s.overdue_minor)),
            )  # fmt: skip


def _terminals(face: Face, one: Release) -> str:
    key = "upgrade.terminals" + (".planned" if one.planned else "")
    return face.say(key, count=f"{one.begun:,}", stores=one.stores, planned=f"{one.planned:,}")


def _outcomes(face: Face, one: Release) -> list[tuple[str, int]]:
    return [(face.say(f"upgrade.{name}"), count) for name, count in one.outcomes.items()]


def _verdict(face: Face, record: GateRecord | None) -> dict[str, str] | None:
    """Return the verdict now and when it was first given."""
    if record is None:
        return None
    now = record.now.verdict
    first = record.halted_at if now == "FAIL" else record.passed_at if now == "PASS" else None
    return {
        "verdict": now,
        "said": face.speech(f"gate.verdict.{now.lower()}"),
        "colour": VERDICT_COLOURS[now],
        "since": face.say("upgrade.first", at=_time(face, first)) if first is not None else "",
    }


def _time(face: Face, at: int) -> str:
    return face.speech.time(datetime.fromtimestamp(at, UTC), year=True)


def _sides(face: Face, release: str, effect: Effect, provider: str) -> dict[str, Any]:
    """Return both groups of an effect, each number with the address of the sales behind it."""
    where = {"release": release, "currency": effect.currency}
    if provider:
        where["provider"] = provider
    return {
        "provider": face.speech.name(effect.provider_id),
        "currency": effect.currency,
        "sides": [
            _side(face, effect.sides[name], effect.currency, {**where, "side": name})
            for name in GROUPS
        ],
        "sentence": _compared(face, effect),
    }


def _side(face: Face, side: Side, currency: str, where: dict[str, str]) -> dict[str, str]:
    speech = face.speech
    between = side.between
    return {
        "name": face.say(f"upgrade.{where['side']}"),
        "share": percent_text(side.share) if side.share is not None else "–",
        "between": face.say(
            "upgrade.between", low=percent_text(between[0]), high=percent_text(between[1])
        ) if between else "",
        "counts": face.say("upgrade.counts", late=f"{side.late:,}", due=f"{side.due:,}"),
        "late": speech.money(side.late_minor, currency),
        "overdue": speech.money(side.overdue_minor, currency) if side.overdue_minor else "",
        "late_url": f"{reverse('sales')}?{urlencode({**where, 'status': _LATE})}",
        "due_url": f"{reverse('sales')}?{urlencode({**where, 'status': 'on_time,' + _LATE})}",
    }  # fmt: skip


def _compared(face: Face, effect: Effect) -> str:
    """Return in a sentence whether the upgraded fare worse than the others."""
    ours, others = (effect.sides[name] for name in GROUPS)
    if ours.between is None or others.between is None:
        return face.say("upgrade.alone")
    worse, better = ours.between[0] > others.between[1], ours.between[1] < others.between[0]
    key = "upgrade.worse" if worse else "upgrade.better" if better else "upgrade.same"
    return face.say(
        key, ours=percent_text(ours.share or 0), others=percent_text(others.share or 0),
        late=face.speech.money(ours.late_minor, effect.currency),
    )  # fmt: skip


@page("upgrades")
def upgrade(face: Face, release: str) -> HttpResponse:
    """Show one release: verdict, effect by provider, incidents, terminals."""
    found = releases(face.reading) if face.reading else []
    one = next((known for known in found if known.release_id == release), None)
    if one is None or face.reading is None:
        return face.render("not_found.html", status=404)
    effects = effects_of(face.reading).get(release, [])
    records = gate_of(face.reading)
    record = records.get(release)
    whole = face.scope.whole
    back = back_of(face.reading).get(release)
    told = record.told[face.lang] if record is not None else None
    listed = face.paged(_terminal_rows(face, release, one.begun + one.planned))
    return face.render(
        "upgrade.html",
        one=one,
        tone=_TONES[record.now.verdict] if record else "unsure",
        verdict=_verdict(face, record),
        sentence=told.sentence if told and whole else "",
        why=list(dict.fromkeys((told.why, told.now))) if told and whole else [],
        do=face.say(f"upgrade.do.{record.now.verdict}") if record else "",
        outcomes=_outcomes(face, one),
        terminals_said=_terminals(face, one),
        since=face.speech.time(one.since, year=True),
        until=face.speech.time(one.until, year=True),
        totals=[_sides(face, release, effect, "") for effect in summed(effects)],
        effects=[_sides(face, release, effect, effect.provider_id or "?") for effect in effects],
        incidents=[
            (row["incident_id"], incident_sentence(row, face.speech))
            for row in face.reading.figures.incidents
            if f'"release_id":"{release}"' in row["scope"].replace(": ", ":")
        ],
        pictures=gate_pictures(face.reading, list(records).index(release), record, face.speech)
        if record and whole
        else [],
        back=_back(face, back) if back is not None else None,
        listed=listed,
        terminals=[_terminal(face, row) for row in listed],
    )


def _back(face: Face, record: BackRecord) -> dict[str, Any]:
    """Return which stores are back: all together for who sees all, each for who sees it."""
    assert face.reading is not None
    whole, lang = face.scope.whole, face.lang
    colours = {"pass": "on_time", "fail": "overdue", "not yet": "unknown", "": ""}
    stores = stores_back(face.reading, record)
    return {
        "said": record.said[lang] if whole else "",
        "heads": record.heads[lang] if whole else [],
        "rows": [[(text, colours[verdict]) for text, verdict in row] for row in record.rows[lang]]
        if whole
        else [],
        "worst": record.worst[lang] if whole else [],
        "waiting": record.waiting[lang] if whole else [],
        "stores": [
            (face.speech.name(store), colours[verdict], face.say(f"back.{verdict}"),
             f"{reverse('sales')}?{urlencode({'store': store})}")
            for store, verdict in list(stores.items())[:_STORES_SHOWN]
        ],
        "hidden": max(0, len(stores) - _STORES_SHOWN),
    }  # fmt: skip


def _terminal_rows(face: Face, release: str, count: int) -> Rows:
    assert face.reading is not None
    columns = ", ".join(f"u.{name}" for name in _TERMINALS)
    return Rows(
        face.engine,
        f"SELECT {columns} FROM {intervals(face.reading)} AS u "
        f"WHERE u.release_id = {quoted(release)} ORDER BY u.from_at DESC, u.terminal_id",
        count,
    )


def _terminal(face: Face, row: dict[str, Any]) -> dict[str, str]:
    speech = face.speech
    return {
        "terminal_id": row["terminal_id"],
        "store": speech.name(row["store_id"]),
        "provider": speech.name(row["provider_id"]),
        "since": speech.time(row["from_at"]),
        "until": speech.time(row["until_at"]) if row["until_at"] else "",
        "outcome": face.say(f"upgrade.{row['outcome']}"),
        "wave": str(row["wave"] or ""),
        "url": f"{reverse('sales')}?{urlencode({'terminal': row['terminal_id']})}",
    }


@page("upgrades")
def terminals(face: Face, release: str) -> HttpResponse:
    """Return a release's terminals as CSV."""
    found = releases(face.reading) if face.reading else []
    one = next((known for known in found if known.release_id == release), None)
    if one is None:
        return face.render("not_found.html", status=404)
    rows = _terminal_rows(face, release, one.begun + one.planned).whole()
    return face.csv("terminals", _TERMINALS, ([row[name] for name in _TERMINALS] for row in rows))


@page("upgrades", here="upgrades")
def hours(face: Face) -> HttpResponse:
    """Propose for every store the hours in which an upgrade disturbs fewest customers."""
    if face.reading is None:
        return face.render("nothing_yet.html")
    stores = store_hours(face.reading)
    book = agreed()
    today = face.reading.about.as_of.astimezone(face.speech.zone).date()
    providers = frozenset(p for one in stores.values() for p in one.providers)
    terms = terms_for(book, face.scope, providers, on=today) if book else ()
    cutoffs = cutoffs_by_provider(terms)

    def proposed(one: StoreHours) -> tuple[Window, ...]:
        return quietest(one, {c for p in one.providers for c in cutoffs.get(p, frozenset())})

    if face.request.GET.get("format") == "csv":
        return face.csv(
            "upgrade_hours",
            ("store_id", "open_from_hour", "open_until_hour", "sales_in_window", "sales",
             "closed_from_hour", "closed_until_hour"),
            (_hours_row(one, proposed(one)) for one in stores.values()),
        )  # fmt: skip
    chosen = stores.get(face.request.GET.get("store", "")) or next(iter(stores.values()), None)
    listed = face.paged(list(stores.values()))
    return face.render(
        "upgrade_hours.html",
        listed=listed,
        rows=[(one, face.speech.name(one.store_id), *_said(face, one, proposed(one)))
              for one in listed],
        chosen=chosen,
        bars=_bars(chosen) if chosen else [],
        windows=proposed(chosen) if chosen else (),
        cutoffs=sorted({c for p in chosen.providers for c in cutoffs.get(p, ())}) if chosen else [],
        said=_said(face, chosen, proposed(chosen), "hours.said") if chosen else ("", ""),
        days=DAYS,
    )  # fmt: skip


def _hours_row(one: StoreHours, windows: tuple[Window, ...]) -> tuple[object, ...]:
    trading = next((w for w in windows if not w.closed), None)
    shut = next((w for w in windows if w.closed), None)
    return (
        one.store_id, *((trading.begins, trading.ends, trading.sales) if trading else ("", "", "")),
        one.whole, *((shut.begins, shut.ends) if shut else ("", "")),
    )  # fmt: skip


def _said(
    face: Face, one: StoreHours, windows: tuple[Window, ...], key: str = "hours.short"
) -> tuple[str, str]:
    """Return the window while the store sells, and the one in which it is closed."""
    said = {False: "", True: ""}
    for window in windows:
        said[window.closed] = face.say(
            key if window.closed else f"{key}.open",
            since=f"{window.begins:02d}:00", until=f"{window.ends or 24:02d}:00",
            share=percent_text(1000 * window.sales // max(one.whole, 1)),
        )  # fmt: skip
    return said[False], said[True]


def _bars(one: StoreHours) -> list[tuple[int, int, int]]:
    """Return hour, sales and the height of its bar in hundredths of the highest."""
    top = max(*one.sales, 1)
    return [(hour, sales, 100 * sales // top) for hour, sales in enumerate(one.sales)]
