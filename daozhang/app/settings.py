"""What a folder or store says besides facts: terms, calendars, mapping profiles.

Rules kept here: terms and calendars that cannot be read are refused whole, since a promise
computed without a term that was meant is wrong without a word; a faulty mapping profile only
means that its layout is not known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from daozhang.calendars import YearOverride, load_overrides
from daozhang.facts import Problem
from daozhang.formats.base import Options
from daozhang.formats.profiles import load_profile
from daozhang.journey.terms import TermsBook, load_terms_text, problems_of

__all__ = ["TERMS", "Settings", "load_settings", "validate_setting"]

TERMS = "terms.toml"
_SETTING_BYTES_MAX = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """What was found.

    Attributes:
        book: the terms; None: there are none, or they have errors.
        options: what format readers need.
        problems: findings, in the order of the files.
        has_terms: whether a ``terms.toml`` is there at all.
    """

    book: TermsBook | None
    options: Options
    problems: tuple[Problem, ...]
    has_terms: bool


def load_settings(paths: Iterable[Path]) -> Settings:
    """Read ``terms.toml``, ``calendar-*.toml`` and ``*.profile.toml`` among some paths."""
    files = {path.name: path for path in paths}
    problems: list[Problem] = []
    overrides: list[YearOverride] = []
    profiles: dict[str, object] = {}
    for name in sorted(files):
        lowered = name.lower()
        if lowered.startswith("calendar") and lowered.endswith(".toml"):
            found, wrong = _calendar(files[name])
            overrides += found
            problems += wrong
        elif lowered.endswith(".profile.toml"):
            wrong = _profile(files[name], profiles)
            problems += wrong
    book = None
    terms = next((path for name, path in files.items() if name.lower() == TERMS), None)
    if terms is not None:
        text, wrong = _text(terms)
        problems += wrong
        if text is not None:
            book, wrong = load_terms_text(text, TERMS, overrides)
            problems += wrong
    options = Options(
        timezone=book.timezone if book else "UTC",
        currency=book.currency if book else None,
        profiles=profiles,
    )
    return Settings(book, options, tuple(problems), terms is not None)


def validate_setting(path: Path, name: str) -> list[Problem]:
    """Return what is wrong with one terms, calendar or profile file before it is stored."""
    lowered = name.lower()
    if lowered.endswith(".profile.toml"):
        return _profile(path, {})
    if lowered == TERMS:
        text, problems = _text(path)
        return problems if text is None else load_terms_text(text, name)[1]
    return _calendar(path)[1]


def _text(path: Path) -> tuple[str | None, list[Problem]]:
    try:
        if path.stat().st_size > _SETTING_BYTES_MAX:
            message = f"larger than {_SETTING_BYTES_MAX} bytes: this is no settings file"
            return None, [Problem(path.name, None, "file_too_large", message)]
        return path.read_text(encoding="utf-8-sig"), []
    except UnicodeDecodeError:
        message = "not UTF-8: save it again as UTF-8"
        return None, [Problem(path.name, None, "not_utf8", message)]
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return None, [Problem(path.name, None, "file_unreadable", message)]


def _calendar(path: Path) -> tuple[tuple[YearOverride, ...], list[Problem]]:
    text, problems = _text(path)
    if text is None:
        return (), problems
    try:
        data: Mapping[str, object] = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        return (), [Problem(path.name, None, "not_toml", f"this is not TOML: {error}")]
    overrides, findings = load_overrides(data, path.name)
    return overrides, problems_of(findings)


def _profile(path: Path, profiles: dict[str, object]) -> list[Problem]:
    """Add a mapping profile to ``profiles``; return what is wrong with it."""
    text, problems = _text(path)
    if text is None:
        return problems
    loaded = load_profile(text, path.name)
    if isinstance(loaded, list):
        return loaded
    profiles[loaded.name] = loaded
    return []
