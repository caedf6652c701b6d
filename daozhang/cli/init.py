"""``daozhang init DIR``: looks at the files, asks what it cannot see, writes terms and accounts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from daozhang.app._start_facts import Facts
from daozhang.app._start_terms import Draft, percent
from daozhang.app.intake import Intake
from daozhang.app.start import Started, start
from daozhang.app.words_start import CannotStartError, say_start
from daozhang.charts.guard import clean
from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.cli.dialog import Dialog
from daozhang.money import format_minor

__all__ = ["run"]


def run(folder: Path, *, lang: str, as_json: bool, answers: dict[str, str] | None) -> int:
    """Write ``terms.toml`` and ``accounts.csv``; 2 with one sentence if nothing can be begun with.

    Args:
        folder: the folder with the files.
        lang: ``zh`` or ``en``.
        as_json: print one JSON object and ask nothing.
        answers: answers given beforehand, by the question's key; None: none.
    """
    interactive = not as_json and sys.stdin is not None and sys.stdin.isatty()
    show = _Show(lang)
    try:
        started = start(
            folder,
            lang=lang,
            ask=show.ask if interactive else None,
            answers=answers,
            on_found=(lambda *_found: None) if as_json else show.found,
        )
    except CannotStartError as error:
        say_error(error.said.in_(lang), as_json=as_json)
        return UNUSABLE
    except KeyboardInterrupt:
        say_error(say_start(lang, "stop.interrupted"), as_json=as_json)
        return UNUSABLE
    if as_json:
        print_json(_as_json(started, lang))
    else:
        show.result(started, folder)
    return 0


class _Show(Dialog):
    """What ``init`` shows."""

    def found(self, facts: Facts, intake: Intake, zone: str) -> None:
        """Show what the files hold."""
        place = ZoneInfo(zone)
        rows = [
            [
                clean(file.file, 60),
                file.format or "",
                ", ".join(f"{self.table_name(t)} {n:,}" for t, n in file.rows.items()),
                _period(file.period, place),
            ]
            for file in intake.files
            if file.kind == "facts"
        ]
        unknown = self.say("show.unknown")
        for provider in facts.providers:
            more = self.say(
                "show.provider_more",
                channels=_listed(provider.channels) or unknown,
                merchants=_listed(provider.merchants) or unknown,
                currency=provider.currency or unknown,
            )
            name = self.say("show.provider", provider=clean(provider.provider_id, 40))
            span = _period((provider.first, provider.last), place)
            rows.append([name, more, f"{provider.sales:,}", span])
        for account in facts.accounts:
            money = unknown
            if account.currency:
                money = format_minor(account.in_minor, account.currency)
            more = self.say(
                "show.account_more",
                bank=clean(account.bank_id or unknown, 40),
                money=money,
                payers=_listed(account.payers) or unknown,
            )
            name = self.say("show.account", account=clean(account.account_id, 40))
            span = _period((account.first, account.last), place)
            rows.append([name, more, f"{account.credits:,}", span])
        columns = ("show.what", "show.which", "show.count")
        period = self.say("show.period", zone=zone)
        self.table(self.say("show.found"), [*map(self.say, columns), period], rows)

    def table_name(self, table: str) -> str:
        known = table in {"sales", "settlements", "payouts", "credits"}
        return self.say(f"table.{table}" if known else "table.other", table=table)

    def result(self, started: Started, folder: Path) -> None:
        """Show the terms with their evidence, what is open, and what to do next."""
        columns = ("show.for", "show.rule", "show.explains", "show.next_best", "show.fee")
        rows = [self.draft(draft) for draft in started.drafts]
        self.table(self.say("show.terms"), map(self.say, columns), rows)
        if started.open:
            self.print(self.say("show.open"), strong=True)
        for question in started.open:
            text = f"  {clean(question.key, 120)}: {question.text(self.lang)}"
            if question.default:
                text += f" {question.default}"
            self.print(f"{text} ({question.reason(self.lang)})")
        for note in started.notes:
            self.print(note.in_(self.lang))
        self.line("note.next", folder=folder)

    def draft(self, draft: Draft) -> list[str]:
        """Return a term's row: for whom, the rule, its evidence, the next best, the fee."""
        timing, fee, none = draft.timing, draft.fee, self.say("show.none")
        rule = self.say(
            "show.rule_text",
            plan=draft.arrival,
            cutoff=draft.text_of("cutoff"),
            credit_by=draft.text_of("credit_by"),
        )
        explains = rivals = fees = none
        if timing is not None:
            explains = self.explained(timing.explained, timing.sales)
            rivals = "\n".join(
                f"{rival.short} {rival.calendar or rival.credit_calendar or ''}".rstrip()
                + ": "
                + self.explained(count, timing.sales)
                for rival, count in timing.rivals
            )
        if fee is not None:
            rate = draft.values["fee_bps"].value
            fees = self.say("show.fee_text", rate=rate, agreed=fee.agreed, lines=fee.lines)
        return [draft.who.in_(self.lang), rule, explains, rivals or none, fees]

    def explained(self, explained: int, sales: int) -> str:
        return self.say(
            "show.explains_text", explained=explained, sales=sales,
            percent=percent(explained, sales),
        )  # fmt: skip


def _listed(names: Iterable[str], most: int = 4) -> str:
    all_names = list(names)
    shown = ", ".join(clean(name, 40) for name in all_names[:most])
    return shown + (", …" if len(all_names) > most else "")


def _period(period: tuple[datetime | None, datetime | None] | None, place: ZoneInfo) -> str:
    first, last = period or (None, None)
    if first is None or last is None:
        return ""
    start_day, end_day = first.astimezone(place).date(), last.astimezone(place).date()
    return f"{start_day}" if start_day == end_day else f"{start_day} – {end_day}"


def _as_json(started: Started, lang: str) -> Mapping[str, Any]:
    return {
        "wrote": list(started.wrote),
        "timezone": started.zone,
        "providers": [
            {
                "provider_id": provider.provider_id,
                "channels": list(provider.channels),
                "merchants": list(provider.merchants),
                "currency": provider.currency,
                "sales": provider.sales,
            }
            for provider in started.facts.providers
        ],
        "accounts": [
            {"account_id": row.account_id, "merchant_id": row.merchant_id} for row in started.rows
        ],
        "terms": [_draft_json(draft, lang) for draft in started.drafts],
        "questions": [
            {
                "key": question.key,
                "question": question.text(lang),
                "default": question.default,
                "reason": question.reason(lang),
                "example": question.example(lang),
            }
            for question in started.open
        ],
        "notes": [note.in_(lang) for note in started.notes],
    }


def _draft_json(draft: Draft, lang: str) -> dict[str, Any]:
    timing = draft.timing
    return {
        "provider_id": draft.provider_id,
        "channel": draft.channel,
        "merchant_id": draft.merchant_id,
        "explained": None if timing is None else timing.explained,
        "looked_at": None if timing is None else timing.sales,
        "rivals": [
            {"arrival": rival.short, "explained": count}
            for rival, count in (timing.rivals if timing else ())
        ],
        "values": {
            key: {"value": known.value.strip('"'), "how": known.how, "why": known.why.in_(lang)}
            for key, known in draft.values.items()
        },
    }
