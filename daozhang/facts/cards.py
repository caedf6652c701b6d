"""What a card number is, and what is kept of one: its first six and last four digits.

PCI DSS requirement 3.4.1 lets the first six and last four digits be shown. A run of digits counts
as a card number when it is 13 to 19 digits long, begins like one (:data:`_PREFIX`) and passes the
Luhn check, and when it stands alone: digits inside a longer token (an IBAN, ``INV-4111…``, an
order number of 28 digits) belong to an id that payouts are found by and are left as they are.

A column that holds ids is judged as a whole. A number of 13 to 19 digits that a card network
issues passes the Luhn check; an order number of the same look passes it one time in ten. So of the
different values in the column that look like card numbers, more than half must prove right. What
proves right in such a column is dealt with, what does not is an id and stays:

- In the column that identifies the row (:data:`ROW_IDS`) the row is left out: two sales of one card
  are two sales, and a shortened number would make them one.
- In every other column the number is cut.

Accounts (:data:`ACCOUNTS`) are judged each by itself, so that the verdict on an account is the same
in every file and its payouts, credits and terms still find each other.
"""

from __future__ import annotations

import re
from typing import Final

from daozhang.facts.card_numbers import is_card_number
from daozhang.facts.problems import Problem
from daozhang.facts.schema import TABLES

__all__ = [
    "ACCOUNTS",
    "ID_COLUMNS",
    "ROW_IDS",
    "cut_account",
    "is_card_number",
    "may_hold_card_number",
    "problem_of",
    "proves_card_number",
    "truncate_cards",
]

ROW_IDS: Final = {
    "sales": "sale_id", "settlements": "line_id", "payouts": "payout_id", "credits": "credit_id",
    "attempts": "attempt_id", "actions": "action_id", "feedback": "feedback_id",
}  # fmt: skip
"""The column that identifies a row of a table by itself."""

ACCOUNTS: Final = frozenset({"account_id", "subject", "scope_id"})
"""Columns that hold accounts, by which tables are joined."""

_FREE_TEXT: Final = frozenset({"ref", "counterparty", "reason"})
ID_COLUMNS: Final = {
    table.name: tuple(
        column.name
        for column in table.columns
        if column.kind == "text"
        and not column.values
        and column.name not in ("currency", "gross_currency")  # Codes that are looked up.
        and (column.name not in _FREE_TEXT or (table.name, column.name) == ("settlements", "ref"))
    )
    for table in TABLES.values()
}
"""The columns of each table that hold ids. Free text is cut on its way in, whatever it is."""

_RUN: Final = re.compile(
    r"(?<![0-9A-Za-z_*-])(?<![0-9][./])"
    r"(?:[0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?)"
    r"(?![0-9A-Za-z_*]|-[0-9A-Za-z]|[./][0-9])"
)
# What networks issue today, with the lengths of their numbers (Visa; Mastercard; UnionPay, Mir and
# JCB; American Express; Diners; Discover): an id must look like this to be taken for a card number.
_ISSUED: Final = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}"
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|(?:(?:62|81)[0-9]{2}|220[0-4]|35(?:2[89]|[3-8][0-9]))[0-9]{12,15}"
    r"|3[47][0-9]{13}"
    r"|(?:30[0-5]|3[689][0-9])[0-9](?:[0-9]{10}|[0-9]{12}|[0-9]{15})"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})(?:[0-9]{12}|[0-9]{15})"
)
_DIGIT, _JOINER, _GAP = b"0a "
# What each byte is when a text is only looked over: a digit, what joins digits to a word, a gap.
_LOOKS: Final = bytes(
    _DIGIT if chr(byte) in "0123456789"
    else _JOINER if chr(byte) in "_*-" or (chr(byte).isascii() and chr(byte).isalpha())
    else _GAP
    for byte in range(256)
)  # fmt: skip
_WRITTEN: Final = b" 0000000000000"
_SPACED: Final = b" 0000 0000 0000 0"
_HYPHENED: Final = b" 0000a0000a0000a0"


def may_hold_card_number(text: str) -> bool:
    """Say, at little cost, whether a text has thirteen digits and more behind a gap."""
    look = b" " + text.encode(errors="replace").translate(_LOOKS)
    return _WRITTEN in look or _SPACED in look or _HYPHENED in look


def proves_card_number(text: str) -> bool | None:
    """Say whether a number that looks like a network's card number passes the Luhn check.

    None: the text holds no such number. Of several, one that passes is enough.
    """
    if text.isascii() and text.isdigit():
        return is_card_number(text) if _ISSUED.fullmatch(text) else None
    verdict = None
    for match in _RUN.finditer(text):
        digits = match[0].replace(match[1], "") if match[1] else match[0]
        if _ISSUED.fullmatch(digits):
            verdict = verdict or is_card_number(digits)
    return verdict


def _truncated(match: re.Match[str]) -> str:
    """Return what may be kept of one run."""
    run = match[0]
    digits = run.replace(match[1], "") if match[1] else run
    return f"{digits[:6]}******{digits[-4:]}" if is_card_number(digits) else run


def truncate_cards(text: str) -> str:
    """Return the text with every card number cut to ``first6******last4``.

    Meant for free text (remittance, names, descriptions). Ids that look like card numbers are
    judged by the column, in :mod:`daozhang.formats._card_ids`.
    """
    if len(text) > 12 and may_hold_card_number(text):  # noqa: PLR2004 (13 digits)
        return _RUN.sub(_truncated, text)
    return text


def cut_account(account: str) -> str:
    """Return an account as it is kept: cut when it is a card number that proves right."""
    return truncate_cards(account) if proves_card_number(account) else account


def problem_of(
    file: str, line: int | None, table: str, column: str, rows: int, merged: int = 0
) -> Problem:
    """Return the located problem for a column that held whole card numbers.

    Args:
        file: the file's name.
        line: where the first of them stands.
        table: the fact table.
        column: the column.
        rows: how many rows of the table were left out, or cut.
        merged: how many accounts cannot be told from another one any more.
    """
    if column == ROW_IDS.get(table):
        return Problem(
            file, line, "card_number_as_id",
            f"{column} holds whole card numbers from this line on, which identify no row and "
            f"are never kept; {rows} rows of {table} were left out: let the profile "
            "take another column, or the export write order numbers",
        )  # fmt: skip
    more = ", in every file alike, so that the account is still found" if column in ACCOUNTS else ""
    if merged:
        more += f"; {merged} accounts are like another one in these digits and were taken for it"
    return Problem(
        file, line, "card_number_cut",
        f"{column} holds whole card numbers from this line on; of {rows} rows of {table} only the "
        f"first six and last four digits were kept{more}: leave card numbers out of such files",
        "warning",
    )  # fmt: skip
