"""Sales of payouts that no id leads to are closed, and reopened when another answer is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.journey.test_closing import add, answer, closed_sales
from tests.journey.test_odd_files import (
    HEADS,
    LATER,
    TERMS,
    TWO,
    ZONE,
    credit,
    line,
    payout,
    refund,
    sale,
)
from tests.oracle.rows import Facts, write_csv

MERGED = credit("C1", 13_916 + 7_952, "13T11:00")
FIRST = {
    "accounts": ["a,m,ICBC"],
    "sales": [*TWO["sales"], sale("B1", 5_000), sale("B2", 3_000), *LATER["sales"]],
    "settlements": [
        *TWO["settlements"],
        line("L3", "B1", 5_000, 30, "PO3"),
        line("L4", "B2", 3_000, 18, "PO3"),
        *LATER["settlements"],
    ],
    "payouts": [payout("PO1", 13_916), payout("PO3", 7_952), *LATER["payouts"]],
    "credits": [MERGED, *LATER["credits"]],
}
"""Two payouts that one credit brings without naming them, and a third that names its own."""

PARTS = [credit("C1", 5_000, "13T11:00"), credit("C2", 8_916, "13T12:00")]
SPLIT = FIRST | {
    "sales": [*TWO["sales"], *LATER["sales"]],
    "settlements": [*TWO["settlements"], *LATER["settlements"]],
    "payouts": [payout("PO1", 13_916), *LATER["payouts"]],
    "credits": [*PARTS, *LATER["credits"]],
}
"""A payout that comes in two credits, neither of which names it."""

SECOND: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "nothing of theirs": ("on_time", {"sales": [sale("Y1", 900, "18T13:00")]}),
    "a credit that names one of the two": (
        "late",
        {"credits": [credit("C3", 13_916, "20T11:00", "PO1")]},
    ),
    "the same amount once more": (
        "overdue",
        {"credits": [credit("C3", 13_916 + 7_952, "13T11:30")]},
    ),
    "a line more of one of the two": (
        "on_time",
        {
            "sales": [refund("R1", "A1", 500, "18T14:00")],
            "settlements": [line("L9", "R1", -500, 0, "PO1", 19, "refund")],
        },
    ),
    "one of the two came back": ("overdue", {"payouts": [payout("PO1", 13_916, 14, "returned")]}),
}


def facts(rows: Mapping[str, Sequence[str]]) -> Facts:
    """Return rows of text as rows of named cells."""
    return {
        table: [dict(zip(HEADS[table].split(","), row.split(","), strict=True)) for row in own]
        for table, own in rows.items()
    }


@pytest.mark.parametrize("first", [FIRST, SPLIT], ids=["merged", "split"])
@pytest.mark.parametrize("name", SECOND)
def test_what_was_inferred_is_closed_until_another_answer_is_found(
    tmp_path: Path, name: str, first: Mapping[str, Sequence[str]]
) -> None:
    """Journeys end row for row as those of a run from nothing (R2)."""
    status, second = SECOND[name]
    terms = tmp_path / "in" / "terms.toml"
    terms.parent.mkdir()
    terms.write_text(f"{ZONE}\n{TERMS}", encoding="utf-8")
    store = tmp_path / "store"
    for number, rows in enumerate((first, second)):
        piece = facts(rows)
        add(store, piece, number, terms)
        found = answer(store)
        if number == 0:
            assert closed_sales(store) == len(first["sales"])
            assert {row[1] for row in found[0]} == {"on_time"}
        for table, own in piece.items():
            write_csv(terms.parent / f"{table}-{number}.csv", own)
    assert found == answer(terms.parent) == answer(store, whole=True)
    if first is FIRST:
        assert {row[0]: row[1] for row in found[0]}["A1"] == status
