"""``daozhang trace DIR|STORE SALE_ID``: one sale's journey, as a parcel tracker shows it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from rich.console import Console

from daozhang.app.check import Checked, UnusableError
from daozhang.app.seek import find_sales, lay_numbers, offer_sales
from daozhang.app.trace import Trace, trace_sale
from daozhang.app.trace_json import plainly, trace_json
from daozhang.app.tracker import Teller
from daozhang.app.words_errors import WORDS as ERRORS
from daozhang.app.words_trace import WORDS
from daozhang.charts import Lang
from daozhang.charts.guard import clean
from daozhang.cli.common import UNUSABLE, open_checked, print_json, say_error
from daozhang.engine import EngineError
from daozhang.journey.identities import BrokenIdentityError
from daozhang.store.parts import StoreError

__all__ = ["run"]

_STYLES = {
    "title": "bold", "strong": "bold", "quiet": "dim", "on_time": "green", "late": "yellow",
    "overdue": "red", "unknown": "magenta", "in_transit": "blue",
}  # fmt: skip


def run(source: Path, reference: str, *, as_of: str | None, lang: str, as_json: bool) -> int:
    """Print the journey; 2 if there is no such sale."""
    try:
        with open_checked(source, as_of, quiet=as_json, whole=True) as checked:
            lay_numbers(checked.engine)
            found = find_sales(checked.engine, reference)
            if len(found) != 1:
                _say_choices(checked, reference, found, source=source, lang=lang, as_json=as_json)
                return UNUSABLE
            trace = trace_sale(checked.engine, found[0], checked.outcome.as_of)
            assert trace is not None, "the sale was found a moment ago"
            if as_json:
                print_json(trace_json(trace))
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


def _say_choices(
    checked: Checked, reference: str, found: list[str], *, source: Path, lang: str, as_json: bool
) -> None:
    """Say which sales a reference may stand for."""
    words = WORDS[lang]
    key = "several" if found else "not_found"
    message = words[key].format(reference=clean(reference), source=source, sales=", ".join(found))
    book = checked.settings.book
    zone = ZoneInfo(book.timezone) if book is not None else UTC
    offers = () if found else offer_sales(checked.engine, reference, zone)
    if as_json:
        print_json(
            {"error": message, "sales": found, "offers": [plainly(asdict(o)) for o in offers]}
        )
        return
    say_error(message, as_json=False)
    if not found:
        for line in _teller(checked, lang).offers(offers):
            sys.stderr.write(f"{line}\n")


def _show(checked: Checked, trace: Trace, lang: str) -> None:
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for text, weight in _teller(checked, lang).lines(trace):
        console.print(text, style=_STYLES.get(weight, ""), markup=False)


def _teller(checked: Checked, lang: str) -> Teller:
    book = checked.settings.book
    assert book is not None, "nothing is traced without terms"
    return Teller(cast("Lang", lang), book.timezone, checked.outcome.as_of, book.legal_names)
