"""Mapping profiles: how the columns of a CSV, XLSX or XLS layout become the columns of a table.

A profile is a TOML text. ``columns`` are the header cells that recognise the layout (compared after
:func:`normal_header`, so full- and half-width brackets are the same). Keys::

    name, title, table, columns
    [read]    dates (strptime forms), decimal, group, currency, timezone, blank (cells that mean
              empty), stop (the first cell of a footer begins so), year (a pattern over the lines
              above the header that finds ``year`` and perhaps ``month`` for dates without one),
              minor_units (true: amounts are whole fen or cents)
    [skip]    header cell = list of values; such rows are left out
    [amount]  target (default amount_minor) and one of: ``column`` with ``negate``; ``in`` and
              ``out``; ``column`` with ``by`` and ``signs`` (value = 1 or -1; ``prefix`` = true
              compares beginnings). ``pattern`` finds ``amount``, perhaps ``currency`` and ``less``
              (subtracted) inside the cell
    [fields.<column of the table>]  columns (joined by ``join``), or ``constant``, or ``preamble``
              (a pattern over the lines above the header); ``values`` maps cells; ``default``
    [settlement]  fee: ``as_written`` (positive is kept), ``negative`` (negative is kept) or
              ``unsigned`` (kept where the line brings money, given back where it takes some);
              gross or net that no rule gives is worked out from the other and the fee. net:
              ``as_written``, or ``unsigned`` (it goes the way that the gross goes)
    [kind]    ``positive`` and ``negative``: the kinds of rows that bring and take money, where no
              column says the kind
    [balance] column: the balance after each line; it is followed from line to line
    [period]  pattern over the lines above and below the table: ``from`` and ``to``, days that the
              statement covers; ``dates`` their strptime forms
    [id]      columns whose cells tell two lines apart beside account, date, amount and text
    [totals]  pattern over the lines above and below the table: ``in`` and ``out``, as the file
              states them

Every fact that the table requires must be given, but for the id of a bank or settlement line, which
is built when the profile names none.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from daozhang.facts import TABLES, Problem
from daozhang.money import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Amount", "FieldRule", "Profile", "bundled_profiles", "load_profile", "normal_header",
]  # fmt: skip

PROFILE_CHARS_MAX: Final = 200_000
"""A profile longer than this is refused, in characters."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,60}")
_TOP: Final = {"name", "title", "table", "columns", "read", "skip", "amount", "fields", "id",
               "totals", "settlement", "balance", "period", "kind"}  # fmt: skip
_READ: Final = {"dates", "decimal", "group", "currency", "timezone", "blank", "stop", "year",
                "minor_units"}  # fmt: skip
_FEES: Final = ("as_written", "negative", "unsigned")
_NETS: Final = ("as_written", "unsigned")
_AMOUNT: Final = {"target", "column", "negate", "in", "out", "by", "signs", "prefix", "pattern"}
_FIELD: Final = {"columns", "join", "constant", "preamble", "values", "default"}
_HEADER_CHARS: Final = 100
_BUILT_IDS: Final = {"credits": "credit_id", "settlements": "line_id"}


def normal_header(cell: str) -> str:
    """Return a header cell as it is compared: NFKC (full-width to half-width), no blanks, lower."""
    return _normal(cell) if len(cell) <= _HEADER_CHARS else _normal.__wrapped__(cell)


@functools.lru_cache(maxsize=8_192)
def _normal(cell: str) -> str:
    """Do so; each layout looks at the same first rows of a table."""
    return "".join(unicodedata.normalize("NFKC", cell).replace("\ufeff", "").split()).strip(
        "`'\""
    ).lower()  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where one target column comes from. Exactly one of columns, constant, preamble is given."""

    target: str
    columns: tuple[str, ...] = ()
    join: str = " "
    constant: str | None = None
    preamble: re.Pattern[str] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """The sign rule of the signed amount; header cells are normal."""

    target: str = "amount_minor"
    column: str | None = None
    negate: bool = False
    column_in: str | None = None
    column_out: str | None = None
    by: str | None = None
    signs: Mapping[str, int] = field(default_factory=dict)
    prefix: bool = False
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One layout. Header cells are normal (:func:`normal_header`)."""

    name: str
    title: str
    table: str
    columns: frozenset[str]
    fields: tuple[FieldRule, ...]
    amount: Amount | None = None
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    decimal: str = "."
    group: str = ","
    currency: str | None = None
    timezone: str | None = None
    blank: frozenset[str] = frozenset()
    stop: tuple[str, ...] = ()
    year: re.Pattern[str] | None = None
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    id_columns: tuple[str, ...] = ()
    totals: re.Pattern[str] | None = None
    minor_units: bool = False
    fee: str = "as_written"
    net: str = "as_written"
    kinds: tuple[str, str] | None = None
    balance: str | None = None
    period: re.Pattern[str] | None = None
    period_dates: tuple[str, ...] = ("%Y-%m-%d",)
    bundled: bool = False

    @property
    def built_id(self) -> str | None:
        """The key column that is built because no rule gives it."""
        target = _BUILT_IDS.get(self.table)
        return None if any(rule.target == target for rule in self.fields) else target


class _Loading:
    """One profile text on its way to a :class:`Profile`, collecting what is wrong with it."""

    def __init__(self, text: str, file: str) -> None:
        self.lines = text.splitlines()
        self.file = file
        self.problems: list[Problem] = []

    def wrong(self, word: str, code: str, message: str) -> None:
        """Note a problem at the first line that holds the word."""
        line = next((n for n, text in enumerate(self.lines, 1) if word and word in text), None)
        self.problems.append(Problem(self.file, line, code, message))

    def known(self, section: Mapping[str, Any], keys: set[str], where: str) -> None:
        for key in section:
            if key not in keys:
                choices = ", ".join(sorted(keys))
                self.wrong(key, "profile_key", f"{where} has no key {key!r}; known are {choices}")

    def text(self, section: Mapping[str, Any], key: str, default: str | None = None) -> str | None:
        value = section.get(key, default)
        if value is not None and not isinstance(value, str):
            self.wrong(key, "profile_type", f"{key} must be a text, got {value!r}")
            return default
        return value

    def texts(self, section: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = section.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.wrong(key, "profile_type", f"{key} must be a list of texts, got {value!r}")
            return ()
        return tuple(value)

    def table(self, section: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = section.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "profile_type", f"{key} must be a table, got {value!r}")
            return {}
        return value

    def pattern(
        self, section: Mapping[str, Any], key: str, groups: tuple[str, ...]
    ) -> re.Pattern[str] | None:
        text = self.text(section, key)
        if text is None:
            return None
        try:
            pattern = re.compile(text)
        except re.error as error:
            self.wrong(key, "profile_pattern", f"{key} is not a regular expression: {error}")
            return None
        for name in groups:
            if name not in pattern.groupindex:
                self.wrong(key, "profile_pattern", f"{key} needs a group (?P<{name}>…)")
                return None
        return pattern

    def header(self, section: Mapping[str, Any], key: str) -> str | None:
        text = self.text(section, key)
        return normal_header(text) if text is not None else None


def load_profile(text: str, file: str) -> Profile | list[Problem]:
    """Read a mapping profile.

    Args:
        text: the TOML text.
        file: what the user calls the file, for problems.

    Returns:
        The profile, or everything that is wrong with it.
    """
    if len(text) > PROFILE_CHARS_MAX:
        message = f"the profile is longer than {PROFILE_CHARS_MAX} characters"
        return [Problem(file, None, "profile_too_long", message)]
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        line = re.search(r"at line (\d+)", str(error))
        return [Problem(file, int(line[1]) if line else None, "profile_toml", f"not TOML: {error}")]
    load = _Loading(text, file)
    load.known(data, _TOP, "a profile")
    name, table = load.text(data, "name") or "", load.text(data, "table") or ""
    if not _NAME.fullmatch(name):
        load.wrong("name", "profile_name", f"name {name!r} must be lower_case letters and digits")
    if table not in TABLES:
        load.wrong("table", "profile_table", f"table {table!r} is none of {', '.join(TABLES)}")
        return load.problems
    columns = frozenset(map(normal_header, load.texts(data, "columns")))
    if not columns:
        load.wrong("columns", "profile_columns", "columns must list the header's cells")
    read, amount = load.table(data, "read"), _amount(load, data)
    load.known(read, _READ, "[read]")
    fields = _fields(load, data, TABLES[table].names)
    currency, timezone = load.text(read, "currency"), load.text(read, "timezone")
    _check_read(load, currency, timezone)
    profile = Profile(
        name=name,
        title=load.text(data, "title", name) or name,
        table=table,
        columns=columns,
        fields=fields,
        amount=amount,
        dates=load.texts(read, "dates") or ("%Y-%m-%d",),
        decimal=load.text(read, "decimal", ".") or ".",
        group=load.text(read, "group", ",") or "",
        currency=currency,
        timezone=timezone,
        blank=frozenset(load.texts(read, "blank")),
        stop=load.texts(read, "stop"),
        year=load.pattern(read, "year", ("year",)),
        skip={
            normal_header(key): frozenset(load.texts(load.table(data, "skip"), key))
            for key in load.table(data, "skip")
        },
        id_columns=tuple(map(normal_header, load.texts(load.table(data, "id"), "columns"))),
        totals=load.pattern(load.table(data, "totals"), "pattern", ()),
        minor_units=read.get("minor_units") is True,
        fee=_written(load, data, "fee", _FEES),
        net=_written(load, data, "net", _NETS),
        kinds=_kinds(load, data, table),
        balance=load.header(load.table(data, "balance"), "column"),
        period=load.pattern(load.table(data, "period"), "pattern", ("from", "to")),
        period_dates=load.texts(load.table(data, "period"), "dates") or ("%Y-%m-%d",),
    )
    _check_complete(load, profile)
    return load.problems or profile


def _written(load: _Loading, data: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    """Return how a settlement line writes its fee or net."""
    section = load.table(data, "settlement")
    load.known(section, {"fee", "net"}, "[settlement]")
    word = load.text(section, key, choices[0]) or choices[0]
    if word not in choices:
        load.wrong(key, "profile_fee", f"{key} {word!r} is none of {', '.join(choices)}")
    return word


def _kinds(load: _Loading, data: Mapping[str, Any], table: str) -> tuple[str, str] | None:
    """Return the kinds of rows that bring and that take money."""
    if "kind" not in data:
        return None
    section = load.table(data, "kind")
    load.known(section, {"positive", "negative"}, "[kind]")
    column = TABLES[table].column("kind")
    allowed = column.values if column else ()
    words = load.text(section, "positive") or "", load.text(section, "negative") or ""
    for word in words:
        if word not in allowed:
            known = ", ".join(allowed) or "none, as the table has no kinds"
            load.wrong("[kind]", "profile_kind", f"[kind] names {word!r}; known are {known}")
    return words


def _check_read(load: _Loading, currency: str | None, timezone: str | None) -> None:
    if currency is not None and currency not in CURRENCIES:
        load.wrong("currency", "profile_currency", f"{currency!r} is not an ISO 4217 code")
    if timezone is not None:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            load.wrong("timezone", "profile_timezone", f"{timezone!r} is not an IANA time zone")


def _check_complete(load: _Loading, profile: Profile) -> None:
    """Require a rule for every required column, and every used header cell in ``columns``."""
    table = TABLES[profile.table]
    given = {rule.target for rule in profile.fields}
    if profile.amount is not None:
        given.add(profile.amount.target)
    if profile.currency is not None or (profile.amount and profile.amount.pattern):
        given.add("currency")
    if profile.kinds is not None:
        given.add("kind")
    if profile.table == "settlements" and given & {"gross_minor", "net_minor"}:
        given |= {"gross_minor", "fee_minor", "net_minor"}
    for column in table.columns:
        built = column.name in {profile.built_id, "currency"}
        if column.required and column.name not in given and not built:
            load.wrong(
                "fields", "profile_incomplete",
                f"{profile.table} needs {column.name}: add [fields.{column.name}]",
            )  # fmt: skip


def _amount(load: _Loading, data: Mapping[str, Any]) -> Amount | None:
    if "amount" not in data:
        return None
    section = load.table(data, "amount")
    load.known(section, _AMOUNT, "[amount]")
    signs = load.table(section, "signs")
    if any(sign not in (1, -1) for sign in signs.values()):
        load.wrong("signs", "profile_signs", "each of signs must be 1 or -1")
    amount = Amount(
        target=load.text(section, "target", "amount_minor") or "amount_minor",
        column=load.header(section, "column"),
        negate=section.get("negate") is True,
        column_in=load.header(section, "in"),
        column_out=load.header(section, "out"),
        by=load.header(section, "by"),
        signs=dict(signs),
        prefix=section.get("prefix") is True,
        pattern=load.pattern(section, "pattern", ("amount",)),
    )
    both = amount.column_in is not None or amount.column_out is not None
    if (amount.column is None) == (not both) or (amount.by is not None and not signs):
        load.wrong(
            "amount", "profile_amount",
            "[amount] needs either column (with by and signs, or with negate) or in and out",
        )  # fmt: skip
    return amount


def _fields(
    load: _Loading, data: Mapping[str, Any], targets: tuple[str, ...]
) -> tuple[FieldRule, ...]:
    rules = []
    for target, section in load.table(data, "fields").items():
        if not isinstance(section, dict):
            load.wrong(target, "profile_type", f"fields.{target} must be a table")
            continue
        load.known(section, _FIELD, f"[fields.{target}]")
        if target not in targets and not _NAME.fullmatch(target):
            load.wrong(target, "profile_field", f"{target!r} cannot be the name of a column")
        values = load.table(section, "values")
        rule = FieldRule(
            target=target,
            columns=tuple(map(normal_header, load.texts(section, "columns"))),
            join=load.text(section, "join", " ") or "",
            constant=load.text(section, "constant"),
            preamble=load.pattern(section, "preamble", ()),
            values={key: str(value) for key, value in values.items()},
            default=load.text(section, "default"),
        )
        sources = bool(rule.columns) + (rule.constant is not None) + (rule.preamble is not None)
        if sources != 1:
            load.wrong(
                f"fields.{target}", "profile_field",
                f"[fields.{target}] needs one of columns, constant, preamble",
            )  # fmt: skip
        rules.append(rule)
    return tuple(rules)


@functools.cache
def bundled_profiles() -> tuple[Profile, ...]:
    """Return the profiles that come with the package, by name.

    Raises:
        AssertionError: one of them does not load, which is our mistake.
    """
    found = []
    folder = resources.files("daozhang.formats") / "profiles"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            profile = load_profile(file.read_text(encoding="utf-8"), file.name)
            assert isinstance(profile, Profile), profile
            found.append(profile)
    return tuple(found)
