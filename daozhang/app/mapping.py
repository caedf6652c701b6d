"""Use case: a mapping profile for an unknown layout of bank lines (the command ``map``).

Rules kept here: a file that is recognised already needs no profile and gets none; what the
file does not say (currency, account, order of day and month, direction of money) is asked, each
with a proposed answer; where nobody answers, the proposal is taken and marked in the profile as a
guess. The whole file is read through the profile before it is written, so that its owner sees
what would be understood.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from daozhang.app._map_questions import MapAsk, MapQuestion, answered, questions_of
from daozhang.app._map_toml import profile_text
from daozhang.app.answers import write_whole
from daozhang.app.settings import load_settings
from daozhang.app.words_start import CannotStartError, Said
from daozhang.facts import Problem
from daozhang.formats.base import HEAD_BYTES, Facts, Options, Row, Source
from daozhang.formats.mapped import preview
from daozhang.formats.profiles import Profile, load_profile, normal_header
from daozhang.formats.propose import ProposedProfile, propose_profile
from daozhang.formats.registry import format_names, read_file, recognise
from daozhang.store.canonical import Canonical
from daozhang.store.canonical import recognise as recognise_canonical

__all__ = ["SHOWN_ROWS", "Mapped", "Understood", "map_file"]

SHOWN_ROWS: Final = 10
_PROBLEMS_MAX: Final = 5
_SAID: Final = frozenset({"is_image", "is_pdf", "empty_file"})
_MAPPABLE: Final = frozenset({"unknown_layout", "unknown_text", "format_ambiguous"})


@dataclass(slots=True)
class Understood:
    """What a profile makes of a whole file.

    Attributes:
        rows: the first ones, at most :data:`SHOWN_ROWS`.
        count: all rows.
        first: earliest booking.
        last: latest booking.
        incoming: minor units by currency.
        outgoing: minor units by currency, positive.
        problems: the first ones.
        problem_count: all of them.
    """

    rows: list[Row] = field(default_factory=list)
    count: int = 0
    first: date | None = None
    last: date | None = None
    incoming: Counter[str] = field(default_factory=Counter)
    outgoing: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0


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
    on_read: Callable[[Understood], None] = lambda _understood: None,
) -> Mapped:
    """Propose a profile for a file, settle what it leaves open, and write it.

    Args:
        file: a CSV, XLSX or XLS file of bank lines.
        out: where the profile goes, replaced if it is there; None: ``<stem>.profile.toml`` beside
            the file, or a free name like it.
        lang: ``zh`` or ``en``, for comments in the profile.
        ask: puts a question; None: nobody is there.
        on_read: told what the proposal makes of the file, before anything is asked.

    Raises:
        CannotStartError: the file cannot be mapped or the profile not be written.
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
        stranger = _not_of_a_bank(_headings(file, proposed))
        if stranger:
            raise stop("not_bank", heading=stranger)
        text, left, understood = _settle(file, proposed, lang, ask, on_read)
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


def _settle(
    file: Path,
    proposed: ProposedProfile,
    lang: str,
    ask: MapAsk | None,
    on_read: Callable[[Understood], None],
) -> tuple[str, list[MapQuestion], Understood | None]:
    """Ask what is open; return the profile's text, what stays open and what it understands."""
    headings = _headings(file, proposed)
    first = _read(file, proposed.profile, {})
    if first is not None:
        on_read(first)
    asking = questions_of(
        proposed,
        headings,
        all_in=first is not None and bool(first.count) and not first.outgoing,
        other_dates=lambda forms: _other_dates(file, proposed, first, forms),
    )
    data, left = answered(asking.data, asking.questions, ask)
    text = profile_text(data, [q for q in left if q.default], lang)
    loaded = load_profile(text, "profile")
    profile = loaded if isinstance(loaded, Profile) else None
    return text, left, _read(file, profile, data)


_NOT_OF_A_BANK = (
    "terminal", "终端", "receipt", "小票", "tender", "payout", "打款", "gross", "till", "收银",
)  # fmt: skip


def _not_of_a_bank(headings: tuple[str, ...]) -> str | None:
    """Return a heading that no bank statement has, for a till's or provider's file.

    What a till sold or a provider sent is no money in the bank; taken for it, money that never
    came would count as arrived.
    """
    for heading in headings:
        if any(word in normal_header(heading) for word in _NOT_OF_A_BANK):
            return heading
    return None


def _headings(file: Path, proposed: ProposedProfile) -> tuple[str, ...]:
    """Return the cells of the header row that the proposal stands on."""
    with file.open("rb") as stream:
        found = preview(Source(file, file.name, stream.read(HEAD_BYTES)))
    wanted = {normal_header(str(cell)) for cell in _columns_of(proposed.toml)}
    for _, rows in found.tables if found is not None else ():
        for row in rows:
            if wanted and wanted <= {normal_header(cell) for cell in row}:
                return tuple(cell.strip() for cell in row if cell.strip())
    return ()


def _columns_of(text: str) -> list[Any]:
    """Return the ``columns`` of a profile's text."""
    columns = tomllib.loads(text).get("columns", [])
    return columns if isinstance(columns, list) else []


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
    other = _read(file, loaded if isinstance(loaded, Profile) else None, {})
    if other is None or not other.count or other.problem_count:
        return None
    return first is None or _days(other) < _days(first)


def _days(understood: Understood) -> int:
    if understood.first is None or understood.last is None:
        return 0
    return (understood.last - understood.first).days


def _read(file: Path, profile: Profile | None, data: Mapping[str, Any]) -> Understood | None:
    """Read the whole file through a profile; None: there is none."""
    if profile is None:
        return None
    told = data.get("read", {}).get("timezone") if data else None
    options = Options(timezone=told or "Asia/Shanghai", profiles={profile.name: profile})
    out = Understood()
    for item in read_file(file, options, format=profile.name):
        if isinstance(item, Problem):
            out.problem_count += 1
            if len(out.problems) < _PROBLEMS_MAX:
                out.problems.append(item)
        elif isinstance(item, Facts) and item.table == profile.table:
            _add(out, item.rows)
    return out


def _add(out: Understood, rows: list[Row]) -> None:
    out.count += len(rows)
    out.rows += rows[: SHOWN_ROWS - len(out.rows)]
    for row in rows:
        minor, currency = row.get("amount_minor"), str(row.get("currency") or "")
        if isinstance(minor, int) and minor:
            side = out.incoming if minor > 0 else out.outgoing
            side[currency] += abs(minor)
        booked = row.get("booked_at")
        if isinstance(booked, date):
            day = booked.date() if isinstance(booked, datetime) else booked
            out.first = day if out.first is None else min(out.first, day)
            out.last = day if out.last is None else max(out.last, day)
