"""Questions with proposed answers, and what an answer may be.

Rules kept here: an answer is read strictly and refused with a sentence; a rate needs its unit,
since ``0.6`` may be meant as per cent or as basis points; Enter takes the proposed answer, and a
proposal that was taken so is no guess any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from daozhang.app._start_fees import rate_text
from daozhang.app.words_start import Said, say_start
from daozhang.journey._local_time import clock_text
from daozhang.money import CURRENCIES

__all__ = ["Ask", "BadAnswerError", "Question", "Talk", "UnknownAnswerError", "read_answer"]

_ARRIVAL: Final = re.compile(r"([TD])\+?(\d{1,2})")
_CLOCK: Final = re.compile(r"(\d{1,2})[:：](\d{2})")
_RATE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(%|％|‰|BPS|BP|‱)")
_BPS: Final = {"%": 100, "％": 100, "‰": 10}
_LAG_DAYS_MAX: Final = 30
_TEXT_MAX: Final = 100
_YES: Final = frozenset({"y", "yes", "是", "好", "true"})
_NO: Final = frozenset({"n", "no", "否", "不", "false"})


class BadAnswerError(ValueError):
    """An answer cannot be used; ``said`` tells why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.key)
        self.said = said


class UnknownAnswerError(LookupError):
    """An answer was given to a question that there is not."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        super().__init__(key)
        self.key, self.known = key, known


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: its stable name, such as ``terms.acq.cutoff``; answers are given under it.
        kind: currency, timezone, cutoff, arrival, credit_by, fee, account or replace.
        who: whom it is about.
        default: the proposed answer as it is to be typed; empty: there is none.
        why: the reason for it.
        guessed: whether the files leave it open, so that it has to be asked.
    """

    key: str
    kind: str
    who: Said | str
    default: str
    why: Said
    guessed: bool = True

    def text(self, lang: str) -> str:
        """Return the question itself."""
        return Said(f"ask.{self.kind}", {"who": self.who}).in_(lang)

    def reason(self, lang: str) -> str:
        """Return why the proposed answer is proposed."""
        return self.why.in_(lang)

    def example(self, lang: str) -> str:
        """Return what an answer looks like."""
        return say_start(lang, f"example.{self.kind}")


Ask = Callable[[Question, Said | None], str | None]
"""Puts a question, after a complaint about the last answer; empty: the default; None: nobody is
there to answer."""


def read_answer(kind: str, text: str) -> str:
    """Return an answer in its one spelling: ``T+1``, ``23:00``, a rate in basis points.

    Raises:
        BadAnswerError: it cannot be used.
    """
    word = text.strip()
    read = _READERS[kind](word)
    if read is None:
        kind = {"cutoff": "clock", "credit_by": "clock", "replace": "choice"}.get(kind, kind)
        raise BadAnswerError(Said(f"bad.{kind}"))
    return read


def _currency(word: str) -> str | None:
    return word.upper() if word.upper() in CURRENCIES else None


def _zone(word: str) -> str | None:
    found = next((name for name in available_timezones() if name.lower() == word.lower()), None)
    return ZoneInfo(found).key if found else None


def _clock(word: str) -> str | None:
    match = _CLOCK.fullmatch(word)
    if match is None or int(match[2]) >= 60:  # noqa: PLR2004 - minutes of an hour
        return None
    minutes = int(match[1]) * 60 + int(match[2])
    return clock_text(minutes) if 0 < minutes <= 24 * 60 else None


def _arrival(word: str) -> str | None:
    match = _ARRIVAL.fullmatch(word.upper().replace(" ", ""))
    if match is None or int(match[2]) > _LAG_DAYS_MAX:
        return None
    return f"{match[1]}+{int(match[2])}"


def _fee(word: str) -> str | None:
    match = _RATE.fullmatch(word.upper().replace(" ", ""))
    if match is None:
        return None
    bps = Fraction(match[1]) * _BPS.get(match[2], 1)
    return rate_text(bps) if bps <= 10_000 else None  # noqa: PLR2004 - 100 %


def _account(word: str) -> str | None:
    return word if 0 < len(word) <= _TEXT_MAX and word.isprintable() else None


def _choice(word: str) -> str | None:
    return "yes" if word.lower() in _YES else "no" if word.lower() in _NO else None


_READERS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "currency": _currency,
    "timezone": _zone,
    "cutoff": _clock,
    "credit_by": _clock,
    "arrival": _arrival,
    "fee": _fee,
    "account": _account,
    "replace": _choice,
}


class Talk:
    """One run's questions: those answered beforehand, those asked, those left open."""

    def __init__(self, answers: Mapping[str, str], ask: Ask | None) -> None:
        """Begin.

        Args:
            answers: answers given beforehand, by the question's key.
            ask: puts questions; None: nobody is there, defaults are taken and marked.
        """
        self._answers = dict(answers)
        self._ask = ask
        self._known: list[str] = []
        self.open: list[Question] = []

    def settle(self, question: Question) -> str | None:
        """Return the answer in its one spelling; None: the default stands as it is.

        Raises:
            BadAnswerError: an answer given beforehand cannot be used; its ``said`` has
                ``stop.answer`` as key.
        """
        self._known.append(question.key)
        if question.key in self._answers:
            text = self._answers[question.key]
            try:
                return read_answer(question.kind, text)
            except BadAnswerError as bad:
                values = {"question": question.key, "text": text, "complaint": bad.said}
                raise BadAnswerError(Said("stop.answer", values)) from None
        if not question.guessed:
            return None
        complaint: Said | None = None
        while self._ask is not None:
            text_now = self._ask(question, complaint)
            if text_now is None:
                self._ask = None  # Nobody is there any more.
                break
            if not text_now.strip():
                if not question.default:
                    break
                text_now = question.default
            try:
                return read_answer(question.kind, text_now)
            except BadAnswerError as bad:
                complaint = bad.said
        self.open.append(question)
        return None

    def finish(self) -> None:
        """Make sure that every answer given beforehand had its question.

        Raises:
            UnknownAnswerError: one had not.
        """
        for key in self._answers:
            if key not in self._known and key != "replace":
                raise UnknownAnswerError(key, tuple(self._known))
