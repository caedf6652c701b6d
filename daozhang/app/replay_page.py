"""Use case: a replay as one HTML file that says whether a release may go on, and shows why.

Rules kept here: as in :mod:`daozhang.app.report`, the file asks nothing of any network and runs no
script; everything from a user's file is cleaned and escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from daozhang.app.replay import Replay, Teller, changes, least_terminals, odds
from daozhang.app.report import style
from daozhang.app.words_gate_page import WORDS
from daozhang.charts import Lang
from daozhang.charts.canvas import render
from daozhang.charts.guard import clean
from daozhang.charts.palette import pattern_defs
from daozhang.charts.picture_gate import draw_gate_days
from daozhang.charts.picture_gate_time import VERDICT_COLOURS, draw_gate_time
from daozhang.charts.pictures import NARROW, WIDE, Picture
from daozhang.charts.shares import percent_text
from daozhang.charts.sketch import Sketch
from daozhang.gate import Look
from daozhang.gate.shares import Bet, bets, day_shares

__all__ = ["Told", "replay_html", "told_of"]

BETS_SHOWN: Final = 8
"""How many bets are told one by one, those that hold most; the others are summed in a row."""

_TONES: Final = {"PASS": "good", "FAIL": "bad", "WAIT": "unsure"}
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Card:
    """A number that is seen first: its status in the palette, label, value and what it is of."""

    status: str
    label: str
    value: str
    below: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table: its head and its cells; ``status`` colours the head."""

    head: str
    cells: tuple[str, ...]
    status: str = ""
    below: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """One release on the page."""

    key: str
    tone: str
    sentence: str
    steps: tuple[str, ...]
    cards: tuple[_Card, ...]
    why_title: str
    why: str
    pictures: tuple[Picture, ...]
    weighed_note: str
    weighed: tuple[_Row, ...]
    totals: tuple[_Row, ...]
    looks_note: str
    looks: tuple[_Row, ...]
    sure: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one release, without pictures.

    Attributes:
        sentence: whether it may go on.
        steps: what to do next, one sentence each.
        why: the numbers behind the sentence: of a halt as they were when it came.
        now: the same of the newest look.
    """

    sentence: str
    steps: tuple[str, ...]
    why: str
    now: str


def told_of(one: Replay, zone: str, lang: Lang) -> Told:
    """Return what is said of a release that was looked at at least once."""
    page = _Page(lang, zone)
    told = _as_told(one)
    return Told(
        page.sentence(one, told), page.steps(one, told), page.teller.why(one, told),
        page.teller.why(one, one.looks[-1]),
    )  # fmt: skip


def _as_told(one: Replay) -> Look:
    """Return the look that is told: a halt as it was when it came, anything else as it is now."""
    return next((look for look in one.looks if look.verdict == "FAIL"), one.looks[-1])


def replay_html(replayed: list[Replay], zone: str, lang: Lang) -> str:
    """Return a replay as HTML; pure: the same replay gives the same text.

    Args:
        replayed: releases, each with at least one look.
        zone: IANA name of the zone that all times are shown in.
        lang: ``zh`` or ``en``.

    Raises:
        ZoneInfoNotFoundError: the zone is not an IANA zone.
    """
    page = _Page(lang, zone)
    looked = [one for one in replayed if one.looks]
    parts = [page.part(place, one) for place, one in enumerate(looked)]
    until = max((one.looks[-1].at for one in looked), default=None)
    return _template().render(
        say=page.say,
        lang="zh-CN" if lang == "zh" else "en",
        style=Markup(style()),  # noqa: S704 - our own file and colours; nothing of a user's
        defs=Markup(pattern_defs("key")),  # noqa: S704 - our own constants
        when="" if until is None else page.say("when", until=page.teller.time(until)),
        zone=page.say("zone", zone=clean(zone)),
        heading=_heading(page, looked, parts),
        parts=parts,
        # Rendered from our own marks with every text escaped by the renderer.
        svg=Markup,
    )


def _heading(page: _Page, looked: list[Replay], parts: list[_Part]) -> str:
    """Return the page's first sentence: of the only release, or of all."""
    if not parts:
        return page.say("none")
    if len(parts) == 1:
        return ""
    said = [one.looks[-1].verdict for one in looked]
    return page.say(
        "several", count=len(said), stopped=said.count("FAIL"), passed=said.count("PASS")
    )


class _Page:
    """Says what is on the page, in a language and zone."""

    def __init__(self, lang: Lang, zone: str) -> None:
        self.teller = Teller(lang, zone)
        self.speech = self.teller.speech
        self._words = WORDS[lang]
        self._zone = ZoneInfo(zone)

    def say(self, key: str, **values: object) -> str:
        """Return a text of the page's."""
        return self._words[key].format(**values)

    def part(self, place: int, one: Replay) -> _Part:
        """Return all that is told of one release."""
        last = one.looks[-1]
        told = _as_told(one)
        weighed, totals = self._weighed(one, told)
        settings = one.settings
        return _Part(
            key=f"r{place}",
            tone=_TONES[told.verdict],
            sentence=self.sentence(one, told),
            steps=self.steps(one, told),
            cards=self._cards(one, told, last),
            why_title=self.say("why", at=self.teller.time(told.at)),
            why=self.teller.why(one, told),
            pictures=tuple(self._pictures(place, one)),
            weighed_note=self.say("weighed.note", at=self.teller.time(told.at)),
            weighed=weighed,
            totals=totals,
            looks_note=self.say(
                "looks.note", looks=f"{len(one.looks):,}",
                every=self.speech.span(settings.every_s // 60),
            ),
            looks=tuple(self._looks(one)),
            sure=self.say(
                "sure", alpha=_percent(settings.alpha), miss=_percent(settings.miss),
                margin=_percent(last.margin),
            ),
        )  # fmt: skip

    def steps(self, one: Replay, look: Look) -> tuple[str, ...]:
        """Return what to do next."""
        said = self.say(f"next.{look.reason}", least=least_terminals(one.settings))
        return tuple(said.split("\n"))

    def sentence(self, one: Replay, look: Look) -> str:
        """Return whether a release may go on, as it was seen at a look."""
        fleet = one.evidence.fleet
        return self.say(
            f"head.{look.reason}",
            release=clean(fleet.release_id, 60),
            outcome=self.teller.outcome(look.leading),
            at=self.teller.time(look.at),
            exposed=f"{look.exposed:,}",
            fleet=f"{_fleet(one):,}",
            seen=f"{look.seen:,}",
            harmed=f"{look.harmed:,}",
            margin=_percent(look.margin),
            blind=clean(", ".join(one.evidence.blind)),
        )

    def _cards(self, one: Replay, told: Look, last: Look) -> tuple[_Card, ...]:
        currency, fleet = one.evidence.currency, max(_fleet(one), 1)
        verdict = self.speech(f"gate.verdict.{told.verdict.lower()}")
        since = next(
            look for look in reversed(one.looks) if look is told or look.verdict != told.verdict
        )
        if since is not told:
            since = one.looks[one.looks.index(since) + 1]
        most = max(look.at_risk_minor for look in one.looks)
        now = self.say("card.now_at", at=self.teller.time(last.at))
        return (
            _Card(VERDICT_COLOURS[told.verdict], self.say("card.verdict"), verdict,
                  self.say("card.at", at=self.teller.time(since.at))),
            _Card("overdue", self.say("card.now"),
                  self.speech.money(last.at_risk_minor, currency), now),
            _Card("late", self.say("card.most"), self.speech.money(most, currency),
                  self.say("card.looks", looks=f"{len(one.looks):,}")),
            _Card("in_transit", self.say("card.upgraded"), f"{told.exposed:,}",
                  self.say("card.share", fleet=f"{fleet:,}",
                           share=percent_text(1000 * told.exposed // fleet))),
            _Card("unknown", self.say("card.evidence"),
                  self.say("card.to_one", e=odds(told.e_value)),
                  self.say("card.stop", stop=odds(one.settings.stop_at))),
        )  # fmt: skip

    def _pictures(self, place: int, one: Replay) -> Iterator[Picture]:
        at, halted = one.looks[-1].at, one.halted_at
        days = day_shares(one.evidence, at)
        halted_day = None if halted is None else halted // _DAY_S
        currency, stop_at = one.evidence.currency, one.settings.stop_at
        for key, drawn in (
            ("gate_days", [draw_gate_days(days, halted_day, self.speech, w)
                           for w in (WIDE, NARROW)]),
            ("gate_time", [draw_gate_time(one.looks, _fleet(one), stop_at, currency, self.speech, w)
                           for w in (WIDE, NARROW)]),
        ):  # fmt: skip
            wide, narrow = drawn
            if wide is not None and narrow is not None:
                yield _picture(f"{key}-{place}", currency, wide, narrow)

    def _weighed(self, one: Replay, told: Look) -> tuple[tuple[_Row, ...], tuple[_Row, ...]]:
        found = bets(one.judge, told.at)
        shown, rest = found[:BETS_SHOWN], found[BETS_SHOWN:]
        rows = [self._bet(bet) for bet in shown]
        if rest:
            stake = sum(bet.stake for bet in rest)
            mean = sum(bet.stake * bet.e_value for bet in rest) / max(stake, 1e-12)
            count = self.say("rest", count=len(rest))
            rows.append(_Row(count, ("", "", "", "", _times(mean), _percent(stake))))
        idle = 1.0 - sum(bet.stake for bet in found)
        if idle > 0.0005:  # noqa: PLR2004 - half of a tenth of a percent is shown as nothing
            rows.append(_Row(self.say("idle"), ("", "", "", "", _times(1.0), _percent(idle))))
        whole = self.say("mean")
        return tuple(rows), (_Row(whole, ("", "", "", "", _times(told.e_value), _percent(1.0))),)

    def _bet(self, bet: Bet) -> _Row:
        against = "past" if bet.key.endswith("!") else "alone" if "~" in bet.key else "race"
        return _Row(
            self.teller.outcome(bet.key),
            (
                self.say(f"against.{against}"), f"{bet.exposed_hit:,}", f"{bet.expected:,.1f}",
                f"{bet.others_hit:,}" if against == "race" else "", _times(bet.e_value),
                _percent(bet.stake),
            ),
        )  # fmt: skip

    def _looks(self, one: Replay) -> Iterator[_Row]:
        currency = one.evidence.currency
        for look in changes(one):
            yield _Row(
                self.teller.time(look.at),
                (
                    self.speech(f"gate.verdict.{look.verdict.lower()}"), f"{look.exposed:,}",
                    odds(look.e_value), self.speech.money(look.at_risk_minor, currency),
                ),
                status=VERDICT_COLOURS[look.verdict],
                below=self.teller.why(one, look),
            )  # fmt: skip


def _fleet(one: Replay) -> int:
    return int(np.count_nonzero(one.evidence.fleet.wave >= 0))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def _times(value: float) -> str:
    small = 0.01
    return f"× {odds(value)}" if value >= 1 else f"× {value:.2f}" if value >= small else "< × 0.01"


def _picture(name: str, currency: str, wide: Sketch, narrow: Sketch) -> Picture:
    return Picture(
        key=name,
        currency=currency,
        title=wide.title,
        note=wide.note,
        alt=wide.alt,
        wide=render(wide.chart, f"{name}-w", wide.alt),
        narrow=render(narrow.chart, f"{name}-n", narrow.alt),
    )


@cache
def _template() -> Template:
    text = (resources.files("daozhang.app") / "replay.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)
