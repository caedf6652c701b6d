"""What a bank's file does not say about itself, and what an answer changes in its profile."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daozhang.app._start_answers import BadAnswerError, read_answer
from daozhang.app._start_timing import zones_of
from daozhang.app.words_start import START_WORDS, CannotStartError, Said, say_start
from daozhang.charts.guard import clean
from daozhang.formats._proposal_columns import swapped
from daozhang.formats.profiles import normal_header
from daozhang.formats.propose import ProposedProfile

__all__ = [
    "Answers", "Asking", "Change", "MapAsk", "MapQuestion", "account_like", "answered", "chosen",
    "column_question", "currency_question", "name_column", "order_question", "questions_of",
    "timezone_question",
]  # fmt: skip

_FORMS: Final = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%d/%m/%Y"]
_HEADING_MAX: Final = 40
_OUTGOING: Final = frozenset("往出支付借")
_INCOMING: Final = frozenset("来入收贷")
"""Characters of which unknown words for the direction of money are often made."""

Change = Callable[[dict[str, Any], str], None]


@dataclass(frozen=True, slots=True)
class MapQuestion:
    """One question about a layout.

    Attributes:
        key: its stable name.
        said: the question.
        why: why it is asked.
        default: the proposed answer as it is typed; empty: there is none.
        example_key: key of an example in the catalogue; empty: ``shown`` is the example.
        shown: an example out of the file.
        read: returns an answer in its one spelling.
        change: puts it into the profile.
    """

    key: str
    said: Said
    why: Said
    default: str
    example_key: str
    shown: str
    read: Callable[[str], str]
    change: Change

    def text(self, lang: str) -> str:
        """Return the question itself."""
        return self.said.in_(lang)

    def reason(self, lang: str) -> str:
        """Return why it is asked."""
        return self.why.in_(lang)

    def example(self, lang: str) -> str:
        """Return what an answer looks like."""
        return say_start(lang, self.example_key) if self.example_key else self.shown


MapAsk = Callable[[MapQuestion, Said | None], str | None]
"""Puts a question after a complaint; empty: the default; None: nobody is there."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A proposed profile as data, and what is to be asked about it."""

    data: dict[str, Any]
    questions: tuple[MapQuestion, ...]


class Answers:
    """Answers given beforehand, by the question's key; each is used or told to be of no use."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Begin with no question known."""
        self._given = dict(given)
        self._known: list[str] = []

    def to(self, question: MapQuestion) -> str | None:
        """Return the answer to a question in its one spelling; None: none was given.

        Raises:
            CannotStartError: it cannot be used.
        """
        self._known.append(question.key)
        text = self._given.get(question.key)
        if text is None:
            return None
        try:
            return question.read(text)
        except BadAnswerError as bad:
            values = {"question": question.key, "text": text, "complaint": bad.said}
            raise CannotStartError(Said("stop.answer", values)) from None

    def finish(self) -> None:
        """Make sure that every answer had its question.

        Raises:
            CannotStartError: one had not.
        """
        for key in self._given:
            if key not in self._known:
                known = ", ".join(clean(each, _HEADING_MAX) for each in self._known) or "–"
                raise CannotStartError(
                    Said("stop.answer_key", {"question": clean(key, _HEADING_MAX), "known": known})
                )


def answered(
    data: dict[str, Any],
    questions: Sequence[MapQuestion],
    ask: MapAsk | None,
    given: Answers | None = None,
) -> tuple[dict[str, Any], list[MapQuestion]]:
    """Put the questions; return the changed profile and the questions left open.

    Raises:
        CannotStartError: an answer given beforehand cannot be used.
    """
    out, left = copy.deepcopy(data), []
    for question in questions:
        told = given.to(question) if given is not None else None
        if told is not None:
            question.change(out, told)
            continue
        complaint: Said | None = None
        while ask is not None:
            text = ask(question, complaint)
            if text is None:
                ask = None  # Nobody is there any more.
                break
            text = text.strip() or question.default
            if not text:
                left.append(question)
                break
            try:
                question.change(out, question.read(text))
            except BadAnswerError as bad:
                complaint = bad.said
                continue
            break
        if ask is None:
            left.append(question)
    return out, left


def questions_of(
    proposed: ProposedProfile,
    headings: Sequence[str],
    *,
    all_in: bool,
    other_dates: Callable[[list[str]], bool | None],
) -> Asking:
    """Return what the proposal leaves open.

    Args:
        proposed: the proposal.
        headings: the file's header cells.
        all_in: no row is money that goes out.
        other_dates: whether other date forms give a shorter period; None: they do not fit.
    """
    data: dict[str, Any] = tomllib.loads(proposed.toml)
    read, amount, fields = (data.setdefault(k, {}) for k in ("read", "amount", "fields"))
    # Columns first: the rest is about what stands in them.
    found = []
    if "booked_at" not in fields:
        found.append(column_question("date_column", headings, _put_date_column))
    if amount.get("column") == "":
        found.append(column_question("amount_column", headings, _put_amount_column))
    dates = read.get("dates", [])
    order = order_question(read, other_dates)
    if order is not None:
        found.append(order)
    found += _directions(proposed, amount, all_in=all_in)
    if "currency" not in fields:
        found.append(currency_question(str(read.get("currency", "CNY")), headings))
    if "constant" in fields.get("account_id", {}):
        found.append(_account(str(fields["account_id"]["constant"])))
    if any("%H" in form for form in dates) and "timezone" not in read:
        found.append(timezone_question(str(read.get("currency", "CNY"))))
    return Asking(data, tuple(found))


def _plain(kind: str) -> Callable[[str], str]:
    return lambda text: read_answer(kind, text)


def account_like(text: str) -> str:
    """Return a name in one line.

    Raises:
        BadAnswerError: it is none.
    """
    try:
        return read_answer("account", text)
    except BadAnswerError:
        raise BadAnswerError(Said("map.bad.name")) from None


def chosen(
    bad: str, words: dict[str, str], values: Mapping[str, object] | None = None
) -> Callable[[str], str]:
    """Return a reader of one of some words, in either language.

    Args:
        bad: the complaint about another word.
        words: what a text of the catalogue, by its key, stands for.
        values: what the complaint quotes.
    """
    known = {
        texts[key].lower(): value for texts in START_WORDS.values() for key, value in words.items()
    } | {value: value for value in words.values()}

    def read(text: str) -> str:
        value = known.get(text.strip().lower())
        if value is None:
            raise BadAnswerError(Said(bad, values or {}))
        return value

    return read


def currency_question(default: str, headings: Sequence[str]) -> MapQuestion:
    """Ask for the currency."""
    chinese = any("\u4e00" <= letter <= "\u9fff" for cell in headings for letter in cell)
    script = Said("map.why.chinese" if chinese else "map.why.other")
    return MapQuestion(
        "currency", Said("map.ask.currency"), Said("map.why.currency", {"script": script}),
        default, "example.currency", "", _plain("currency"),
        lambda data, answer: data["read"].update(currency=answer),
    )  # fmt: skip


def _account(default: str) -> MapQuestion:
    return MapQuestion(
        "account", Said("map.ask.account"), Said("map.why.account"), default,
        "map.example.account", "", _plain("account"),
        lambda data, answer: data["fields"]["account_id"].update(constant=answer),
    )  # fmt: skip


def timezone_question(currency: str) -> MapQuestion:
    """Ask for the zone of local times."""
    return MapQuestion(
        "timezone", Said("map.ask.timezone"), Said("map.why.timezone"), zones_of(currency)[0],
        "example.timezone", "", _plain("timezone"),
        lambda data, answer: data["read"].update(timezone=answer),
    )  # fmt: skip


def order_question(
    read: dict[str, Any], other_dates: Callable[[list[str]], bool | None]
) -> MapQuestion | None:
    """Ask whether day or month comes first; None: the dates have one order.

    The order with the shorter period is put into ``read`` and proposed.

    Args:
        read: the profile's ``read`` section.
        other_dates: whether other date forms give a shorter period; None: they do not fit.
    """
    dates = read.get("dates", [])
    other = swapped(dates[0]) if len(dates) == 1 else None
    shorter = other_dates([other]) if other is not None else None
    if other is None or shorter is None:
        return None
    if shorter:
        read["dates"] = [other]
    day_first = str(read["dates"][0]).startswith("%d")
    both = {str(form).startswith("%d"): str(form) for form in (dates[0], other)}
    read_word = chosen("map.bad.dates", {"map.dates.day": "day", "map.dates.month": "month"})

    def change(data: dict[str, Any], answer: str) -> None:
        data["read"]["dates"] = [both[answer == "day"]]

    return MapQuestion(
        "dates", Said("map.ask.dates"), Said("map.why.dates"), "day" if day_first else "month",
        "map.example.dates", "", read_word, change,
    )  # fmt: skip


def _directions(
    proposed: ProposedProfile, amount: dict[str, Any], *, all_in: bool
) -> list[MapQuestion]:
    """Ask which way money goes: of words that are not known, or of a column without a minus."""
    read = chosen("map.bad.sign", {"map.sign.in": "in", "map.sign.out": "out"})
    found = []
    for value in amount.get("signs", {}):
        # The proposal asks about a word exactly when it does not know it.
        if any(repr(value) in question for question in proposed.questions):
            words = {"column": clean(amount.get("by", ""), _HEADING_MAX), "value": value}
            out = bool(_OUTGOING & set(value)) and not _INCOMING & set(value)
            amount["signs"][value] = -1 if out else 1
            found.append(
                MapQuestion(
                    f"sign.{value}",
                    Said("map.ask.sign_of", words),
                    Said("map.why.sign_of"),
                    "out" if out else "in",
                    "map.example.sign",
                    "",
                    read,
                    _sign_of(value),
                )
            )
    if all_in and amount.get("column") and "by" not in amount:
        found.append(
            MapQuestion(
                "sign",
                Said("map.ask.sign"),
                Said("map.why.sign"),
                "in",
                "map.example.sign",
                "",
                read,
                lambda data, answer: data["amount"].update(negate=answer == "out"),
            )
        )
    return found


def _sign_of(value: str) -> Change:
    def change(data: dict[str, Any], answer: str) -> None:
        data["amount"]["signs"][value] = 1 if answer == "in" else -1

    return change


def column_question(
    kind: str, headings: Sequence[str], change: Change, table: str = "credits"
) -> MapQuestion:
    """Ask which heading has a role, such as ``date_column``, in a fact table."""
    listed = ", ".join(clean(cell, _HEADING_MAX) for cell in headings)
    normal = {normal_header(cell): cell for cell in headings}

    def read(text: str) -> str:
        heading = normal.get(normal_header(text))
        if heading is None:
            raise BadAnswerError(Said("map.bad.column", {"columns": listed}))
        return heading

    return MapQuestion(
        kind, Said(f"map.ask.{kind}" if table == "credits" else f"map.ask.{table}_{kind}"),
        Said("map.why.column", {"columns": listed}), "", "",
        clean(headings[0], _HEADING_MAX) if headings else "", read, change,
    )  # fmt: skip


def _put_date_column(data: dict[str, Any], heading: str) -> None:
    data["fields"]["booked_at"] = {"columns": [heading]}
    data["read"]["dates"] = list(_FORMS)
    name_column(data, heading)


def _put_amount_column(data: dict[str, Any], heading: str) -> None:
    data["amount"]["column"] = heading
    name_column(data, heading)


def name_column(data: dict[str, Any], heading: str) -> None:
    """Add a heading to those by which the layout is known."""
    if heading not in data["columns"]:
        data["columns"].append(heading)
