"""What ISO 8583 messages mean: which is a sale, which an attempt, and how a batch closed.

Sources: ISO 8583:1987 (message types, DE 3, 22, 39), 银联卡受理终端规范 (DE 48 of 0500, DE 60).
"""

from __future__ import annotations

from typing import Final

__all__ = ["BatchTotals", "attempt_kind", "batch_no", "batch_totals", "method", "outcome",
           "sale_kind"]  # fmt: skip

_APPROVED: Final = frozenset({"00", "08", "10", "11", "16", "A2", "A4", "A5", "A6"})
_FAILED: Final = frozenset(
    {"06", "09", "12", "22", "30", "40", "68", "77", "79", "90", "91", "92", "94", "95", "96", "97",
     "98", "99", "A0"}
)  # fmt: skip
"""Codes that say the system failed, not that the payment was refused."""

_ATTEMPTS: Final = {
    "1": "sale", "2": "sale", "4": "reversal", "5": "batch_close", "3": "batch_upload",
    "8": "sign_in",
}  # fmt: skip
_BY_60: Final = {
    "22": "sale", "23": "void", "25": "refund", "10": "preauth", "11": "void", "20": "completion",
    "24": "completion", "21": "void", "30": "sale", "36": "sale", "54": "sale",
}  # fmt: skip
_METHODS: Final = {
    "01": "keyed", "02": "swipe", "03": "qr", "04": "qr", "05": "chip", "07": "contactless",
    "80": "swipe", "90": "swipe", "91": "contactless", "95": "chip",
}  # fmt: skip

BatchTotals = tuple[int, int, str | None]
"""Count of sales, their amount less what was given back (minor units), and the host's verdict."""


def attempt_kind(mti: str) -> str | None:
    """Return the kind of attempt that a request's type is; None: none that is told."""
    if mti[1] == "8" and mti[2] == "2":
        return None  # signing off asks for nothing
    kind = _ATTEMPTS.get(mti[1])
    return "advice" if kind == "sale" and mti[2] == "2" else kind


def outcome(code: str) -> str:
    """Return what DE 39 says of an attempt."""
    if code in _APPROVED:
        return "approved"
    return "failed" if code in _FAILED else "declined"


def sale_kind(mti: str, fields: dict[str, str]) -> str | None:
    """Return the kind of sale of an approved request; None: no money moves."""
    if mti[1] not in "12":
        return None
    kind = _BY_60.get(fields.get("60", "")[:2])
    if kind is not None:
        return kind
    code = fields.get("3", "")[:2]
    if mti[1] == "1":
        return "preauth" if code in {"00", "03"} else None
    if code == "20":
        return "refund" if mti[2] == "2" else "void"
    if code in {"02", "22"}:
        return "void"
    return None if code in {"30", "31", "38", "40"} else "sale"


def method(entry_mode: str) -> str | None:
    """Return how the card was taken, by DE 22."""
    return _METHODS.get(entry_mode[:2])


def batch_no(fields: dict[str, str]) -> str | None:
    """Return DE 60.2 of a UnionPay terminal."""
    number = fields.get("60", "")[2:8]
    return number if len(number) == 6 and number.isdigit() else None  # noqa: PLR2004 (n6)


def batch_totals(fields: dict[str, str]) -> BatchTotals | None:
    """Return the totals of DE 48: debit and credit, amounts and counts, domestic and foreign.

    31 digits each: n12 debit amount, n3 count, n12 credit amount, n3 count, n1 verdict (1 balanced,
    2 unbalanced, 3 error; 0 in the request).
    """
    text = fields.get("48", "")
    if len(text) < 31 or not text[:31].isdigit():  # noqa: PLR2004 (one block)
        return None
    count = minor = 0
    verdicts = set()
    for start in (0, 31):
        block = text[start : start + 31]
        if len(block) == 31 and block.isdigit():  # noqa: PLR2004
            minor += int(block[:12]) - int(block[15:27])
            count += int(block[12:15])
            verdicts.add(block[30])
    verdict = (
        "3" if "3" in verdicts else "2" if "2" in verdicts else "1" if "1" in verdicts else None
    )
    return count, minor, verdict
