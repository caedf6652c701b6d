"""Use case: which stores are back at their former level after a release, and which are not."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Final

from daozhang.app.answers import write_whole
from daozhang.app.check import Checked
from daozhang.app.exports import guarded
from daozhang.app.words_recovery import WORDS
from daozhang.charts import Lang
from daozhang.charts.guard import clean
from daozhang.gate.recovery import ANSWERS, Cell, Recovery, StoreRecovery, recovery
from daozhang.gate.recovery_days import ALL, gather_days
from daozhang.gate.recovery_settings import MEASURES, Measure, RecoverySettings

__all__ = ["RecoveryTeller", "recoveries", "recovery_json", "recovery_rows", "write_recovery"]

WORST_MAX: Final = 5
"""How many stores are named one by one; the file has all."""


def recoveries(
    checked: Checked, release_ids: Iterable[str], settings: RecoverySettings | None = None
) -> list[Recovery]:
    """Judge the stores of each release, as of the moment that the journeys are of.

    Args:
        checked: the journeys of all that is known, with the tables behind them.
        release_ids: releases that ``upgrades`` names.
        settings: margins and errors; None: the usual ones.
    """
    used = settings or RecoverySettings()
    book = checked.settings.book
    assert book is not None, "nothing is answered without terms"
    wanted = list(release_ids)
    if not wanted:
        return []
    days = gather_days(checked.engine, book, checked.outcome.as_of, used, wanted)
    assert days is not None, "a release that is named has upgrades"
    return [recovery(days, release_id, used) for release_id in wanted]


def recovery_rows(found: Iterable[Recovery]) -> Iterator[dict[str, Any]]:
    """Give one row a store, method and measure, the stores together under ``*`` first."""
    for one in found:
        for cell in one.together:
            yield {
                "release_id": one.release_id, "store_id": ALL, "upgraded_from": None,
                "upgraded_until": None, "store_verdict": None, **_cell_row(cell),
            }  # fmt: skip
        for store in one.stores:
            upgraded = {
                "upgraded_from": _day(store.first_day), "upgraded_until": _day(store.last_day),
                "store_verdict": store.verdict,
            }  # fmt: skip
            for cell in store.cells:
                yield {
                    "release_id": one.release_id, "store_id": store.store_id, **upgraded,
                    **_cell_row(cell),
                }  # fmt: skip


def _cell_row(cell: Cell) -> dict[str, Any]:
    return {
        "method": cell.method,
        "measure": cell.measure,
        "verdict": cell.verdict,
        "reason": cell.reason,
        "basis": "together" if cell.reason in {"together", "thin"} else "own",
        "from_day": cell.window[0],
        "to_day": cell.window[1],
        "days_before": cell.days_before,
        "days_after": cell.days_after,
        "control_stores": cell.controls,
        "before": _figure(cell.level),
        "after": _figure(cell.after),
        "change": _figure(cell.change.value),
        "low": _figure(cell.change.low),
        "high": _figure(cell.change.high),
        "margin": cell.margin,
    }


def _figure(value: float) -> float | None:
    return round(value, 4) if isfinite(value) else None


def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def write_recovery(found: Iterable[Recovery], path: Path) -> None:
    """Write the rows as CSV where the file's name ends so, else as a JSON list.

    Raises:
        OSError: the file cannot be written.
    """
    rows = list(recovery_rows(found))
    if path.suffix.lower() != ".csv":
        write_whole(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([guarded(row[name]) for name in COLUMNS] for row in rows)
    # With its byte order mark a spreadsheet shows Chinese ids.
    write_whole(path, "\ufeff" + text.getvalue())


COLUMNS: Final = (
    "release_id", "store_id", "upgraded_from", "upgraded_until", "store_verdict", "method",
    "measure", "verdict", "reason", "basis", "from_day", "to_day", "days_before", "days_after",
    "control_stores", "before", "after", "change", "low", "high", "margin",
)  # fmt: skip


def recovery_json(one: Recovery, lang: Lang) -> dict[str, Any]:
    """Return what ``replay --json`` says of a release's recovery."""
    teller = RecoveryTeller(lang)
    counted = one.counted
    return {
        "within_days": one.settings.days,
        "told_until": _day(one.told_until),
        "stores": {
            "passed": counted["pass"],
            "failed": counted["fail"],
            "not_yet": counted["not yet"],
            "passed_alone": sum(store.alone for store in one.stores),
        },
        "together": [_cell_row(cell) for cell in one.together],
        "worst": [
            {"store_id": store.store_id, **_cell_row(cell), "said": teller.failed(store, cell)}
            for store, cell in worst(one)
        ],
        "waiting": [
            {"reason": reason, "stores": stores, "said": said}
            for reason, stores, said in teller.waiting(one)
        ],
    }


def worst(one: Recovery) -> list[tuple[StoreRecovery, Cell]]:
    """Return the stores that failed farthest beyond a margin, with the cell that did."""
    failed = [
        (store, store.telling)
        for store in one.stores
        if store.verdict == "fail" and store.telling is not None
    ]
    failed.sort(key=lambda of: (-abs(of[1].change.value) / of[1].margin, of[0].store_id))
    return failed[:WORST_MAX]


class RecoveryTeller:
    """Says a release's recovery in a language."""

    def __init__(self, lang: Lang) -> None:
        """Speak a language."""
        self._words = WORDS[lang]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the recovery's."""
        return self._words[key].format(**values)

    def counted(self, one: Recovery) -> str:
        """Return how many stores passed, failed or have to wait."""
        counted = one.counted
        return self(
            "stores",
            days=one.settings.days,
            passed=counted["pass"],
            failed=counted["fail"],
            waiting=counted["not yet"],
            alone=sum(store.alone for store in one.stores),
            until=_day(one.told_until),
        )

    def method(self, name: str) -> str:
        """Return how a payment method is called; one that is not known stands for itself."""
        return self._words.get(f"method.{name}") or clean(name, 40)

    def table(self, one: Recovery) -> tuple[list[str], list[list[tuple[str, str]]]]:
        """Return all stores together: headings, and by method its name and four answers.

        An answer is its text and its verdict, for a style.
        """
        rows: dict[str, dict[str, Cell]] = {}
        for cell in one.together:
            rows.setdefault(cell.method, {})[cell.measure] = cell
        heads = [self("together"), *(self(f"measure.{measure}") for measure in MEASURES)]
        return heads, [
            [(self.method(method), ""), *(self._answer(cells.get(m)) for m in MEASURES)]
            for method, cells in rows.items()
        ]

    def _answer(self, cell: Cell | None) -> tuple[str, str]:
        if cell is None:
            return "-", ""
        said = self(f"verdict.{cell.verdict}")
        if isfinite(cell.change.value):
            said = f"{said} {self.change(cell.measure, cell.change.value)}"
        return said, cell.verdict

    def change(self, measure: Measure, value: float) -> str:
        """Return a change in its unit, with its sign."""
        shown = f"{value * (100 if measure in {'volume', 'success'} else 1):+.1f}"
        return self(f"change.{measure}", value=shown.replace("-", "\u2212"))

    def _level(self, measure: Measure, value: float) -> str:
        shown = f"{100 * value:.1f}" if measure == "success" else f"{max(value, 0.0):,.1f}"
        return self(f"level.{measure}", value=shown)

    def failed(self, store: StoreRecovery, cell: Cell) -> str:
        """Return what failed in a store and what to do next."""
        said = self(
            "failed",
            store=clean(store.store_id, 40),
            method=self.method(cell.method),
            measure=self(f"measure.{cell.measure}"),
            before=self._level(cell.measure, cell.level),
            after=self._level(cell.measure, cell.after),
            change=self.change(cell.measure, cell.change.value),
            margin=self.change(cell.measure, cell.margin).lstrip("+"),
        )
        key = "above" if cell.reason == "above" else cell.measure
        return f"{said} {self(f'next.{key}')}"

    def waiting(self, one: Recovery) -> list[tuple[str, int, str]]:
        """Return why stores are not yet back: reason, stores, and a sentence with an example."""
        telling = [(s, s.telling) for s in one.stores if s.verdict == "not yet"]
        found = Counter(cell.reason for _, cell in telling if cell is not None)
        said: list[tuple[str, int, str]] = []
        for reason in ANSWERS:
            if not found[reason]:
                continue
            store, cell = next((s, c) for s, c in telling if c is not None and c.reason == reason)
            sentence = self(
                f"why.{reason}",
                count=found[reason],
                days=one.settings.days,
                past=-(-one.settings.baseline_days // 3),
                store=clean(store.store_id, 40),
                method=self.method(cell.method),
                measure=self(f"measure.{cell.measure}"),
            )
            said.append((reason, found[reason], sentence))
        return said
