"""Why money is late, as a table: the cause, what shows it, its rivals, what to do first.

Rules kept here: an incident is told as a colleague would: how much, whose, since when, where it
stopped, why we think so with the money behind each piece of evidence, what else it could be and
what would tell, when the money may come, and who does what first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from daozhang.charts.guard import clean
from daozhang.charts.sheets import Cell, Column, Sheet
from daozhang.charts.speech import Speech
from daozhang.charts.witness import seen_said
from daozhang.charts.words import WORDS
from daozhang.journey.figures import Figures

__all__ = [
    "action_of",
    "expected_said",
    "fact_said",
    "findings_sheet",
    "mechanism_said",
    "scope_said",
    "tell_apart",
    "why_sheet",
]

INCIDENTS_MAX: Final = 20
"""How many incidents are told; ``incidents.json`` holds all of them."""

FINDINGS_MAX: Final = 20
"""How many findings are told; ``summary.json`` holds all of them."""

EVIDENCE_SHOWN: Final = 4

_TELL: Final = {
    "network_outage": "tell.network",
    "network_setting_lost": "tell.network",
    "bank_slow": "tell.account",
    "settlement_account_lost": "tell.account",
    "account_under_review": "tell.hold",
    "duplicate_upload_held": "tell.hold",
    "minimum_or_limit": "tell.hold",
    "risk_hold": "tell.hold",
    "interface_field_mismatch": "tell.clear",
    "provider_outage": "tell.clear",
    "wrong_terminal_or_merchant_id": "tell.clear",
}
"""Mechanism → the fact that tells it from its rivals; at the terminal it is the batch report."""

Row = Mapping[str, Any]


def why_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return the incidents, most money first."""
    rows = figures.incidents[:INCIDENTS_MAX]
    hidden = len(figures.incidents) - len(rows)
    return Sheet(
        "why",
        speech("why.title"),
        speech("why.note"),
        (
            Column(speech("column.why")),
            Column(speech("column.amount"), right=True),
            Column(speech("column.expected")),
            Column(speech("column.do")),
        ),
        tuple(_row(row, speech) for row in rows),
        more=speech("why.more", count=f"{hidden:,}") if hidden else "",
        empty=speech("why.empty"),
    )


def _row(row: Row, speech: Speech) -> tuple[Cell, ...]:
    spoken = speech(
        "why.mechanism",
        mechanism=mechanism_said(row["mechanism"], speech),
        cause=speech(f"cause.{row['cause']}"),
    )
    scope = speech(
        "why.scope",
        scope=scope_said(json.loads(row["scope"]), speech),
        leg=speech(f"leg.{row['leg']}"),
    )
    lines = [
        speech(
            "why.on",
            fact=fact_said(fact, speech),
            behind=_behind(fact, row["currency"], speech),
        )
        for fact in json.loads(row.get("evidence") or "[]")[:EVIDENCE_SHOWN]
    ]
    rivals = json.loads(row.get("rivals") or "[]")
    if rivals:
        said = [
            speech(
                "why.rival",
                mechanism=mechanism_said(rival["mechanism"], speech)
                + (f" [{speech('cause.' + rival['cause'])}]"
                   if rival["mechanism"] == row["mechanism"] else ""),
                percent=_percent(rival["share_permille"]),
            )
            for rival in rivals
        ]  # fmt: skip
        lines.append(speech("why.rivals", rivals=speech("word.comma").join(said)))
        lines.append(speech("why.tell", fact=tell_apart(row, rivals, speech)))
    sure = row.get("confidence_permille")
    since, until = row["since"], row["until"]
    promised = _days("why.since", "why.since_day", since, until, speech) if since else ""
    first = action_of(row["mechanism"], speech)
    return (
        Cell(spoken, scope, "overdue" if row["open_sales"] else "late", tuple(lines)),
        Cell(
            speech.money(row["late_minor"], row["currency"]),
            speech.count("sales", row["sales"]),
        ),
        Cell(
            expected_said(row, speech),
            promised,
        ),
        Cell(
            first if row["open_sales"] else speech("why.again", do=first),
            speech("why.sure", percent=_percent(sure)) if sure else "",
        ),
    )  # fmt: skip


def expected_said(row: Row, speech: Speech) -> str:
    """Return between which days what is still to come may be expected if nothing is done."""
    since = row.get("expected_from") or row.get("expected_at")
    if since is None:
        return speech("why.arrived")
    until = row.get("expected_until")
    if until is None:
        first = since.astimezone(speech.zone).date()
        return speech("why.expected_from", since=speech.day(first))
    return _days("why.expected", "why.expected_on", since, until, speech)


def _days(key: str, one: str, since: datetime, until: datetime, speech: Speech) -> str:
    """Return a stretch of time in days, by another sentence where it is a single one."""
    first, last = (moment.astimezone(speech.zone).date() for moment in (since, until))
    if first == last:
        return speech(one, day=speech.day(first))
    return speech(key, since=speech.day(first), until=speech.day(last))


def _percent(permille: int) -> str:
    return f"{max(1, min(99, round(permille / 10)))}%"


def mechanism_said(mechanism: str | None, speech: Speech) -> str:
    """Return a mechanism's readable name."""
    return speech(f"mechanism.{mechanism}") if mechanism else speech("cause.unknown")


def scope_said(scope: Mapping[str, str], speech: Speech) -> str:
    """Return whom an incident struck."""
    said = []
    for name, value in scope.items():
        known = f"scope.{name}" in WORDS[speech.lang]
        key = f"scope.{name}" if known else "scope.other"
        said.append(speech(key, name=clean(name, 40), value=speech.name(value)))
    return speech("word.comma").join(said) or speech("scope.everywhere")


def _behind(fact: Mapping[str, Any], currency: str, speech: Speech) -> str:
    """Return the money that shows a fact, and where to see that."""
    amount, seen = speech.money(fact["late_minor"], currency), seen_said(fact, speech)
    if not seen:
        return amount
    if fact.get("example"):
        seen = speech("why.such_as", seen=seen, sale=clean(fact["example"], 200))
    return speech("why.behind", amount=amount, seen=seen)


def fact_said(fact: Mapping[str, Any], speech: Speech) -> str:
    """Return one piece of evidence as a clause, its times in the zone that is shown."""
    values = {name: _spoken(value, speech) for name, value in fact.items()}
    if fact.get("what"):
        values["what"] = speech("word.comma").join(
            _step(one, speech) for one in str(fact["what"]).split("、")
        )
    key = f"fact.{fact['fact']}"
    return speech(key, **values) if key in WORDS[speech.lang] else clean(fact["fact"], 200)


def _step(what: str, speech: Speech) -> str:
    """Return a step of an upgrade; what a log calls otherwise is told as it stands there."""
    key = f"step.{what}"
    return speech(key) if key in WORDS[speech.lang] else clean(what, 120)


def _spoken(value: object, speech: Speech) -> str:
    if isinstance(value, str) and value.endswith("Z") and value[10:11] == "T":
        return speech.time(datetime.fromisoformat(value))
    if isinstance(value, int):
        return f"{value:,}"
    return clean(value, 120) if value not in (None, "") else speech("word.not_known")


def action_of(mechanism: str | None, speech: Speech) -> str:
    """Return who does what first."""
    key = mechanism if f"act.{mechanism}" in WORDS[speech.lang] else "unknown"
    return speech("why.do", who=speech(f"act_who.{key}"), what=speech(f"act.{key}"))


def tell_apart(row: Row, rivals: list[dict[str, Any]], speech: Speech) -> str:
    """Return the fact that would tell a cause from its likeliest rival."""
    if rivals[0]["mechanism"] == row["mechanism"]:
        return speech("tell.upgrade")
    return speech(_TELL.get(row["mechanism"] or "", "tell.batch"))


def findings_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return what is wrong with providers: categories, payers, fees."""
    rows = figures.findings[:FINDINGS_MAX]
    hidden = len(figures.findings) - len(rows)
    return Sheet(
        "findings",
        speech("finding.title"),
        speech("finding.note"),
        (
            Column(speech("column.finding")),
            Column(speech("column.amount"), right=True),
            Column(speech("column.since")),
            Column(speech("column.do")),
        ),
        tuple(_finding(row, speech) for row in rows),
        more=speech("finding.more", count=f"{hidden:,}") if hidden else "",
        empty=speech("finding.empty"),
    )


def _finding(row: Row, speech: Speech) -> tuple[Cell, ...]:
    kind = row["finding"]
    subject = (
        speech.channel(row["subject"]) if kind == "fee_differs" else speech.name(row["subject"])
    )
    cost = row["cost_minor"]
    spent = speech("finding.cost", cost=speech.money(cost, row["currency"])) if cost else ""
    return (
        Cell(
            speech(
                f"finding.{kind}",
                who=speech.name(row["provider_id"]),
                subject=subject,
                detail=clean(row["detail"], 40),
            ),
            speech("finding.example", example=clean(row["example"], 40)),
        ),
        Cell(
            speech.money(row["amount_minor"], row["currency"]),
            spent or speech.count("rows", row["rows"]),
        ),
        Cell(speech.time(row["since"]), speech("finding.until", at=speech.time(row["until"]))),
        Cell(speech(f"finding_do.{kind}")),
    )
