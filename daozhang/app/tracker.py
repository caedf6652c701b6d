"""One sale's journey in words, line by line, as a parcel tracker shows it.

Rules kept here: whatever comes from files is cleaned before it is shown; amounts are told to the
minor unit and add up; what is not certain is said to be so; times are in the zone of the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from daozhang.app.seek import Offer
from daozhang.app.steps import Ahead, Step
from daozhang.app.trace import Trace
from daozhang.app.words_trace import WORDS
from daozhang.charts import Lang, Speech
from daozhang.charts.guard import clean, width_of
from daozhang.charts.why import fact_said, mechanism_said

__all__ = ["Line", "Teller"]

Line = tuple[str, str]
"""A line of text and its weight: ``title``, a status, ``quiet``, ``strong`` or empty."""

_WHOLE: Final = frozenset({"payout_sent", "payout_returned", "payout_held", "credited"})
_MONEY: Final = ("refunded", "charged_back", "fee", "tax", "reserve", "credited", "outstanding")
_OPEN: Final = frozenset({"in_transit", "overdue", "unknown"})
_QUOTED: Final = (
    "sale_id", "rrn", "batch_no", "trace_no", "terminal_id", "merchant_id", "store_id", "line_ids",
    "account_id", "bank_id", "credit_ids",
)  # fmt: skip
_RULE: Final = re.compile(
    r"(?:T\+(?P<t>\d+) (?P<calendar>\S+)|D\+(?P<d>\d+)) cut-off (?P<cutoff>[\d:]+)"
    r"(?: (?!window|rolled|by)\S+)?"
    r"(?: window until (?P<window>[\d:]+))?(?: rolled on (?P<rolled>\S+))?"
    r" by (?P<by>[\d:]+) (?P<by_zone>\S+?)(?P<more>;.*)?"
)


FACTS_TOLD: Final = 3
"""How many pieces of evidence of its incident a sale's trace tells."""


class Teller:
    """Tells traces in one language and zone."""

    def __init__(
        self, lang: Lang, zone: str, as_of: datetime, names: Mapping[str, str] | None = None
    ) -> None:
        self._words = WORDS[lang]
        self._speech = Speech(lang, ZoneInfo(zone), names or {})
        self._zone = zone
        self._as_of = as_of

    def say(self, key: str, **values: object) -> str:
        """Return a text of the tracker's words; what comes from files is cleaned."""
        return self._words[key].format(**{k: clean(v) for k, v in values.items()})

    def lines(self, trace: Trace) -> Iterator[Line]:
        """Tell a trace: the answer, whose turn it is, the way, what to quote, the money."""
        row = trace.journey
        yield (
            self.say(
                "title", sale_id=row["sale_id"], amount=self._money(trace, row["amount_minor"]),
                channel=self._speech.channel(row["channel"]),
            ),
            "title",
        )  # fmt: skip
        yield self._status(trace), row["status"]
        if row["status"] in _OPEN and trace.holder[0] in {"store", "provider", "bank"}:
            yield self._holder(trace), "strong"
        if row["leg"]:
            yield self.say(f"lost.{row['leg']}"), ""
        yield from self._why(trace)
        yield self._action(trace), "strong"
        for kind, values in trace.doubts:
            yield self._doubt(trace, kind, values), "unknown"
        yield "", ""
        yield from self._way(trace)
        if row["promise_rule"]:
            promised = self._time(row["promised_at"])
            yield self.say("promise", promised=promised, rule=self._rule(row["promise_rule"])), ""
        if row["provisional"]:
            yield self.say("provisional"), "unknown"
        yield "", ""
        yield self.say("money"), "strong"
        yield from self._amounts(trace)
        if row["status"] in _OPEN:
            yield "", ""
            yield self.say("quote"), "strong"
            yield from self._evidence(trace)
        as_of = self._speech.time(self._as_of, year=True)
        yield "", ""
        yield self.say("zone", zone=self._zone, as_of=as_of), "quiet"

    def _why(self, trace: Trace) -> Iterator[Line]:
        """Tell why it is late, with the first pieces of evidence."""
        if not trace.why:
            return
        yield (
            self.say(
                "cause",
                mechanism=mechanism_said(trace.why["mechanism"], self._speech),
                cause=self._speech(f"cause.{trace.why['cause']}"),
                percent=f"{round(trace.why['confidence_permille'] / 10)}%",
            ),
            "strong",
        )
        for fact in trace.why["evidence"][:FACTS_TOLD]:
            yield f"  · {fact_said(fact, self._speech)}", ""

    def offers(self, found: Sequence[Offer]) -> list[str]:
        """Return a line for each sale that may be meant."""
        if not found:
            return [self.say("no_offers")]
        lines = [self.say("offers")]
        for offer in found:
            parts = (
                offer.sale_id, self._speech.money(offer.amount_minor, offer.currency),
                self._time(offer.captured_at), offer.terminal_id or "?",
                self.say(f"short.{offer.status}"), self.say(f"offer.{offer.why}"),
            )  # fmt: skip
            lines.append("  " + "  ".join(clean(part) for part in parts))
        return lines

    def _money(self, trace: Trace, minor: int | None) -> str:
        currency = str(trace.journey["currency"])
        return "?" if minor is None else self._speech.money(minor, currency)

    def _time(self, moment: datetime | None) -> str:
        return "?" if moment is None else self._speech.time(moment)

    def _status(self, trace: Trace) -> str:
        row = trace.journey
        key = f"status.{row['status']}"
        if row["status"] == "in_transit" and row["promised_at"] is None:
            key += ".no_promise"
        return self.say(
            key, amount=self._money(trace, row["credited_minor"]),
            outstanding=self._money(trace, row["outstanding_minor"]),
            account=row["account_id"] or "?", promised=self._time(row["promised_at"]),
            credited=self._time(row["credited_at"]),
            late=self._speech.span((trace.waited_s or 0) // 60),
        )  # fmt: skip

    def _spot(self, trace: Trace) -> str:
        """Return the reason that tells where the money is, else the station."""
        reason = trace.journey["reason"]
        if reason in {"rejected", "held", "returned", "short"}:
            return str(reason)
        if trace.due_again is not None and trace.station in {"submitted", "cleared"}:
            return "next_payout"
        return trace.station

    def _holder(self, trace: Trace) -> str:
        role, who = trace.holder
        spot = self._spot(trace)
        return self.say(
            f"{'seen' if trace.journey['status'] == 'unknown' else 'has'}.{role}",
            who=self._speech.name(who),
            terminal=trace.journey["terminal_id"] or "?",
            what=self.say(f"what.{spot}") if f"what.{spot}" in self._words else "",
        )

    def _action(self, trace: Trace) -> str:
        row = trace.journey
        match row["status"]:
            case "overdue":
                key = self._spot(trace)
            case "unknown":
                key = "unknown"
            case "in_transit":
                key = "wait" if row["promised_at"] is not None else "terms"
            case _:
                key = "none"
        evidence = trace.evidence
        return self.say(
            f"do.{key}",
            terminal=row["terminal_id"] or "?",
            provider=self._speech.name(row["provider_id"]),
            payout=evidence.get("payout_id", "?"),
            payout_amount=self._money(trace, evidence.get("payout_minor")),
            paid_out=self._time(evidence.get("paid_out_at")),
            bank=self._speech.name(evidence.get("bank_id")),
            account=row["account_id"] or "?",
            promised=self._time(row["promised_at"]),
            until=self._time(trace.due_again),
        )

    def _doubt(self, trace: Trace, kind: str, values: Mapping[str, Any]) -> str:
        if kind == "inferred":
            return self.say("doubt.inferred", **values)
        if kind == "uncovered":
            account, until = values["account_id"], values["until"]
            if until is None:
                return self.say("doubt.uncovered.none", account=account)
            return self.say("doubt.uncovered", account=account, at=self._time(until))
        return self.say(
            f"doubt.{kind}",
            credit_id=values["credit_id"],
            amount=self._money(trace, values["amount_minor"]),
            at=self._time(values["booked_at"]),
            answers=values["answers"],
        )

    def _way(self, trace: Trace) -> Iterator[Line]:
        yield self.say("journey"), "strong"
        for step in trace.steps:
            yield self._step(trace, step), ""
        for ahead in trace.ahead:
            yield self._ahead(ahead), "quiet"

    def _step(self, trace: Trace, step: Step) -> str:
        when = self._time(step.at)
        if step.day_only and step.at is not None:
            when = self._speech.day(step.at.astimezone(self._speech.zone).date())
        detail = {"terminal_id": "?", "line_id": "?", "payout_id": "?", "credit_id": "?"}
        said = self.say(f"step.{step.what}", **{**detail, **step.detail})
        if step.detail.get("reason"):
            said += " · " + self.say("why", reason=step.detail["reason"])
        if step.detail.get("fee_minor"):
            said += " · " + self.say("fee", fee=self._money(trace, step.detail["fee_minor"]))
        if step.minor is not None:
            said += "  " + self._money(trace, step.minor)
            if step.what in _WHOLE:
                said += f" ({self.say('whole_payout')})"
        return f"  ● {when}  {said}"

    def _ahead(self, ahead: Ahead) -> str:
        if ahead.by is None:
            when = self.say("ahead.open")
        else:
            key = "ahead.past" if ahead.by < self._as_of else "ahead.by"
            when = self.say(key, at=self._time(ahead.by))
        return f"  ○ {self.say(f'ahead.{ahead.station}')} · {when}"

    def _rule(self, rule: str) -> str:
        """Return the rule of a promise in this language; one of another make as it is."""
        found = _RULE.fullmatch(rule)
        if found is None:
            return rule
        part = found.groupdict()
        if part["t"] is not None:
            said = [self.say("rule.business", days=part["t"], calendar=part["calendar"])]
        else:
            said = [self.say("rule.calendar", days=part["d"])]
        said.append(self.say("rule.cutoff", clock=part["cutoff"]))
        if part["window"]:
            said.append(self.say("rule.window", clock=part["window"]))
        if part["rolled"]:
            said.append(self.say("rule.rolled", calendar=part["rolled"]))
        said.append(self.say("rule.by", clock=part["by"], zone=part["by_zone"]))
        return self._words["rule.comma"].join(said) + (part["more"] or "")

    def _amounts(self, trace: Trace) -> Iterator[Line]:
        """Tell the amounts such that the first is the sum of the others."""
        rows = [("", self.say("money.sold"), self._money(trace, trace.money["sold"]), "")]
        for name in _MONEY:
            minor = trace.money[name]
            if not minor and name not in {"credited", "outstanding"}:
                continue
            label = self.say("money.to_deduct" if name == "outstanding" and minor < 0
                             else f"money.{name}")  # fmt: skip
            rows.append(("=" if len(rows) == 1 else "+", label, self._money(trace, minor),
                         self._agreed(trace) if name == "fee" else ""))  # fmt: skip
        wide = max(width_of(label) for _, label, _, _ in rows)
        amounts = max(width_of(amount) for _, _, amount, _ in rows)
        for sign, label, amount, more in rows:
            pad = " " * (wide - width_of(label) + amounts - width_of(amount) + 2)
            yield f"  {sign or ' '} {label}{pad}{amount}" + (f"  ({more})" if more else ""), ""

    def _agreed(self, trace: Trace) -> str:
        agreed = trace.journey["fee_expected_minor"]
        if agreed is None:
            return ""
        return self.say("money.fee.agreed", fee=self._money(trace, agreed))

    def _evidence(self, trace: Trace) -> Iterator[Line]:
        """Tell the numbers to quote, those of the payout between line and account."""
        held = trace.evidence
        row = trace.journey
        sold = f"{self._money(trace, row['amount_minor'])}, {self._time(row['captured_at'])}"
        said = {"sold": sold}
        for name in _QUOTED:
            if name == "account_id" and held.get("payout_id"):
                said["payout"] = self.say(
                    "quote.payout.said", payout=held["payout_id"],
                    amount=self._money(trace, held["payout_minor"]),
                    at=self._time(held["paid_out_at"]),
                )  # fmt: skip
            if name in held:
                value = held[name]
                said[name] = clean(", ".join(value) if isinstance(value, list) else value)
        wide = max(width_of(self.say(f"quote.{name}")) for name in said)
        for name, text in said.items():
            label = self.say(f"quote.{name}")
            yield f"    {label}{' ' * (wide - width_of(label) + 2)}{text}", ""
