"""``trace``: every step of a parcel, found by its id, its refund's id or its RRN."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from daozhang.app.check import checked
from daozhang.app.seek import find_sales, lay_numbers, offer_sales
from daozhang.app.trace import trace_sale
from daozhang.app.tracker import Teller
from daozhang.app.words_trace import WORDS as TRACE
from daozhang.charts import LANGS, Lang
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
        trace = trace_sale(found.engine, "s1", found.outcome.as_of)
        assert trace is not None
        assert [step.what for step in trace.steps] == expected
        times = [step.at for step in trace.steps if step.at]
        assert times == sorted(times)
        assert all(at <= found.outcome.as_of for at in times)
        assert trace.cutoff_at == moment("05-12T23:00")
        assert trace.clear_by_at == moment("05-13T03:00")
        assert trace_sale(found.engine, "nobody", found.outcome.as_of) is None


def test_a_sale_is_found_by_what_stands_on_the_slip(tmp_path: Path) -> None:
    """The sale's id, its refund's id or its RRN; several sales of one RRN are all offered."""
    with checked(write_small(tmp_path, term(), REFUNDED)) as found:
        lay_numbers(found.engine)
        for reference, sales in {
            "s1": ["s1"], "r1": ["s1"], "777": ["s1"], "888": ["s2", "s3"], "it's;--": ["it's;--"],
            "nobody": [], "' OR 1=1 --": [],
        }.items():  # fmt: skip
            assert find_sales(found.engine, reference) == sales, reference


def in_words(found: Any, trace: Any, lang: Lang) -> str:
    lines = Teller(lang, "Asia/Shanghai", found.outcome.as_of).lines(trace)
    return "\n".join(line for line, _ in lines)


def test_every_sale_of_an_estate_is_traced_told_and_adds_up(tmp_path: Path) -> None:
    """No sale is beyond the tracker; its last station agrees with its journey.

    Sold = refunded + charged back + fee + tax + reserve + credited + outstanding, each sale.
    """
    with checked(make_estate(6, sales=60).write(tmp_path / "in")) as found:
        statuses = set()
        for row in found.engine.fetch("SELECT sale_id, status FROM journeys").to_pylist():
            trace = trace_sale(found.engine, row["sale_id"], found.outcome.as_of)
            assert trace is not None
            whats = [step.what for step in trace.steps]
            assert "captured" in whats
            if row["status"] in {"on_time", "late"} and trace.journey["credit_id"]:
                assert trace.reached == "credited"
                assert "credited" in whats, (row, whats)
            parts = dict(trace.money)
            assert parts.pop("sold") == sum(parts.values()), row
            statuses.add(row["status"])
            for lang in LANGS:
                text = in_words(found, trace, lang)
                assert "{" not in text
                assert "None" not in text
        assert len(statuses) >= 3


HOLDERS = {
    "held": (HELD, "05-14T09:00", ("provider", "P"), "held back", "which documents"),
    "returned": (RETURNED, "05-14T09:00", ("provider", "P"), "came back", "sent again"),
    "not credited": (
        {**PAID, "credits": CREDIT + "c9,1,05-20T09:00,", "coverage": ""}, "05-20T10:00",
        ("bank", "B"), "paid out, not credited", "ask bank B for payout PAY-0001",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", HOLDERS)
def test_it_says_who_has_the_money_now_and_what_to_quote(tmp_path: Path, way: str) -> None:
    """Whose turn it is follows from where the money is, not from where it lost time."""
    files, as_of, holder, spot, action = HOLDERS[way]
    files = {name: text for name, text in files.items() if text}
    with checked(write_small(tmp_path, term(), files), as_of=moment(as_of)) as found:
        trace = trace_sale(found.engine, "s1", found.outcome.as_of)
        assert trace is not None
        assert trace.journey["status"] == "overdue"
        assert trace.holder == holder
        assert trace.waited_s is not None
        assert trace.waited_s > 0
        text = in_words(found, trace, "en")
        for said in (spot, action, "Quote when asking", "s1"):
            assert said in text, text
        assert [a.station for a in trace.ahead][-1] == "credited"
        assert trace.ahead[-1].by == trace.journey["promised_at"]
        zh = in_words(found, trace, "zh")
        assert "现在在：" in zh
        assert "下一步：" in zh
        assert "工作日" in zh


OFFERS = {
    "888x": [], "7777": [("ending", "sale-0017777")], "PAY-0001": [("payout", "s1")],
    "100.00": [("amount", "s1")], "¥100": [("amount", "s1")],
    "sale-017777": [("near", "sale-0017777")],
    "E-00177": [("part", "sale-0017777")], "": [], "%": [], "' OR 1=1 --": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def two_sales(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A checked estate of two sales whose numbers are laid out."""
    files = {
        **PAID, "credits": IN_TIME,
        "sales": "sale_id,amount_minor,captured_at,rrn\ns1,10000,05-12T10:00,777\n"
        "sale-0017777,4321,05-12T11:00,",
    }  # fmt: skip
    with checked(write_small(tmp_path_factory.mktemp("two"), term(), files)) as found:
        lay_numbers(found.engine)
        yield found


@pytest.mark.parametrize("reference", OFFERS)
def test_an_unknown_number_offers_what_may_be_meant(two_sales: Any, reference: str) -> None:
    offers = offer_sales(two_sales.engine, reference)
    assert [(offer.why, offer.sale_id) for offer in offers] == OFFERS[reference]
    for lang in LANGS:
        lines = Teller(lang, "Asia/Shanghai", two_sales.outcome.as_of).offers(offers)
        assert len(lines) == max(len(offers) + 1, 1)


def test_both_languages_of_the_tracker_say_the_same_things() -> None:
    assert TRACE["zh"].keys() == TRACE["en"].keys()
    for key, text in TRACE["en"].items():
        fields = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert fields == {n for _, n, _, _ in Formatter().parse(TRACE["zh"][key]) if n}, key
