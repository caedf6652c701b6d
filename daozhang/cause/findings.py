"""Standing findings on providers: what is wrong with them though the money may be on time.

Rules kept here (R63 to R65): a licence, a direct payer and a steady category are claims that the
merchant's own data test. A category that changed once and stayed was *remapped*; one that differs
from sale to sale *jumps* (跳码). A payer that is none of the names in the terms is a stranger,
which is what second clearing (二清) looks like. A fee other than the agreed one is told with what
it cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.journey.parties import Payers
from daozhang.journey.terms import TermsBook

__all__ = ["put_findings"]

SQL = SqlFolder("daozhang.cause")

JUMPS: Final = 0.1
"""Above this part of right lines since the first wrong one a category jumps, below it stayed."""

ROUNDING_BP: Final = 1
"""A fee that differs by less than this part of ten thousand of its sales is rounding."""

_FINDING = pa.schema(
    [
        ("finding", pa.string()), ("provider_id", pa.string()), ("subject", pa.string()),
        ("detail", pa.string()), ("currency", pa.string()), ("rows", pa.int64()),
        ("amount_minor", pa.int64()), ("cost_minor", pa.int64()),
        ("since", pa.timestamp("us", "UTC")), ("until", pa.timestamp("us", "UTC")),
        ("example", pa.string()),
    ]
)  # fmt: skip

Row = Mapping[str, Any]


def put_findings(engine: Engine, book: TermsBook) -> None:
    """Make table ``findings``: what merchants should know of their providers."""
    engine.run("mcc_differing", SQL["mcc_differing"])
    rows = [
        *(_category(row) for row in _rows(engine, "findings_mcc")),
        *_payers(_rows(engine, "findings_payers"), book),
        *(found for row in _fees(engine) if (found := _fee(row)) is not None),
    ]
    rows.sort(key=lambda r: (r["finding"], r["currency"], -r["amount_minor"], r["provider_id"],
                             r["subject"], r["detail"]))  # fmt: skip
    engine.put("findings", pa.Table.from_pylist(rows, _FINDING))


def _fees(engine: Engine) -> list[Row]:
    return list(rows_of(engine.fetch("SELECT * FROM fees_differing")))


def _rows(engine: Engine, name: str) -> list[Row]:
    return list(rows_of(engine.fetch(SQL[name])))


def _category(row: Row) -> dict[str, Any]:
    wrong, right = row["lines"], row["right_since"]
    jumps = row["mccs"] > 1 or right > JUMPS * (wrong + right)
    return {
        "finding": "mcc_jump" if jumps else "mcc_remapped",
        "provider_id": row["provider_id"],
        "subject": row["merchant_id"],
        "detail": f"{row['agreed_mcc']} → {row['mcc']}",
        "currency": row["currency"],
        "rows": wrong,
        "amount_minor": row["gross_minor"],
        "cost_minor": None,
        "since": row["since"],
        "until": row["until"],
        "example": row["example"],
    }


def _payers(rows: list[Row], book: TermsBook) -> list[dict[str, Any]]:
    payers = Payers.of(book)
    unlicensed = {term.provider_id for term in book.terms if term.licensed is False}
    found = []
    for row in rows:
        stranger = payers.stranger(row["counterparty"])
        if not stranger and row["provider_id"] not in unlicensed:
            continue
        found.append(
            {
                "finding": "payer_stranger" if stranger else "payer_unlicensed",
                "provider_id": row["provider_id"],
                "subject": row["counterparty"],
                "detail": "",
                "currency": row["currency"],
                "rows": row["credits"],
                "amount_minor": row["amount_minor"],
                "cost_minor": None,
                "since": row["since"],
                "until": row["until"],
                "example": row["example"],
            }
        )
    return found


def _fee(row: Row) -> dict[str, Any] | None:
    if abs(row["over_minor"]) * 10_000 < ROUNDING_BP * row["amount_minor"]:
        return None
    rate = round(10_000 * row["fee_minor"] / row["amount_minor"])
    return {
        "finding": "fee_differs",
        "provider_id": row["provider_id"],
        "subject": row["channel"],
        "detail": f"{rate // 100}.{rate % 100:02d}%",
        "currency": row["currency"],
        "rows": row["differing"],
        "amount_minor": row["amount_minor"],
        "cost_minor": row["over_minor"],
        "since": row["since"],
        "until": row["until"],
        "example": row["example"],
    }
