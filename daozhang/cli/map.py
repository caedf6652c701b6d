"""``daozhang map FILE``: proposes a mapping profile for an unknown layout."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from daozhang.app.mapping import Mapped, Understood, map_file
from daozhang.app.words_start import START_WORDS, CannotStartError, Said, say_start
from daozhang.charts.guard import clean
from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.cli.dialog import Dialog
from daozhang.formats.privacy import truncate_cards
from daozhang.money import AmountError, format_minor

__all__ = ["run"]

_COLUMNS = {
    "credits": ("booked_at", "amount_minor", "account_id", "counterparty", "ref", "status"),
    "settlements": ("cleared_at", "kind", "gross_minor", "fee_minor", "tax_minor", "reserve_minor",
                    "net_minor", "ref", "payout_id", "terminal_id", "status"),
    "sales": ("captured_at", "kind", "amount_minor", "sale_id", "terminal_id", "store_id",
              "channel"),
    "payouts": ("paid_out_at", "net_minor", "payout_id", "account_id", "status"),
}  # fmt: skip
"""What is shown of a row, by fact table."""

_HEADINGS = {("settlements", "ref"): "col.reference"}
"""Columns that are called otherwise in one table."""


def run(
    file: Path,
    *,
    out: Path | None,
    lang: str,
    as_json: bool,
    yes: bool,
    answers: Sequence[str] = (),
) -> int:
    """Write a profile for a file's layout; 2 with one sentence if it cannot be mapped.

    Args:
        file: a CSV, XLSX or XLS file of bank lines, settlement lines, sales or payouts.
        out: where the profile goes; None: beside the file.
        lang: ``zh`` or ``en``.
        as_json: print one JSON object and ask nothing.
        yes: ask nothing, take what is proposed.
        answers: ``QUESTION=ANSWER``, for questions that are not to be asked.
    """
    interactive = not as_json and not yes and sys.stdin is not None and sys.stdin.isatty()
    dialog = Dialog(lang)

    def show(understood: Understood) -> None:
        if interactive:
            _show_rows(dialog, file, understood)

    try:
        mapped = map_file(
            file,
            out=out,
            lang=lang,
            ask=dialog.ask if interactive else None,
            answers=_given(answers),
            on_read=show,
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


def _given(answers: Sequence[str]) -> dict[str, str]:
    """Return answers by the question's key.

    Raises:
        CannotStartError: one has no ``=``.
    """
    given = {}
    for answer in answers:
        # A word of the file may hold the sign, an answer does not.
        key, mark, text = answer.rpartition("=")
        if not mark or not key.strip():
            raise CannotStartError(Said("map.answer_form", {"text": clean(answer, 80)}))
        given[key.strip()] = text
    return given


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
    filled = [
        c for c in _COLUMNS[understood.table] if any(_cell(row, c) for row in understood.rows)
    ]
    title = dialog.say(
        "map.understood",
        file=clean(file.name, 80),
        table=dialog.say(f"table.{understood.table}"),
        shown=len(understood.rows),
        rows=understood.count,
    )
    headings = [dialog.say(_HEADINGS.get((understood.table, c), f"col.{c}")) for c in filled]
    rows = [[_shown(dialog, row, column) for column in filled] for row in understood.rows]
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
    closing = understood.closing
    if closing is not None:
        dialog.line(
            "map.closing",
            net=clean(closing.net, 40),
            gross=clean(closing.gross, 40),
            fees=" − ".join(clean(fee, 40) for fee in closing.fees),
            closes=closing.closes,
            rows=closing.rows,
        )
    if understood.repeated:
        dialog.line("map.repeated", rows=understood.repeated)
    for problem in understood.problems:
        dialog.line("map.problem", problem=clean(problem.said(dialog.lang), 300))


def _shown(dialog: Dialog, row: Mapping[str, object], column: str) -> str:
    """Return a cell in the reader's language: kinds and states are words of ours."""
    text = _cell(row, column)
    key = f"map.{column}.{text}"
    return dialog.say(key) if column in {"kind", "status"} and key in START_WORDS["en"] else text


def _cell(row: Mapping[str, object], column: str) -> str:
    value = row.get(column)
    if column.endswith("_minor"):
        return _spoken(value, str(row.get("currency") or "")) if isinstance(value, int) else ""
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
    closing = understood.closing if understood else None
    return {
        "known": mapped.known,
        "profile": mapped.text or None,
        "wrote": str(mapped.path) if mapped.path else None,
        "table": understood.table if understood else None,
        "rows": [_row_json(row) for row in understood.rows] if understood else [],
        "count": understood.count if understood else 0,
        "repeated": understood.repeated if understood else 0,
        "closing": None if closing is None else {"closes": closing.closes, "rows": closing.rows},
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


def _row_json(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row without whole card numbers, which a column of ids may hold."""
    return {
        key: truncate_cards(value) if isinstance(value, str) else value
        for key, value in row.items()
    }
