"""Lines of settlement that can hardly be meant so are told with their row, and stand as written."""

from __future__ import annotations

from pathlib import Path

from daozhang.app.check import checked
from daozhang.app.ingest import ingest
from daozhang.facts import Problem
from tests.app.small import moment, term, write_small

SALES = """
sale_id,kind,original_sale_id,amount_minor,captured_at
given,sale,,2000,05-12T10:00
giver,refund,given,1000,05-12T11:00
undone,sale,,2000,05-12T10:00
undoer,refund,undone,1000,05-12T11:00
swapped,sale,,1193,05-12T10:00
other,sale,,17175,05-12T10:00
tipped,sale,,5000,05-12T10:00
taken,sale,,800,05-12T10:00
"""
# `undone` was refunded and the refund taken back; `tipped` brings more than was sold, as tips do.
SETTLEMENTS = """
line_id,kind,ref,gross_minor,fee_minor,net_minor,cleared_at
L1,sale,given,2000,12,1988,05-13T03:00
L2,refund,given,1000,0,1000,05-13T03:00
L3,sale,undone,2000,12,1988,05-13T03:00
L4,refund,undone,-1000,0,-1000,05-13T03:00
L5,refund,undone,1000,0,1000,05-13T03:00
L6,sale,swapped,17175,103,17072,05-13T03:00
L7,sale,tipped,5600,34,5566,05-13T03:00
L8,sale,taken,-800,0,-800,05-13T03:00
"""
FILES = {"sales": SALES, "settlements": SETTLEMENTS}
TOLD = [("line_gives", 3), ("line_takes", 9), ("line_names_another", 7)]


def told(problems: tuple[Problem, ...]) -> list[Problem]:
    return [problem for problem in problems if problem.code.startswith("line_")]


def test_each_is_told_at_its_line_and_a_refund_undone_and_a_tip_are_not(tmp_path: Path) -> None:
    with checked(write_small(tmp_path, term(), FILES), as_of=moment("05-20T00:00")) as found:
        problems = told(found.problems)
        ((fee, refunded),) = found.engine.rows(
            "SELECT fee_minor, refunded_minor FROM journeys WHERE sale_id = 'swapped'"
        )
    assert [(p.code, p.line) for p in problems] == TOLD
    assert {(p.file, p.severity) for p in problems} == {("settlements.csv", "warning")}
    # An id leads: the line is the sale's that it names.
    assert (fee, refunded) == (103, 0)
    assert "other" in problems[-1].message
    for problem in problems:
        assert problem.said("zh") != problem.message


def test_a_store_tells_it_again_after_its_sales_are_closed(tmp_path: Path) -> None:
    files = {
        **FILES,
        "payouts": "payout_id,net_minor,paid_out_at\nP1,24814,05-13T05:00\n",
        "credits": "credit_id,amount_minor,booked_at,ref\nC1,24814,05-13T11:00,P1\n",
        "coverage": "table,through\ncredits,05-30T00:00\n",
    }  # fmt: skip
    files["settlements"] = SETTLEMENTS.strip().replace("cleared_at", "cleared_at,payout_id")
    files["settlements"] = files["settlements"].replace("05-13T03:00", "05-13T03:00,P1") + "\n"
    folder = write_small(tmp_path / "in", term(), files)
    store = tmp_path / "store"
    list(ingest(store, sorted(folder.iterdir()), at=moment("05-30T00:00")))
    seen = []
    for _ in range(2):
        with checked(store) as found:
            seen.append([problem.code for problem in told(found.problems)])
    assert seen[0] == [code for code, _ in TOLD]
    assert sorted(seen[1]) == sorted(seen[0])
    assert list((store / "closed").iterdir())
