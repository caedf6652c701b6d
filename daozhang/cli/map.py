"""``daozhang map FILE``: proposes a mapping profile for an unknown layout."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from daozhang.app.mapping import Mapped, Understood, map_file
from daozhang.app.words_start import CannotStartError, say_start
from daozhang.charts.guard import clean
from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.cli.dialog import Dialog
from daozhang.money import AmountError, format_minor

__all__ = ["run"]

_COLUMNS = ("booked_at", "amount", "account_id", "counterparty", "ref", "status")


def run(file: Path, *, out: Path | None, lang: str, as_json: bool, yes: bool) -> int:
    """Write a profile for a file's layout; 2 with one sentence if it cannot be mapped.

    Args:
        file: a CSV, XLSX or XLS file of bank lines.
        out: where the profile goes; None: beside the file.
        lang: ``zh`` or ``en``.
        as_json: print one JSON object and ask nothing.
        yes: ask nothing, take what is proposed.
    """
    interactive = not as_json and not yes and sys.stdin is not None and sys.stdin.isatty()
    dialog = Dialog(lang)
    shown: list[Understood] = []

    def show(understood: Understood) -> None:
        shown.append(understood)
        if interactive:
            _show_rows(dialog, file, understood)

    try:
        mapped = map_file(
            file, out=out, lang=lang, ask=dialog.ask if interactive else None, on_read=show
        )
    except CannotStartError as error:
        say_error(error.said.in_(lang), as_json=as_json)
        return UNUSABLE
    except KeyboardInterrupt:
        say_error(say_start(lang, "stop.interrupted"), as_json=as_json)
        return UNUSABLE
    if as_json:
        print_json(_as_json(mapped, lang))
    else:
        _show(dialog, file, mapped, in_place=out is None)
    return 0 if mapped.known or (mapped.understood and mapped.understood.count) else UNUSABLE


def _show(dialog: Dialog, file: Path, mapped: Mapped, *, in_place: bool) -> None:
    name = clean(file.name, 80)
    if mapped.known:
        key = "map.canonical" if mapped.canonical else "map.known"
        dialog.line(key, file=name, table=mapped.known, format=mapped.known)
        return
    written = mapped.path.name if mapped.path else ""
    if mapped.understood is not None:
        _show_rows(dialog, file, mapped.understood)
    if mapped.open:
        dialog.line("map.open", file=written)
        for question in mapped.open:
            answer = f" {question.default}" if question.default else ""
            dialog.print(f"  {question.text(dialog.lang)}{answer} ({question.reason(dialog.lang)})")
    dialog.line("map.wrote", file=mapped.path)
    if mapped.understood is None:
        dialog.line("map.incomplete", file=written, source=name)
    else:
        dialog.line("map.use" if in_place else "map.use_out")


def _show_rows(dialog: Dialog, file: Path, understood: Understood) -> None:
    filled = [c for c in _COLUMNS if any(_cell(row, c) for row in understood.rows)]
    title = dialog.say(
        "map.understood",
        file=clean(file.name, 80),
        shown=len(understood.rows),
        rows=understood.count,
    )
    headings = [dialog.say(f"col.{column}") for column in filled]
    rows = [[_cell(row, column) for column in filled] for row in understood.rows]
    if rows:
        dialog.table(title, headings, rows)
        dialog.line(
            "map.in_all",
            rows=understood.count,
            first=understood.first,
            last=understood.last,
            incoming=_money(understood.incoming),
            outgoing=_money(understood.outgoing),
        )
    for problem in understood.problems:
        dialog.line("map.problem", problem=clean(problem.said(dialog.lang), 300))


def _cell(row: Mapping[str, object], column: str) -> str:
    if column == "amount":
        minor = row.get("amount_minor")
        return _spoken(minor, str(row.get("currency") or "")) if isinstance(minor, int) else ""
    value = row.get(column)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else clean(value or "", 40)


def _spoken(minor: int, currency: str) -> str:
    try:
        return format_minor(minor, currency)
    except AmountError:
        return str(minor)


def _money(sums: Counter[str]) -> str:
    return ", ".join(_spoken(minor, currency) for currency, minor in sorted(sums.items())) or "0"


def _as_json(mapped: Mapped, lang: str) -> dict[str, Any]:
    understood = mapped.understood
    return {
        "known": mapped.known,
        "profile": mapped.text or None,
        "wrote": str(mapped.path) if mapped.path else None,
        "rows": [dict(row) for row in understood.rows] if understood else [],
        "count": understood.count if understood else 0,
        "problems": [problem.to_json() for problem in understood.problems] if understood else [],
        "questions": [
            {
                "key": question.key,
                "question": question.text(lang),
                "default": question.default,
                "reason": question.reason(lang),
                "example": question.example(lang),
            }
            for question in mapped.open
        ],
    }
