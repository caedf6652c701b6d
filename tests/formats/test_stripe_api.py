"""Stripe's API answers: shapes, what is broken and where, what an expanded source tells."""

import json

import pytest

from daozhang.facts import Problem
from daozhang.formats import _json_items as json_items
from daozhang.formats import recognise


def transaction(number, **changes):
    return {
        "id": f"txn_{number}", "object": "balance_transaction", "amount": 1000, "fee": 50,
        "net": 950, "currency": "eur", "created": 1778000000, "available_on": 1778100000,
        "reporting_category": "charge", "source": f"ch_{number}", **changes,
    }  # fmt: skip


def answer(*items, **more):
    return json.dumps({"object": "list", "data": items, "url": "/v1/balance_transactions", **more})


PAID = transaction(9, amount=-1900, fee=0, net=-1900, reporting_category="payout", source="po_1")
SHAPES = {
    "an answer": answer(transaction(1), transaction(2), PAID),
    "two pages, one after the other": answer(transaction(1), transaction(2)) + "\n" + answer(PAID),
    "two pages in a list": f"[{answer(transaction(1), transaction(2))},\n{answer(PAID)}]",
    "the objects alone": json.dumps([transaction(1), transaction(2), PAID]),
    "with an indent": json.dumps({"data": [transaction(1), transaction(2), PAID]}, indent=2),
    "a byte order mark": "\ufeff" + answer(transaction(1), transaction(2), PAID),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("chunk", [7, 200_000])
def test_shapes_of_an_answer(reading, monkeypatch, text, chunk):
    monkeypatch.setattr(json_items, "_CHUNK_CHARS", chunk)
    found = reading(text, "a.json")
    assert found.problems == []
    assert [r["line_id"] for r in found.rows("settlements")] == ["txn_1", "txn_2"]
    assert [r["net_minor"] for r in found.rows("payouts")] == [1900]


def test_an_answer_about_one_payout_gives_its_lines_that_payout(reading):
    found = reading(answer(PAID, transaction(1), transaction(2)), "a.json")
    assert [r["payout_id"] for r in found.rows("settlements")] == ["po_1", "po_1"]


NOT_ONE_PAYOUT = {
    "lines that do not come to it": (PAID, transaction(1)),
    "two payouts": (PAID, {**PAID, "source": "po_2"}, transaction(1), transaction(2)),
    "another currency": (PAID, transaction(1), transaction(2), transaction(3, currency="gbp",
                         amount=0, fee=0, net=0)),
}  # fmt: skip


@pytest.mark.parametrize("items", NOT_ONE_PAYOUT.values(), ids=NOT_ONE_PAYOUT)
def test_lines_are_not_given_a_payout_by_chance(reading, items):
    found = reading(answer(*items), "a.json")
    assert {r["payout_id"] for r in found.rows("settlements")} == {None}


def test_an_expanded_source_tells_order_charge_and_currency(reading):
    charge = {"id": "ch_1", "object": "charge", "amount": 1200, "currency": "usd",
              "payment_intent": "pi_1", "metadata": {"order_id": "SO-1"},
              "payment_method_details": {"type": "wechat_pay"},
              "refunds": {"object": "list", "data": []}}  # fmt: skip
    refund = {"id": "re_1", "object": "refund", "charge": "ch_1", "currency": "eur", "amount": 5}
    items = (
        transaction(1, source=charge, exchange_rate=0.8333333),
        transaction(2, source=refund, reporting_category="refund", amount=-5, fee=0, net=-5),
    )
    found = reading(answer(*items), "a.json")
    line = found.rows("settlements")[0]
    sale, back = found.rows("sales")
    assert (line["ref"], line["gross_currency"], line["fx_rate"]) == ("SO-1", "USD", "0.8333333")
    assert (sale["amount_minor"], sale["currency"], sale["channel"]) == (1200, "USD", "wechat")
    assert (back["sale_id"], back["original_sale_id"]) == ("stripe:re_1", "stripe:ch_1")


BROKEN = {
    "cut off": (answer(transaction(1), transaction(2))[:-120], ["json_broken"], 1),
    "a comma lost": ('{"data": [' + json.dumps(transaction(1)) + ',{"id" "x"}]}',
                     ["json_broken"], 1),
    "a number in the list": ('{"data": [' + json.dumps(transaction(1)) + ", 7]}",
                             ["json_broken"], 1),
    "a number of ten thousand digits": (
        '{"data": [' + json.dumps(transaction(1)) + ', {"id": ' + "9" * 10_000 + "}]}",
        ["json_broken"], 1),
    "nested without end": ('{"data": [' + json.dumps(transaction(1)) + "," + "[" * 50_000,
                           ["json_broken"], 1),
    "no amount": (answer(transaction(1), {**transaction(2), "net": None}), ["amount_missing"], 1),
    "cents with a fraction": (answer(transaction(1), transaction(2, amount=10.5)),
                              ["amount_unreadable"], 1),
    "true for an amount": (answer(transaction(1), transaction(2, amount=True)),
                           ["amount_unreadable"], 1),
    "no id": (answer(transaction(1), transaction(2, id=None)), ["value_missing"], 1),
    "no time": (answer(transaction(1), transaction(2, created=10**30, available_on=None)),
                ["date_unreadable"], 1),
    "no such currency": (answer(transaction(1), transaction(2, currency="moon")),
                         ["currency_unknown"], 1),
    "does not close": (answer(transaction(1, net=900)), ["net_differs"], 1),
    "unknown category": (answer(transaction(1, reporting_category="moon")), ["kind_unknown"], 1),
    "nothing": (answer(), ["no_entries"], 0),
}  # fmt: skip


@pytest.mark.parametrize(("text", "codes", "rows"), BROKEN.values(), ids=BROKEN)
def test_broken_answers(reading, text, codes, rows):
    found = reading(text, "a.json")
    assert found.codes == codes
    assert len(found.rows("settlements")) == rows


def test_where_an_answer_breaks(reading):
    text = '{"data": [\n' + json.dumps(transaction(1)) + ",\n\n" + '{"id": "txn_2", "amo'
    found = reading(text, "a.json")
    assert [(p.line, p.code) for p in found.problems] == [(4, "json_broken")]
    assert found.lines("settlements") == [2]


LOOKALIKES = {
    "payouts with their transactions": (
        json.dumps({"data": [{"id": "po_1", "object": "payout", "amount": 1, "currency": "eur",
                              "arrival_date": 1, "created": 1, "status": "paid",
                              "balance_transaction": transaction(1)}]}), "stripe_api_payouts"),
    "transactions with their payouts": (
        answer(transaction(1, source={"id": "po_1", "object": "payout", "arrival_date": 1,
                                      "status": "paid", "amount": 1})), "stripe_api_balance"),
    "no payouts": (json.dumps({"object": "list", "data": [], "url": "/v1/payouts"}),
                   "stripe_api_payouts"),
    "customers": (json.dumps({"data": [{"id": "cus_1", "object": "customer"}]}), None),
    "an event": (json.dumps({"data": {"object": transaction(1)}}), None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name"), LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_an_answer_is_of(tmp_path, text, name):
    path = tmp_path / "a.json"
    path.write_text(text)
    assert getattr(recognise(path), "name", None) == name
    assert name or isinstance(recognise(path), Problem)
