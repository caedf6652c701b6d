"""Use case: a mapping profile for an unknown table of money (the command ``map``).

Rules kept here: a file that is recognised already needs no profile and gets none; what the
file does not say (which fact table it fills, currency, account or provider, order of day and
month, direction of money, what a word means) is asked, each with a proposed answer; where nobody
answers, the proposal is taken and marked in the profile as a guess. The whole file is read through
the profile before it is written, so that its owner sees what would be understood.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from daozhang.app._map_questions import (
    Answers,
    Asking,
    MapAsk,
    MapQuestion,
    answered,
    questions_of,
)
from daozhang.app._map_table_questions import table_question, table_questions_of
from daozhang.app._map_toml import profile_text
from daozhang.app.answers import write_whole
from daozhang.app.settings import load_settings
from daozhang.app.words_start import CannotStartError, Said
from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Facts, Options, Row
from daozhang.formats.profiles import Profile, load_profile
from daozhang.formats.propose import Closing, ProposedProfile, propose_profile
from daozhang.formats.registry import format_names, read_file, recognise
from daozhang.store.canonical import Canonical
from daozhang.store.canonical import recognise as recognise_canonical

__all__ = ["SHOWN_ROWS", "Mapped", "Understood", "map_file"]

SHOWN_ROWS: Final = 10
_PROBLEMS_MAX: Final = 5
_UNDOES: Final = frozenset({"refund", "void", "reversal"})
_SAID: Final = frozenset({"is_image", "is_pdf", "empty_file"})
_MAPPABLE: Final = frozenset({"unknown_layout", "unknown_text", "format_ambiguous"})


@dataclass(slots=True)
class Understood:
    """What a profile makes of a whole file.

    Attributes:
        table: the fact table that they fill.
        rows: the first ones, at most :data:`SHOWN_ROWS`.
        count: all rows.
        repeated: rows whose key an earlier row has; they would count as the same fact.
        first: earliest day of an event.
        last: latest.
        incoming: minor units by currency.
        outgoing: minor units by currency, positive.
        problems: the first ones.
        problem_count: all of them.
        closing: how far the file's gross, fee and net add up; None: it does not state all three.
        keys: of all rows.
    """

    table: str = "credits"
    rows: list[Row] = field(default_factory=list)
    count: int = 0
    repeated: int = 0
    first: date | None = None
    last: date | None = None
    incoming: Counter[str] = field(default_factory=Counter)
    outgoing: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    closing: Closing | None = None
    keys: set[tuple[object, ...]] = field(default_factory=set, repr=False)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What came of ``map``.

    Attributes:
        known: the format or table that the file is recognised as; None: it was not.
        canonical: whether ``known`` is a fact table's name.
        text: the profile as written; empty where none is needed.
        understood: the file read through the profile; None: the profile is not complete.
        open: questions whose proposed answers nobody confirmed.
        path: where the profile was written; None: none is needed.
    """

    known: str | None = None
    canonical: bool = False
    text: str = ""
    understood: Understood | None = None
    open: tuple[MapQuestion, ...] = ()
    path: Path | None = None


def map_file(
    file: Path,
    *,
    out: Path | None = None,
    lang: str = "en",
    ask: MapAsk | None = None,
    answers: Mapping[str, str] | None = None,
    on_read: Callable[[Understood], None] = lambda _understood: None,
) -> Mapped:
    """Propose a profile for a file, settle what it leaves open, and write it.

    Args:
        file: a CSV, XLSX or XLS file of bank lines, settlement lines, sales or payouts.
        out: where the profile goes, replaced if it is there; None: ``<stem>.profile.toml`` beside
            the file, or a free name like it.
        lang: ``zh`` or ``en``, for comments in the profile.
        ask: puts a question; None: nobody is there.
        answers: answers given beforehand, by the question's key.
        on_read: told what the proposal makes of the file, before anything is asked.

    Raises:
        CannotStartError: the file cannot be mapped, an answer not be used, or the profile not be
            written.
    """

    def stop(key: str, **values: object) -> CannotStartError:
        return CannotStartError(Said(f"map.{key}", {"file": file.name, **values}))

    if not file.is_file():
        raise stop("is_folder" if file.is_dir() else "no_file")
    try:
        known = _known(file)
        if isinstance(known, Mapped):
            return known
        if known is not None and known.code in _SAID:
            raise stop(known.code)
        if known is not None and known.code not in _MAPPABLE:
            raise stop("no_table", problem=known)
        proposed = propose_profile(file, _name_of(file))
        if isinstance(proposed, Problem):
            raise stop("no_table", problem=proposed)
        text, left, understood = _Settling(file, lang, ask, answers or {}).run(proposed, on_read)
        path = _place(file) if out is None else out
    except OSError as error:
        raise stop("no_table", problem=error.strerror or error) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        said = Said("map.write", {"file": path, "reason": error.strerror or error})
        raise CannotStartError(said) from None
    return Mapped(text=text, understood=understood, open=tuple(left), path=path)


def _known(file: Path) -> Mapped | Problem | None:
    """Return what recognises the file, or why nothing does."""
    canonical = recognise_canonical(file, file.name)
    if isinstance(canonical, Canonical):
        return Mapped(known=canonical.table, canonical=True)
    beside = [path for path in file.parent.iterdir() if path.name.lower().endswith(".profile.toml")]
    reader = recognise(file, file.name, load_settings(beside).options.profiles)
    return reader if isinstance(reader, Problem) else Mapped(known=reader.name)


def _name_of(file: Path) -> str:
    """Return a profile name from the file's: lower-case letters and digits, none of ours."""
    name = re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_")[:40]
    if not re.fullmatch(r"[a-z][a-z0-9_]+", name):
        # A Chinese name has no such letters; a digest keeps two files' profiles apart.
        digest = hashlib.sha256(file.stem.encode("utf-8", "replace")).hexdigest()[:6]
        name = f"layout_{digest}" if not name else f"layout_{name}"
    return f"my_{name}" if name in format_names() else name


def _place(file: Path) -> Path:
    """Return a free path for the profile beside the file."""
    for number in range(1, 1000):
        ending = "" if number == 1 else f"-{number}"
        path = file.with_name(f"{file.stem}{ending}.profile.toml")
        if not path.exists():
            return path
    return file.with_name(f"{file.stem}.profile.toml")


class _Settling:
    """One file's open questions, put and answered."""

    def __init__(
        self, file: Path, lang: str, ask: MapAsk | None, answers: Mapping[str, str]
    ) -> None:
        self.file, self.lang, self.ask = file, lang, ask
        self.given = Answers(answers)

    def run(
        self, proposed: ProposedProfile, on_read: Callable[[Understood], None]
    ) -> tuple[str, list[MapQuestion], Understood | None]:
        """Return the profile's text, what stays open, and what it understands."""
        proposed, left = self._table(proposed)
        first = _read(self.file, proposed.profile, {}, proposed)
        if first is not None:
            on_read(first)
        asking = self._asking(proposed, first)
        data, more = answered(asking.data, asking.questions, self.ask, self.given)
        self.given.finish()
        left += more
        text = profile_text(data, [q for q in left if q.default], self.lang)
        loaded = load_profile(text, "profile")
        profile = loaded if isinstance(loaded, Profile) else None
        return text, left, _read(self.file, profile, data, proposed)

    def _table(self, proposed: ProposedProfile) -> tuple[ProposedProfile, list[MapQuestion]]:
        """Settle which fact table the file fills, where more than one fits or one was named."""
        question = table_question(proposed)
        several = len(proposed.tables) > 1
        picked: dict[str, Any] = {}
        put = replace(question, change=lambda data, answer: data.update(table=answer))
        data, left = answered(picked, [put], self.ask if several else None, self.given)
        table = str(data.get("table", proposed.table))
        if table != proposed.table:
            other = propose_profile(self.file, _name_of(self.file), table)
            if not isinstance(other, Problem):
                proposed = other
        return proposed, left if several else []

    def _asking(self, proposed: ProposedProfile, first: Understood | None) -> Asking:
        def other_dates(forms: list[str]) -> bool | None:
            return _other_dates(self.file, proposed, first, forms)

        if proposed.table != "credits":
            return table_questions_of(proposed, other_dates=other_dates)
        return questions_of(
            proposed,
            proposed.header,
            all_in=first is not None and bool(first.count) and not first.outgoing,
            other_dates=other_dates,
        )


def _other_dates(
    file: Path, proposed: ProposedProfile, first: Understood | None, forms: list[str]
) -> bool | None:
    """Say whether the file reads as well with other date forms, and over a shorter period.

    None: it does not read with them. A statement covers days that follow each other, so of two
    orders of day and month the one with the shorter period is the likelier.
    """
    data: dict[str, Any] = tomllib.loads(proposed.toml)
    data.setdefault("read", {})["dates"] = forms
    loaded = load_profile(profile_text(data, [], "en"), "profile")
    other = _read(file, loaded if isinstance(loaded, Profile) else None, {}, proposed)
    if other is None or not other.count or other.problem_count:
        return None
    return first is None or _days(other) < _days(first)


def _days(understood: Understood) -> int:
    if understood.first is None or understood.last is None:
        return 0
    return (understood.last - understood.first).days


def _read(
    file: Path, profile: Profile | None, data: Mapping[str, Any], proposed: ProposedProfile
) -> Understood | None:
    """Read the whole file through a profile; None: there is none."""
    if profile is None:
        return None
    told = data.get("read", {}).get("timezone") if data else None
    options = Options(timezone=told or "Asia/Shanghai", profiles={profile.name: profile})
    out = Understood(table=profile.table, closing=proposed.closing)
    for item in read_file(file, options, format=profile.name):
        if isinstance(item, Problem):
            out.problem_count += 1
            if len(out.problems) < _PROBLEMS_MAX:
                out.problems.append(item)
        elif isinstance(item, Facts) and item.table == profile.table:
            _add(out, item.rows)
    return out


def _add(out: Understood, rows: list[Row]) -> None:
    table = TABLES[out.table]
    money = "amount_minor" if table.column("amount_minor") else "net_minor"
    out.count += len(rows)
    out.rows += rows[: SHOWN_ROWS - len(out.rows)]
    for row in rows:
        key = tuple(row.get(column) for column in table.key)
        out.repeated += key in out.keys
        out.keys.add(key)
        minor, currency = row.get(money), str(row.get("currency") or "")
        if isinstance(minor, int) and minor:
            undoes = out.table == "sales" and row.get("kind") in _UNDOES
            side = out.incoming if minor > 0 and not undoes else out.outgoing
            side[currency] += abs(minor)
        at = row.get(table.event or "")
        if isinstance(at, date):
            day = at.date() if isinstance(at, datetime) else at
            out.first = day if out.first is None else min(out.first, day)
            out.last = day if out.last is None else max(out.last, day)
