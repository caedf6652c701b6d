"""``daozhang trace DIR|STORE SALE_ID``: one sale's journey, as a parcel tracker shows it."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from rich.console import Console

from daozhang.app.answers import utc_text
from daozhang.app.check import Checked, UnusableError
from daozhang.app.trace import Step, Trace, find_sales, trace_sale
from daozhang.app.words_errors import WORDS as ERRORS
from daozhang.app.words_trace import WORDS
from daozhang.charts import Lang, Speech
from daozhang.charts.guard import clean
from daozhang.cli.common import UNUSABLE, open_checked, print_json, say_error
from daozhang.engine import EngineError
from daozhang.journey.identities import BrokenIdentityError
from daozhang.store.parts import StoreError

__all__ = ["run"]

_WHOLE = frozenset({"payout_sent", "payout_returned", "payout_held", "credited"})


def run(source: Path, reference: str, *, as_of: str | None, lang: str, as_json: bool) -> int:
    """Print the journey; 2 if there is no such sale."""
    words = WORDS[lang]
    try:
        with open_checked(source, as_of, quiet=as_json) as checked:
            found = find_sales(checked.engine, reference)
            if len(found) != 1:
                key = "several" if found else "not_found"
                message = words[key].format(
                    reference=reference, source=source, sales=", ".join(found)
                )
                say_error(message, as_json=as_json)
                return UNUSABLE
            trace = trace_sale(checked, found[0])
            assert trace is not None, "the sale was found a moment ago"
            if as_json:
                print_json(_as_json(trace))
            else:
                _show(checked, trace, lang)
            return 1 if trace.journey["status"] == "overdue" else 0
    except UnusableError as error:
        say_error(error.said(lang), as_json=as_json)
        return UNUSABLE
    except (EngineError, StoreError) as error:
        say_error(str(error), as_json=as_json)
        return UNUSABLE
    except BrokenIdentityError as error:
        say_error(ERRORS[lang]["broken_identity"].format(detail=error), as_json=as_json)
        return 3


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _as_json(trace: Trace) -> dict[str, Any]:
    return {
        "journey": {name: _plain(value) for name, value in trace.journey.items()},
        "reached": trace.reached,
        "steps": [
            {
                "at": utc_text(step.at),
                "day_only": step.day_only,
                "what": step.what,
                "minor": step.minor,
                **{name: _plain(value) for name, value in step.detail.items()},
            }
            for step in trace.steps
        ],
    }


class _Teller:
    """Tells one trace in one language and zone."""

    def __init__(self, trace: Trace, lang: str, zone: str) -> None:
        self._trace = trace
        self._words = WORDS[lang]
        self._speech = Speech(cast("Lang", lang), ZoneInfo(zone))
        self._currency = str(trace.journey["currency"])

    def say(self, key: str, **values: object) -> str:
        """Return a text of the tracker's words; what comes from files is cleaned."""
        return self._words[key].format(**{k: clean(v) for k, v in values.items()})

    def money(self, minor: int | None) -> str:
        return "" if minor is None else self._speech.money(minor, self._currency)

    def time(self, moment: datetime | None) -> str:
        return "?" if moment is None else self._speech.time(moment)

    def status(self) -> str:
        """Return the one sentence that says where the money is."""
        row = self._trace.journey
        key = f"status.{row['status']}"
        if row["status"] == "in_transit" and row["promised_at"] is None:
            key += ".no_promise"
        return self.say(
            key,
            amount=self.money(row["credited_minor"]),
            outstanding=self.money(row["outstanding_minor"]),
            account=row["account_id"] or "?",
            promised=self.time(row["promised_at"]),
            credited=self.time(row["credited_at"]),
            late=self._speech.span((row["late_s"] or 0) // 60),
            reason=self.say(f"reason.{row['reason']}") if row["reason"] else "",
        )

    def action(self) -> str:
        """Return what to do next."""
        row = self._trace.journey
        key = {"overdue": row["leg"], "unknown": "unknown", "in_transit": "wait"}.get(
            row["status"], "none"
        )
        return self.say(
            f"do.{key or 'credit'}",
            terminal=row["terminal_id"] or "?",
            provider=row["provider_id"],
            payout=row["payout_id"] or "?",
            account=row["account_id"] or "?",
            promised=self.time(row["promised_at"]),
        )

    def step(self, step: Step) -> tuple[str, str, str]:
        """Return one step as (when, what, how much)."""
        when = self.time(step.at)
        if step.day_only and step.at is not None:
            when = self._speech.day(step.at.astimezone(self._speech.zone).date())
        detail = {"terminal_id": "?", "line_id": "?", "payout_id": "?", "credit_id": "?"}
        said = self.say(f"step.{step.what}", **{**detail, **step.detail})
        if step.detail.get("reason"):
            said += " · " + self.say("why", reason=step.detail["reason"])
        if step.detail.get("fee_minor"):
            said += " · " + self.say("fee", fee=self.money(step.detail["fee_minor"]))
        money = self.money(step.minor)
        if step.what in _WHOLE and money:
            money += f" ({self.say('whole_payout')})"
        return when, said, money


def _show(checked: Checked, trace: Trace, lang: str) -> None:
    book = checked.settings.book
    assert book is not None, "nothing is traced without terms"
    teller = _Teller(trace, lang, book.timezone)
    row = trace.journey
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)

    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False)

    line(teller.say("title", sale_id=row["sale_id"]), "bold")
    line(
        teller.status(),
        {"on_time": "green", "overdue": "red", "late": "yellow"}.get(row["status"], ""),
    )
    if row["leg"]:
        line(teller.say("stopped", leg=teller.say(f"leg.{row['leg']}")))
    line(teller.action())
    line("")
    for step in trace.steps:
        when, said, money = teller.step(step)
        line(f"  ● {when}  {said}" + (f"  {money}" if money else ""))
    if row["promised_at"] is not None and row["status"] in {"in_transit", "overdue", "unknown"}:
        line(f"  ○ {teller.time(row['promised_at'])}  {teller.say('step.due')}")
    line("")
    if row["promise_rule"]:
        line(
            teller.say(
                "promise", promised=teller.time(row["promised_at"]), rule=row["promise_rule"]
            )
        )
    if row["provisional"]:
        line(teller.say("provisional"), "yellow")
    fee = row["fee_minor"] or 0
    other = row["amount_minor"] - row["credited_minor"] - row["outstanding_minor"] - fee
    line(
        teller.say(
            "money",
            amount=teller.money(row["amount_minor"]),
            credited=teller.money(row["credited_minor"]),
            outstanding=teller.money(row["outstanding_minor"]),
            fee=teller.money(fee),
            other=teller.money(other),
        )
    )
    line(teller.say("zone", zone=book.timezone), "dim")
