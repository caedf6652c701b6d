"""Small estates written by hand: CSV text in, journeys out.

Times without a year (``05-12T10:00``, ``05-12``) are of 2026 in China; columns that a case does
not speak of get one value for all rows.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daozhang.app.answers import summary_json
from daozhang.app.check import checked

TOP = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
TERM = {
    "provider_id": '"P"', "cutoff": '"23:00"', "basis": '"business"', "lag_days": "1",
    "calendar": '"CN"', "clear_by": '"03:00"', "pay_by": '"05:00"', "credit_by": '"12:00"',
    "fee_bps": "60",
}  # fmt: skip
DEFAULTS: dict[str, dict[str, str]] = {
    "sales": {
        "kind": "sale", "merchant_id": "m", "terminal_id": "t", "provider_id": "P",
        "channel": "card", "currency": "CNY",
    },
    "settlements": {"provider_id": "P", "currency": "CNY", "status": "settled"},
    "payouts": {"provider_id": "P", "currency": "CNY", "status": "sent", "account_id": "a"},
    "credits": {"account_id": "a", "currency": "CNY", "bank_id": "B"},
    "accounts": {"merchant_id": "m", "bank_id": "B"},
    "coverage": {"subject": "a", "table": "credits"},
}  # fmt: skip
_SHORT = re.compile(r"(\d\d-\d\d)(T\d\d:\d\d)?(:\d\d)?")


def moment(text: str) -> datetime:
    """Return the instant of a short time in China."""
    return datetime.fromisoformat(full(text)).astimezone(UTC)


def full(text: str) -> str:
    """Return a short time as RFC 3339; any other text as it is."""
    found = _SHORT.fullmatch(text)
    if not found:
        return text
    day, clock, seconds = found.groups()
    return f"2026-{day}" + (f"{clock}{seconds or ':00'}+08:00" if clock else "")


def term(**changes: str | None) -> str:
    """Return one ``[[terms]]`` table; a change to None leaves the key out."""
    keys = {**TERM, **changes}
    return "\n[[terms]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None)


def table_text(table: str, text: str) -> str:
    """Return CSV text with short times written out and missing columns filled."""
    given = list(csv.DictReader(io.StringIO(text.strip().replace(" ", ""))))
    rows = [{**DEFAULTS.get(table, {}), **{k: full(v) for k, v in row.items()}} for row in given]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_small(folder: Path, terms: str, files: dict[str, str]) -> Path:
    """Write terms and tables; ``sales_2`` is another file of ``sales``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "terms.toml").write_text(TOP + terms, encoding="utf-8")
    for name, text in {"accounts": "account_id\na", **files}.items():
        table = re.split(r"[-_.]", name)[0]
        (folder / f"{name}.csv").write_text(table_text(table, text), encoding="utf-8")
    return folder


OWN = {
    "sale_id", "original_sale_id", "merchant_id", "terminal_id", "store_id", "provider_id",
    "account_id", "bank_id", "subject",
}  # fmt: skip
"""Columns whose names are an estate's own; other numbers are found within these."""


def write_beside(folder: Path, estates: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Write small estates into one folder, each with a mark before the names that are its own.

    So they share neither sales nor providers, accounts or banks.
    """
    terms, tables = TOP, {}
    for mark, (text, files) in estates.items():
        terms += re.sub(r'^(merchant_id|account_id|provider_id) = "', rf"\g<0>{mark}", text,
                        flags=re.MULTILINE)  # fmt: skip
        read = {
            name: list(csv.DictReader(io.StringIO(table_text(re.split(r"[-_.]", name)[0], told))))
            for name, told in {"accounts": "account_id\na", **files}.items()
        }
        sales = {row["sale_id"] for row in read.get("sales", ())}
        for name, rows in read.items():
            for row in rows:
                for column, value in row.items():
                    if value and (column in OWN or (column == "ref" and value in sales)):
                        row[column] = mark + value
            tables[f"{name}-{mark.strip('.')}"] = rows
    (folder / "terms.toml").write_text(terms, encoding="utf-8")
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def answer(
    folder: Path, as_of: str | None = None
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return journeys by sale id, and the summary."""
    at = None if as_of is None else moment(as_of)
    with checked(folder, as_of=at) as found:
        rows = found.engine.fetch("SELECT * FROM journeys ORDER BY sale_id").to_pylist()
        return {row["sale_id"]: row for row in rows}, summary_json(found)
