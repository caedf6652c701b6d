"""``trace``: every step of a parcel, found by its id, its refund's id or its RRN."""

from __future__ import annotations

from pathlib import Path

import pytest

from daozhang.app.check import checked
from daozhang.app.trace import find_sales, trace_sale
from tests.app.cases import CREDIT, HELD, IN_TIME, PAID, RETURNED
from tests.app.small import moment, term, write_small
from tests.oracle.estate import make_estate

REFUNDED = {
    **PAID,
    "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id,rrn\n"
    "s1,10000,05-12T10:00,sale,,777\nr1,2000,05-14T10:00,refund,s1,\n"
    "s2,100,05-13T10:00,sale,,888\ns3,100,05-13T10:00,sale,,888\n"
    "it's;--,100,05-13T10:00,sale,,",
    "credits": IN_TIME,
}
WAYS = {
    "held, then settled": (HELD, None, ["captured", "held", "settled", "payout_sent", "credited"]),
    "while held": (HELD, "05-14T09:00", ["captured", "held"]),
    "returned, sent again": (
        RETURNED, None, ["captured", "settled", "payout_returned", "payout_sent", "credited"],
    ),
    "sent": (RETURNED, "05-13T10:00", ["captured", "settled", "payout_sent"]),
    "in two parts": (
        {**PAID, "credits": CREDIT + "c1,5000,05-13T09:00,PAY-0001\nc2,4940,05-13T10:00,PAY-0001"},
        None, ["captured", "settled", "payout_sent", "credited", "credited"],
    ),
    "refunded later": (
        REFUNDED, None, ["captured", "settled", "payout_sent", "credited", "refund"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_steps_are_the_facts_in_the_order_in_which_they_happened(tmp_path: Path, way: str) -> None:
    """One sale's journey, as a parcel tracker shows it."""
    files, as_of, expected = WAYS[way]
    folder = write_small(tmp_path, term(), files)
    with checked(folder, as_of=moment(as_of) if as_of else None) as found:
        trace = trace_sale(found, "s1")
        assert trace is not None
        assert [step.what for step in trace.steps] == expected
        times = [step.at for step in trace.steps if step.at]
        assert times == sorted(times)
        assert all(at <= found.outcome.as_of for at in times)
        assert trace.cutoff_at == moment("05-12T23:00")
        assert trace.clear_by_at == moment("05-13T03:00")
        assert trace_sale(found, "nobody") is None


def test_a_sale_is_found_by_what_stands_on_the_slip(tmp_path: Path) -> None:
    """The sale's id, its refund's id or its RRN; several sales of one RRN are all offered."""
    with checked(write_small(tmp_path, term(), REFUNDED)) as found:
        for reference, sales in {
            "s1": ["s1"], "r1": ["s1"], "777": ["s1"], "888": ["s2", "s3"], "it's;--": ["it's;--"],
            "nobody": [], "' OR 1=1 --": [],
        }.items():  # fmt: skip
            assert find_sales(found.engine, reference) == sales, reference


def test_every_sale_of_an_estate_can_be_traced_and_adds_up(tmp_path: Path) -> None:
    """No sale is beyond the tracker; its last station agrees with its journey."""
    with checked(make_estate(14, sales=60).write(tmp_path / "in")) as found:
        for row in found.engine.fetch("SELECT sale_id, status FROM journeys").to_pylist():
            trace = trace_sale(found, row["sale_id"])
            assert trace is not None
            whats = [step.what for step in trace.steps]
            assert whats[0] == "captured" or "captured" in whats
            if row["status"] in {"on_time", "late"} and trace.journey["credit_id"]:
                assert trace.reached == "credited"
                assert "credited" in whats, (row, whats)
