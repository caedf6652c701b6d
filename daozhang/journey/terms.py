"""``terms.toml``: what was agreed with each provider, read strictly.

Rules kept here: a key that is not known is refused, since a misspelt ``credit_by`` would move
every promise without a word. A file with one faulty term is refused whole: without that term
another one would govern its sales. Findings name the table (``terms[0]`` is the first), the key
and, where the file's text is at hand, the line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final, cast, get_args

from daozhang.calendars import (
    KNOWN_CALENDARS,
    BusinessCalendar,
    CalendarProblem,
    UnknownCalendarError,
    YearOverride,
    load_calendar,
)
from daozhang.facts import Problem
from daozhang.facts.cards import cut_account
from daozhang.journey._term import Basis, CutoffBy, FeeBasis, Rate, Term, TermsBook, Window
from daozhang.journey._terms_checks import check_book, check_term
from daozhang.journey._toml_table import Located, TomlTable, did_you_mean
from daozhang.money import CURRENCIES, Rounding

__all__ = [
    "Basis",
    "CutoffBy",
    "FeeBasis",
    "Rate",
    "Term",
    "TermsBook",
    "Window",
    "load_terms",
    "load_terms_text",
    "problems_of",
]

_LAG_DAYS_MAX: Final = 366
_BPS_MAX: Final = 10_000
_TOML_LINE: Final = re.compile(r"line (\d+)")
_ROUNDINGS: Final = tuple(rounding.value for rounding in Rounding)


def load_terms_text(
    text: str, file: str, overrides: Sequence[YearOverride] = ()
) -> tuple[TermsBook | None, list[Problem]]:
    """Read ``terms.toml`` from its text; findings carry lines.

    Args:
        text: the file's content.
        file: the name to put into findings.
        overrides: the user's calendar overrides.

    Returns:
        As :func:`load_terms`; text that is not TOML is one finding.
    """
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_LINE.search(str(error))
        line = int(place[1]) if place else None
        return None, [Problem(file, line, "not_toml", f"this is not TOML: {error}")]
    return load_terms(data, file, overrides, text)


def load_terms(
    data: Mapping[str, object],
    file: str,
    overrides: Sequence[YearOverride] = (),
    text: str | None = None,
) -> tuple[TermsBook | None, list[Problem]]:
    """Read a parsed ``terms.toml``.

    Args:
        data: the file as :func:`tomllib.loads` parses it, best with ``parse_float=Decimal``.
        file: the name to put into findings.
        overrides: the user's calendar overrides.
        text: the file's content, from which lines are found; None: findings name tables only.

    Returns:
        The book, or None when any finding is an error; and the findings in file order.
    """
    found = Located(file, text)
    top = TomlTable(data, found)
    timezone = top.zone("timezone", required='such as timezone = "Asia/Shanghai"')
    currency = _currency(top)
    tables = top.value("terms", required="write at least one [[terms]] table")
    top.finish()
    calendars: dict[str, BusinessCalendar] = {}
    terms: list[Term] = []
    if isinstance(tables, list) and tables and all(isinstance(t, Mapping) for t in tables):
        for index, table in enumerate(tables):
            reader = TomlTable(table, found, name="terms", index=index, label=f"terms[{index}]")
            term = _term(reader, index, timezone, calendars, overrides)
            if term is not None:
                terms.append(term)
    elif tables is not None:
        top.problem("terms", "wrong_type", "'terms' is at least one [[terms]] table")
    check_book(terms, found)
    if found.refused or timezone is None or currency is None:
        return None, found.problems
    return TermsBook(timezone, currency, tuple(terms), MappingProxyType(calendars)), found.problems


def problems_of(findings: Sequence[CalendarProblem]) -> list[Problem]:
    """Return the findings about override files as the project's located problems."""
    return [Problem(f.file, f.line, f.code, f.message) for f in findings]


def _currency(top: TomlTable) -> str | None:
    value = top.text("currency", required='such as currency = "CNY"')
    if value is not None and value not in CURRENCIES:
        hint = f"; did you mean {value.upper()!r}?" if value.upper() in CURRENCIES else ""
        top.problem(
            "currency", "unknown_currency", f"'currency' {value!r} is no ISO 4217 code{hint}"
        )
        return None
    return value


def _term(
    table: TomlTable,
    index: int,
    timezone: str | None,
    calendars: dict[str, BusinessCalendar],
    overrides: Sequence[YearOverride],
) -> Term | None:
    """Read one term; None when something without which there is no term is missing."""
    provider_id = table.text("provider_id", required="name the provider")
    zone = table.zone("timezone") or timezone or "UTC"
    basis = table.choice("basis", get_args(Basis), required='"business" or "calendar"')
    # Calendar days need no calendar; business days do.
    wanted = 'such as calendar = "CN"' if basis == "business" else ""
    calendar = _calendar(table, "calendar", calendars, overrides, required=wanted)
    credit_calendar = _calendar(table, "credit_calendar", calendars, overrides)
    cutoff = table.clock("cutoff", required='such as cutoff = "23:00" ("24:00" is midnight)')
    credit_by = table.clock("credit_by", required='such as credit_by = "12:00"')
    lag_days = table.count("lag_days", most=_LAG_DAYS_MAX, required="such as lag_days = 1")
    fee_bps = table.rate("fee_bps", most=_BPS_MAX, required="such as fee_bps = 38 (0: no fee)")
    if calendar is None and basis == "calendar":
        calendar = "ALL_DAYS"
        calendars.setdefault(calendar, load_calendar(calendar))
    term = Term(
        index=index,
        provider_id=provider_id or "",
        channel=table.text("channel"),
        merchant_id=table.text("merchant_id"),
        account_id=cut_account(table.text("account_id") or "") or None,
        valid_from=table.day("valid_from"),
        valid_to=table.day("valid_to"),
        timezone=zone,
        cutoff=cutoff or 0,
        cutoff_by=cast("CutoffBy | None", table.choice("cutoff_by", get_args(CutoffBy))),
        basis=cast("Basis", basis or "business"),
        lag_days=lag_days or 0,
        calendar=calendar or "ALL_DAYS",
        credit_by=credit_by or 0,
        credit_calendar=credit_calendar,
        credit_timezone=table.zone("credit_timezone") or zone,
        windows=_windows(table),
        daily_limit_minor=table.count("daily_limit_minor"),
        clear_by=table.clock("clear_by"),
        pay_by=table.clock("pay_by"),
        min_payout_minor=table.count("min_payout_minor") or 0,
        fee_bps=fee_bps or (0, 1),
        fee_cap_minor=table.count("fee_cap_minor"),
        fee_fixed_minor=table.count("fee_fixed_minor") or 0,
        fee_tax_bps=table.rate("fee_tax_bps", most=_BPS_MAX) or (0, 1),
        fee_rounding=Rounding(table.choice("fee_rounding", _ROUNDINGS) or "half_up"),
        fee_basis=cast("FeeBasis", table.choice("fee_basis", get_args(FeeBasis)) or "line"),
        fee_refunded=table.flag("fee_refunded") or False,
        legal_name=table.text("legal_name"),
        payer_names=table.texts("payer_names"),
        licensed=table.flag("licensed"),
    )
    table.finish()
    if None in (provider_id, basis, calendar, cutoff, credit_by, lag_days, fee_bps):
        return None  # Found and reported above; what is checked below would mislead.
    check_term(term, table)
    return term


def _calendar(
    table: TomlTable,
    key: str,
    calendars: dict[str, BusinessCalendar],
    overrides: Sequence[YearOverride],
    *,
    required: str = "",
) -> str | None:
    """Read a calendar's name and load it into ``calendars``."""
    name = table.text(key, required=required)
    if name is None or name in calendars:
        return name
    try:
        calendars[name] = load_calendar(name, overrides)
    except UnknownCalendarError as error:
        hint = did_you_mean(name, KNOWN_CALENDARS)
        table.problem(key, "unknown_calendar", f"{key!r}: {error}{hint if 'mean' in hint else ''}")
        return None
    return name


def _windows(table: TomlTable) -> tuple[Window, ...]:
    """Read the list of windows; each is a strict table of its own."""
    value = table.value("windows")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(w, Mapping) for w in value):
        wanted = '[{ until = "11:00", credit_by = "15:00" }]'
        table.problem("windows", "wrong_type", f"'windows' is a list like {wanted}")
        return ()
    windows = []
    for position, entry in enumerate(value):
        reader = table.inner(entry, "windows", position)
        until = reader.clock("until", required='such as until = "11:00"')
        credit_by = reader.clock("credit_by", required='such as credit_by = "15:00"')
        lag_days = reader.count("lag_days", most=_LAG_DAYS_MAX)
        reader.finish()
        if until is not None and credit_by is not None:
            windows.append(Window(until, credit_by, lag_days or 0))
    return tuple(windows)
