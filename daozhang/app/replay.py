"""Use case: what the gate would have said of past rollouts, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from daozhang.app.check import Checked, UnusableError
from daozhang.app.words_gate import WORDS
from daozhang.charts import Lang, Speech
from daozhang.charts.guard import clean
from daozhang.gate import Evidence, Judge, Look, Settings
from daozhang.gate.gather import gather, releases
from daozhang.gate.weigh import STAYS
from daozhang.stats.betting import below

__all__ = ["Replay", "Teller", "changes", "odds", "replay", "replay_json"]

_THOUSAND: Final = 1000

NAMED_MAX: Final = 5
"""How many terminals are named in a sentence; ``--json`` has all."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One release's looks, from the first upgrade to the last fact.

    Attributes:
        evidence: what was weighed.
        settings: how sure the gate had to be.
        looks: one a moment, in order.
        judge: who looked; it can look again at any moment.
    """

    evidence: Evidence
    settings: Settings
    looks: tuple[Look, ...]
    judge: Judge

    @property
    def halted_at(self) -> int | None:
        """The first look that said FAIL."""
        return next((look.at for look in self.looks if look.verdict == "FAIL"), None)

    @property
    def passed_at(self) -> int | None:
        """The first look that said PASS."""
        return next((look.at for look in self.looks if look.verdict == "PASS"), None)


def replay(checked: Checked, settings: Settings, release_id: str | None = None) -> list[Replay]:
    """Look at every release, or one, as often as the settings say.

    Args:
        checked: the journeys of all that is known, with the tables behind them.
        settings: the gate's.
        release_id: only this release.

    Raises:
        UnusableError: there is no release, or not this one.
    """
    known = releases(checked.engine)
    if release_id is not None and release_id not in known:
        raise UnusableError("replay_no_such", release=release_id, known=", ".join(known) or "-")
    book = checked.settings.book
    assert book is not None, "nothing is answered without terms"
    found = []
    for release in known if release_id is None else [release_id]:
        evidence = gather(checked.engine, release, book.timezone, checked.outcome.as_of)
        judge = Judge(evidence, settings)
        first = evidence.fleet.begun_at // settings.every_s * settings.every_s
        looks = judge.looks(first, evidence.until)
        found.append(Replay(evidence, settings, tuple(looks), judge))
    return found


def changes(replayed: Replay) -> Iterator[Look]:
    """Give the looks at which the verdict or its reason changed."""
    said: tuple[str, str] | None = None
    for look in replayed.looks:
        if (look.verdict, look.reason) != said:
            said = look.verdict, look.reason
            yield look


class Teller:
    """Says a look in one paragraph, in a language and zone."""

    def __init__(self, lang: Lang, zone: str) -> None:
        """Speak a language; times are told in the zone."""
        self.speech = Speech(lang, ZoneInfo(zone))
        self._words = WORDS[lang]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the gate's."""
        return self._words[key].format(**values)

    def outcome(self, leading: str) -> str:
        """Return what a bet found, such as "were paid out late on three days of a week"."""
        plain = self._words.get(leading.rstrip("+=!~"), "")
        days = next((days for bet, days in STAYS.items() if bet in leading), None)
        return plain if days is None else self(f"staying_{days}", outcome=plain)

    def time(self, at: int) -> str:
        """Return a moment in the zone."""
        return self.speech.time(datetime.fromtimestamp(at, UTC), year=True)

    def why(self, replayed: Replay, look: Look) -> str:
        """Return why the gate said what it said."""
        evidence, settings = replayed.evidence, replayed.settings
        key: str = look.reason
        last = ""
        if key == "harm" and replayed.halted_at is not None and look.at > replayed.halted_at:
            key = "harm_later"
        elif key == "harm":
            kind = "alone" if "~" in look.leading else "rare" if "!" in look.leading else ""
            key = f"harm_{kind}" if kind else key
            money = self.speech.money(look.at_risk_minor, evidence.currency)
            stop = odds(settings.stop_at)
            last = self("harm_last", e=odds(look.e_value), stop=stop, money=money)
        said = self(
            key,
            last=last,
            release=evidence.fleet.release_id,
            hit=look.leading_exposed,
            outcome=self.outcome(look.leading),
            expected=f"{look.leading_expected:.1f}",
            others=look.leading_others,
            e=odds(look.e_value),
            stop=odds(settings.stop_at),
            money=self.speech.money(look.at_risk_minor, evidence.currency),
            exposed=look.exposed,
            seen=look.seen,
            harmed=look.harmed,
            margin=f"{100 * look.margin:.1f} %",
            clean=odds(look.clean),
            least=least_terminals(settings),
            blind=", ".join(evidence.blind),
        )
        # Chinese sentences follow each other without a blank.
        between = "" if self.speech.lang == "zh" else " "
        return between.join([said, *self._lot(replayed, look)])

    def _lot(self, replayed: Replay, look: Look) -> Iterator[str]:
        """Give what is to be said of the lot that waves were drawn by, if they were."""
        lot, turns = replayed.evidence.fleet.lot, replayed.judge.turns
        if lot is None or turns is None or look.reason == "not_begun":
            return
        if lot.late:
            yield self("lot_late", late=lot.late)
        if not (lot.wave >= 0).any():
            return
        if not look.by_lot:
            yield self("lot_broken")
        elif look.drawn:
            yield self("lot", drawn=look.drawn, held=look.held)
        else:
            yield self("lot_done")
        if look.early:
            named = [
                f"{clean(at['terminal_id'])} ({self.time(at['at'])})"
                for at in early_upgrades(replayed, look.at)
            ]
            more = [] if len(named) <= NAMED_MAX else ["…"]
            yield self("lot_early", early=look.early, names=", ".join(named[:NAMED_MAX] + more))


def early_upgrades(replayed: Replay, at: int) -> list[dict[str, Any]]:
    """Return who was held back and upgraded before the last wave: terminal, wave, moment."""
    turns, fleet = replayed.judge.turns, replayed.evidence.fleet
    if turns is None:
        return []
    return [
        {"terminal_id": fleet.ids[k], "wave": int(fleet.wave[k]), "at": int(fleet.exposed_at[k])}
        for k in turns.early(at).tolist()
    ]


def least_terminals(settings: Settings) -> int:
    """Return how many clean terminals it takes to pass the loose margin."""
    count = 1
    while below(0, count, settings.margin_at(1)) < 1.0 / settings.miss:
        count += 1
    return count


def odds(value: float) -> str:
    """Return how many times to 1, short."""
    if value >= _THOUSAND**2:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"  # noqa: PLR2004 - two digits


def replay_json(replayed: list[Replay], zone: str, lang: Lang) -> list[dict[str, Any]]:
    """Return the contract's list, one object a release."""
    teller = Teller(lang, zone)
    return [
        {
            "release_id": one.evidence.fleet.release_id,
            "currency": one.evidence.currency,
            "halted_at": _moment(one.halted_at),
            "passed_at": _moment(one.passed_at),
            "lot": _lot_json(one),
            "looks": [
                {
                    "at": _moment(look.at),
                    "verdict": look.verdict,
                    "exposed_terminals": look.exposed,
                    "e_value": look.e_value,
                    "money_at_risk_minor": look.at_risk_minor,
                    "why": teller.why(one, look),
                    "reason": look.reason,
                    "seen_terminals": look.seen,
                    "harmed_terminals": look.harmed,
                    "margin": round(look.margin, 4),
                    "held_back_terminals": look.held,
                }
                for look in one.looks
            ],
        }
        for one in replayed
    ]


def _lot_json(one: Replay) -> dict[str, Any] | None:
    """Return how waves were drawn, and who was upgraded before the last though held back."""
    lot = one.evidence.fleet.lot
    if lot is None:
        return None
    return {
        "terminals": int((lot.wave >= 0).sum()),
        "held_back": int(lot.held.sum()),
        "drawn_too_late": lot.late,
        "upgraded_early": [
            early | {"at": _moment(early["at"])}
            for early in early_upgrades(one, one.evidence.until)
        ],
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
