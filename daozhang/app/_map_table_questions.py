"""What a till's or provider's table does not say, as questions that change its profile."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from daozhang.app._map_questions import (
    Asking,
    Change,
    MapQuestion,
    account_like,
    chosen,
    column_question,
    currency_question,
    name_column,
    order_question,
    timezone_question,
)
from daozhang.app.words_start import Said
from daozhang.charts.guard import clean
from daozhang.facts import TABLES
from daozhang.formats.propose import Doubt, ProposedProfile

__all__ = ["table_question", "table_questions_of"]

_MAX: Final = 40
_SKIP: Final = "skip"
_TAKING: Final = frozenset({"refund", "chargeback", "fee", "tax", "reserve_hold"})
_FORMS: Final = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y"]


def table_question(proposed: ProposedProfile) -> MapQuestion:
    """Return the question which fact table a file fills."""
    known = {f"table.{table}": table for table in ("sales", "settlements", "payouts", "credits")}
    reasons = [
        Said(
            "map.why.table_of",
            {"table": Said(f"table.{table}"), "columns": _listed(proposed.reasons.get(table, ()))},
        )
        for table in proposed.tables
    ]
    return MapQuestion(
        "table", Said("map.ask.table"), Said("map.why.table", {"reasons": _Joined(reasons)}),
        proposed.table, "map.example.table", "", chosen("map.bad.table", known),
        lambda _data, _answer: None,
    )  # fmt: skip


class _Joined(Said):
    """Several sentences, each said in the reader's language."""

    def __init__(self, parts: Sequence[Said]) -> None:
        super().__init__("map.why.table", {"parts": tuple(parts)})

    def in_(self, lang: str) -> str:
        """Return the sentences, parted by a semicolon."""
        parts = self.values["parts"]
        assert isinstance(parts, tuple)
        return ("；" if lang == "zh" else "; ").join(part.in_(lang) for part in parts)


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(clean(cell, _MAX) for cell in headings[:6]) or "–"


def table_questions_of(
    proposed: ProposedProfile, *, other_dates: Callable[[list[str]], bool | None]
) -> Asking:
    """Return what the proposal of a till's or provider's table leaves open.

    Args:
        proposed: the proposal.
        other_dates: whether other date forms give a shorter period; None: they do not fit.
    """
    data: dict[str, Any] = tomllib.loads(proposed.toml)
    found = []
    for doubt in proposed.doubts:
        if doubt.key == "dates":
            question = order_question(data["read"], other_dates)
        elif doubt.key == "currency":
            question = currency_question(doubt.default, proposed.header)
        elif doubt.key == "timezone":
            question = timezone_question(str(data["read"].get("currency", "CNY")))
        elif doubt.key.endswith("_column"):
            question = column_question(
                doubt.key, proposed.header, partial(_put_column, doubt.target), proposed.table
            )
        elif doubt.word:
            question = _word(doubt, proposed.table)
        else:
            question = _PLAIN[doubt.key](doubt)
        if question is not None:
            found.append(question)
    return Asking(data, tuple(found))


def _put_column(target: str, data: dict[str, Any], heading: str) -> None:
    fields = data.setdefault("fields", {})
    fields[target] = {"columns": [heading]}
    if target == TABLES[data["table"]].event:
        data["read"]["dates"] = list(_FORMS)
    name_column(data, heading)


def _constant(doubt: Doubt) -> MapQuestion:
    """Ask for a name that no column gives: provider, merchant, terminal, way to pay."""

    def change(data: dict[str, Any], answer: str) -> None:
        data["fields"][doubt.target] = {"constant": answer}

    return MapQuestion(
        doubt.key, Said(f"map.ask.{doubt.key}"), Said(f"map.why.{doubt.key}"), doubt.default,
        f"map.example.{doubt.key}", "", account_like, change,
    )  # fmt: skip


def _fee_sign(doubt: Doubt) -> MapQuestion:
    words = {f"map.fee.{word}": word for word in ("as_written", "negative", "unsigned")}

    def change(data: dict[str, Any], answer: str) -> None:
        data.setdefault("settlement", {})["fee"] = answer

    return MapQuestion(
        "fee_sign", Said("map.ask.fee_sign", {"column": clean(doubt.column, _MAX)}),
        Said("map.why.fee_sign"), doubt.default, "map.example.fee_sign", "",
        chosen("map.bad.fee_sign", words), change,
    )  # fmt: skip


def _units(doubt: Doubt) -> MapQuestion:
    words = {"map.units.major": "major", "map.units.minor": "minor"}

    def change(data: dict[str, Any], answer: str) -> None:
        data["read"].pop("minor_units", None)
        if answer == "minor":
            data["read"]["minor_units"] = True

    return MapQuestion(
        "units", Said("map.ask.units", {"columns": clean(doubt.column, 2 * _MAX)}),
        Said("map.why.units"), doubt.default, "map.example.units", "",
        chosen("map.bad.units", words), change,
    )  # fmt: skip


def _minus(doubt: Doubt) -> MapQuestion:
    def change(data: dict[str, Any], answer: str) -> None:
        data["kind"]["negative"] = answer

    kinds = ("refund", "chargeback", "adjustment", "void", "reversal", "fee")
    return MapQuestion(
        "minus", Said("map.ask.minus", {"column": clean(doubt.column, _MAX)}),
        Said("map.why.minus"), doubt.default, "map.example.minus", "",
        chosen("map.bad.minus", {f"map.kind.{kind}": kind for kind in kinds}), change,
    )  # fmt: skip


_PLAIN: Final[Mapping[str, Callable[[Doubt], MapQuestion]]] = {
    "provider": _constant,
    "merchant": _constant,
    "terminal": _constant,
    "channel": _constant,
    "fee_sign": _fee_sign,
    "units": _units,
    "minus": _minus,
}


def _word(doubt: Doubt, table: str) -> MapQuestion:
    """Ask what a word in a column of kinds, states or ways to pay means."""
    target = "kind" if doubt.key == "kind" else "status"
    column = TABLES[table].column(target)
    values = column.values if column else ()
    if doubt.key == "tender" or not values:
        values = ("keep",)
    words = {f"map.{target}.{value}": value for value in values} | {"map.kind.skip": _SKIP}
    listed = ", ".join([*values, _SKIP])
    said = {"column": clean(doubt.column, _MAX), "value": clean(doubt.word, _MAX)}
    return MapQuestion(
        f"{doubt.key}.{doubt.word}",
        Said(f"map.ask.{doubt.key}_of", said),
        Said(f"map.why.{doubt.key}_of"),
        doubt.default,
        "",
        listed,
        chosen("map.bad.word", words, {"words": listed}),
        _word_change(doubt, "channel" if doubt.key == "tender" else target),
    )


def _word_change(doubt: Doubt, target: str) -> Change:
    def change(data: dict[str, Any], answer: str) -> None:
        skip = data.setdefault("skip", {})
        left = [word for word in skip.pop(doubt.column, []) if word != doubt.word]
        if answer == _SKIP:
            left.append(doubt.word)
        if left:
            skip[doubt.column] = left
        if not skip:
            del data["skip"]
        rule = data["fields"].get(target, {})
        values = rule.get("values", {})
        values.pop(doubt.word, None)
        if answer == "keep" and doubt.key == "tender":
            answer = "cash"
        if answer not in {_SKIP, "keep"} and rule.get("columns"):
            rule.setdefault("values", values)[doubt.word] = answer
        amount = data.get("amount", {})
        if doubt.key == "kind" and amount.get("by") == doubt.column:
            amount["signs"].pop(doubt.word, None)
            if answer != _SKIP:
                amount["signs"][doubt.word] = -1 if answer in _TAKING else 1

    return change
