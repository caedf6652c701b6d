"""Every key of ``terms.toml``, as documentation and as one example that is read to prove it."""

from __future__ import annotations

from dataclasses import MISSING, fields

from daozhang.calendars import KNOWN_CALENDARS
from daozhang.journey.terms import Term, TermsBook, Window, load_terms_text
from docs._markdown import code, table

__all__ = ["KEYS", "calendar_names", "example", "keys"]

_REQUIRED = "required"

KEYS = {
    "top": {
        "timezone": (_REQUIRED, '"Asia/Shanghai"', "IANA zone of every local time below"),
        "currency": (_REQUIRED, '"CNY"', "ISO 4217 currency of the amounts below"),
    },
    "terms": {
        "provider_id": (_REQUIRED, '"HUATONG"', "whose agreement this is"),
        "channel": ("any", '"card"', "only sales of this channel"),
        "merchant_id": ("any", '"M001"', "only sales of this merchant"),
        "account_id": ("any", '"A001"', "only sales paid into this account"),
        "valid_from": ("always was", "2026-01-01", "first business date on which it holds"),
        "valid_to": ("no end", "2026-12-31", "last business date on which it holds"),
        "timezone": ("the file's", '"Asia/Shanghai"', "zone of the cut-off and the leg deadlines"),
        "cutoff": (
            _REQUIRED,
            '"23:00"',
            "when the business date ends; a sale at or after it belongs to the next",
        ),
        "cutoff_by": (
            "host where there is one, else captured",
            '"host"',
            "the clock that decides: `captured` (terminal), `host` (provider) or `submitted`",
        ),
        "basis": (_REQUIRED, '"business"', "`business` days or `calendar` days are counted"),
        "lag_days": (_REQUIRED, "1", "days from the business date to the due date: T+1 is 1"),
        "calendar": ("required for business days", '"CN"', "which days are business days"),
        "credit_by": (_REQUIRED, '"14:00"', "time of the due date by which money is promised"),
        "credit_calendar": (
            "none",
            '"CN"',
            "the bank's calendar; a due date that is closed there rolls forward",
        ),
        "credit_timezone": ("`timezone`", '"Asia/Shanghai"', "zone of `credit_by`"),
        "windows": (
            "none",
            '[{ until = "11:00", credit_by = "15:00", lag_days = 0 }]',
            "same-day windows (D+0); the first whose `until` the sale meets counts",
        ),
        "daily_limit_minor": (
            "no limit",
            "5000000",
            "what the windows carry a day; the sale that passes it has the plain promise",
        ),
        "clear_by": ("what is usual", '"04:00"', "time of the due date by which it is cleared"),
        "pay_by": ("what is usual", '"10:00"', "time of the due date by which it is paid out"),
        "min_payout_minor": ("0", "10000", "below it nothing is paid out; the promise waits"),
        "fee_bps": (_REQUIRED, "60", "fee in basis points: 60 is 0.6 %; `0` is no fee"),
        "fee_cap_minor": ("no cap", "2000", "the most that the rate comes to on one line"),
        "fee_fixed_minor": ("0", "10", "added to each line, above any cap"),
        "fee_tax_bps": ("0", "600", "tax on the fee, in basis points"),
        "fee_rounding": ("half_up", '"half_up"', "how fee and tax become whole minor units"),
        "fee_basis": ("line", '"line"', "fee on each `line`, or once on the `payout`"),
        "fee_refunded": ("false", "false", "whether a refund gives its fee back"),
        "legal_name": ("none", '"华通支付有限公司"', "the licensed payer's registered name"),
        "payer_names": (
            "anyone",
            '["华通支付有限公司"]',
            "who may pay you; credits of others are *not ours*",
        ),
        "licensed": ("not said", "true", "whether the payer claims a payment licence"),
    },
    "windows": {
        "until": (_REQUIRED, '"11:00"', "sales before it meet the window"),
        "credit_by": (_REQUIRED, '"15:00"', "when their money is promised"),
        "lag_days": ("0", "0", "days after the business date, on the term's basis"),
    },
}


def _check_complete() -> None:
    """Stop when the code knows a key that is not described here, or the other way round."""
    known = {
        "top": {field.name for field in fields(TermsBook)} - {"terms", "calendars"},
        "terms": {field.name for field in fields(Term)} - {"index"},
        "windows": {field.name for field in fields(Window)},
    }
    for part, names in known.items():
        if names != set(KEYS[part]):
            raise LookupError(f"keys of {part}: code and docs differ in {names ^ set(KEYS[part])}")
    optional = {f.name for f in fields(Window) if f.default is not MISSING}
    if optional != {name for name, said in KEYS["windows"].items() if said[0] != _REQUIRED}:
        raise LookupError("windows: the docs say otherwise what is required")


def keys() -> str:
    """Return the tables of keys."""
    _check_complete()
    titles = {
        "top": "### At the top of the file",
        "terms": "### In each `[[terms]]` table",
        "windows": "### In each entry of `windows`",
    }
    parts = []
    for part, title in titles.items():
        rows = [
            (code(name), "**needed**" if default == _REQUIRED else default, code(value), meaning)
            for name, (default, value, meaning) in KEYS[part].items()
        ]
        parts.append(f"{title}\n\n" + table(("key", "if left out", "example", "meaning"), rows))
    return "\n".join(parts)


def example() -> str:
    """Return a file with every key; it was read without a finding."""
    top = "".join(f"{name} = {value}\n" for name, (_, value, _) in KEYS["top"].items())
    term = "".join(f"{name} = {value}\n" for name, (_, value, _) in KEYS["terms"].items())
    text = f"{top}\n[[terms]]\n{term}"
    book, problems = load_terms_text(text, "terms.toml")
    if book is None or problems:
        raise ValueError(f"the example does not load: {problems}")
    return f"```toml\n{text}```"


def calendar_names() -> str:
    """Return the calendars that are known by name."""
    return ", ".join(map(code, sorted(KNOWN_CALENDARS)))
