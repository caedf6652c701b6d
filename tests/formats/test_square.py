"""Square: refused rows, what reaches a bank, deposits that come later, API answers."""

import datetime as dt
import json

import pytest

from daozhang.facts import Problem
from daozhang.formats import Options, recognise

COLUMNS = {
    "Date": "2026-05-06", "Time": "11:40:00", "Time Zone": "Eastern Time (US & Canada)",
    "Total Collected": "$12.96", "Card": "$12.96", "Cash": "$0.00", "Square Gift Card": "$0.00",
    "Other Tender": "$0.00", "Fees": "-$0.46", "Net Total": "$12.50", "Transaction ID": "TX1",
    "Payment ID": "PAY1", "Card Brand": "Visa", "Device Name": "Till 1", "Event Type": "Payment",
    "Location": "Fair", "Deposit ID": "", "Deposit Date": "", "Third Party Fees": "",
    "Transaction Status": "Complete",
}  # fmt: skip


def export(*changes, leave_out=()):
    """Return an export with one row for each of the changes of the good row."""
    names = [name for name in COLUMNS if name not in leave_out]
    rows = [",".join(names)]
    for change in changes:
        cells = {**COLUMNS, **change}
        rows.append(",".join(f'"{cells[name]}"' for name in names))
    return "\n".join(rows) + "\n"


REFUSED = {
    "no total": ({"Total Collected": ""}, "amount_missing"),
    "no net": ({"Net Total": ""}, "amount_missing"),
    "words for an amount": ({"Fees": "free"}, "amount_unreadable"),
    "no such day": ({"Date": "2026-02-30"}, "date_unreadable"),
    "no such zone": ({"Time Zone": "Middle Earth"}, "timezone_unknown"),
    "no such deposit day": ({"Deposit ID": "D", "Deposit Date": "soon"}, "date_unreadable"),
}


@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED)
def test_a_damaged_row_is_a_located_error_and_the_rest_goes_on(reading, change, code):
    found = reading(export(change, {}), "t.csv")
    assert [(p.line, p.code) for p in found.errors] == [(2, code)]
    assert found.lines("settlements") == [3]


TENDERS = {
    "card": ({}, (1296, 46, 1250)),
    "brackets": ({"Fees": "($0.46)"}, (1296, 46, 1250)),
    "padded": ({"Total Collected": "$12.96 "}, (1296, 46, 1250)),
    "thousands": ({"Total Collected": "$1,012.96", "Net Total": "$1,012.50"},
                  (101296, 46, 101250)),
    "part of it cash": ({"Cash": "$2.96"}, (1000, 46, 954)),
    "part of it a gift card": ({"Square Gift Card": "$2.96"}, (1000, 46, 954)),
    "part of it another tender": ({"Other Tender": "$2.96"}, (1000, 46, 954)),
    "a partner's fee of its own": ({"Third Party Fees": "-$0.10", "Net Total": "$12.40"},
                                   (1296, 56, 1240)),
    "a partner's fee that the fees hold": ({"Third Party Fees": "-$0.10"}, (1296, 46, 1250)),
    "given back": ({"Total Collected": "-$12.96", "Fees": "$0.46", "Net Total": "-$12.50",
                    "Event Type": "Refund"}, (-1296, -46, -1250)),
    "nothing but cash": ({"Cash": "$12.96", "Fees": "$0.00", "Net Total": "$12.96"}, None),
    "never went through": ({"Transaction Status": "Failed"}, None),
}  # fmt: skip


@pytest.mark.parametrize(("change", "money"), TENDERS.values(), ids=TENDERS)
def test_what_reaches_a_bank(reading, change, money):
    found = reading(export(change), "t.csv")
    lines = found.rows("settlements")
    assert found.problems == []
    assert len(lines) == len(found.rows("sales")) == (money is not None)
    for line in lines:
        assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == money


def test_the_net_of_the_file_stands(reading):
    found = reading(export({"Net Total": "$12.00"}), "t.csv")
    (line,) = found.rows("settlements")
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1296, 96, 1200)
    assert [(p.code, p.severity) for p in found.problems] == [("net_differs", "warning")]


TIMES = {
    "today's": ("2026-05-06", "11:40:00", dt.datetime(2026, 5, 6, 15, 40, tzinfo=dt.UTC)),
    "older": ("05/06/2026", "11:40:00", dt.datetime(2026, 5, 6, 15, 40, tzinfo=dt.UTC)),
    "twelve hours": ("5/6/26", "2:30:00 PM", dt.datetime(2026, 5, 6, 18, 30, tzinfo=dt.UTC)),
    "a day only": ("12/27/2018", "", dt.date(2018, 12, 27)),
}


@pytest.mark.parametrize(("date", "time", "at"), TIMES.values(), ids=TIMES)
def test_times(reading, date, time, at):
    (sale,) = reading(export({"Date": date, "Time": time}), "t.csv").rows("sales")
    assert sale["captured_at"] == at
    assert isinstance(sale["captured_at"], dt.datetime) == isinstance(at, dt.datetime)


@pytest.mark.parametrize("time", ["11:40:00", ""])
def test_of_two_exports_the_one_that_names_the_deposit_is_the_later_word(reading, time):
    (before,) = reading(export({"Time": time}), "t.csv").rows("settlements")
    deposit = {"Deposit ID": "D1", "Deposit Date": "2026-05-07", "Time": time}
    (after,) = reading(export(deposit), "t.csv").rows("settlements")
    assert before["line_id"] == after["line_id"]
    assert (before["payout_id"], after["payout_id"]) == (None, "D1")
    assert before["known_at"] is None
    assert after["known_at"] > before["cleared_at"]


def test_rows_without_any_id_keep_theirs_when_the_deposit_comes(reading):
    nameless = {"Transaction ID": "", "Payment ID": ""}
    before = reading(export(nameless, nameless), "t.csv").rows("settlements")
    after = reading(
        export(*[{**nameless, "Deposit ID": "D1", "Deposit Date": "2026-05-07"}] * 2), "t.csv"
    ).rows("settlements")
    ids = [r["line_id"] for r in before]
    assert len(set(ids)) == 2
    assert [r["line_id"] for r in after] == ids


def test_a_refund_is_tied_to_its_sale_by_the_transaction(reading):
    back = {"Total Collected": "-$12.96", "Fees": "$0.00", "Net Total": "-$12.96",
            "Payment ID": "PAY2", "Event Type": "Refund"}  # fmt: skip
    sale, refund = reading(export({}, back), "t.csv").rows("sales")
    assert (sale["sale_id"], refund["sale_id"]) == ("square:PAY1", "square:PAY2-refund")
    assert sale["rrn"] == refund["rrn"] == "TX1"


def test_columns_that_are_not_there_are_not_needed(reading):
    few = export({}, leave_out=("Cash", "Payment ID", "Device Name", "Location", "Deposit ID",
                                "Deposit Date", "Card Brand", "Event Type"))  # fmt: skip
    found = reading(few, "t.csv", Options(currency="CAD"))
    (line,) = found.rows("settlements")
    assert found.problems == []
    assert (line["line_id"], line["terminal_id"], line["currency"]) == ("TX1-sale", "square", "CAD")


# Answers of the API.


def money(amount, **more):
    return {"amount": amount, "currency_code": "USD", **more}


def entry(type_="CHARGE", gross=100, fee=2, **changes):
    return {
        "id": "poe_1", "payout_id": "po_1", "effective_at": "2026-05-06T23:31:49.000Z",
        "type": type_, "gross_amount_money": money(gross), "fee_amount_money": money(fee),
        "net_amount_money": money(gross - fee),
        f"type_{type_.lower()}_details": {"payment_id": "P1"}, **changes,
    }  # fmt: skip


KINDS = {
    "CHARGE": (100, "sale"), "REFUND": (-100, "refund"), "DISPUTE": (-100, "chargeback"),
    "OPEN_DISPUTE": (-100, "chargeback"), "TAX_ON_FEE": (-5, "tax"), "DEPOSIT_FEE": (-5, "fee"),
    "HOLD_ADJUSTMENT": (-5, "reserve_hold"), "RELEASE_ADJUSTMENT": (5, "reserve_release"),
    "RETURNED_PAYOUT": (5, "carry_forward"), "SQUARE_CAPITAL_PAYMENT": (-5, "adjustment"),
}  # fmt: skip


@pytest.mark.parametrize(("type_", "gross", "kind"), [(k, *v) for k, v in KINDS.items()], ids=KINDS)
def test_kinds_of_entries(reading, type_, gross, kind):
    found = reading(json.dumps({"payout_entries": [entry(type_, gross, 0)]}), "e.json")
    (line,) = found.rows("settlements")
    assert found.problems == []
    assert (line["kind"], line["net_minor"], line["ref"]) == (kind, gross, "P1")


ENTRIES = {
    "no net": (entry(net_amount_money=None), "amount_missing", 0),
    "no amount": (entry(net_amount_money={"currency_code": "USD"}), "amount_missing", 0),
    "a fraction": (entry(net_amount_money=money(1.5)), "amount_unreadable", 0),
    "no currency": (entry(gross_amount_money={"amount": 1}), "currency_missing", 0),
    "two currencies": (entry(fee_amount_money=money(2, currency_code="CAD")),
                       "currency_unknown", 0),
    "no id": (entry(id=None), "value_missing", 0),
    "no time": (entry(effective_at="soon"), "date_unreadable", 0),
    "does not close": (entry(net_amount_money=money(90)), "net_differs", 1),
    "a type of tomorrow": (entry("MOON_FEE"), "kind_unknown", 1),
    "the older name of the currency": (
        entry(gross_amount_money={"amount": 100, "currency": "USD"}), None, 1),
}  # fmt: skip


@pytest.mark.parametrize(("item", "code", "rows"), ENTRIES.values(), ids=ENTRIES)
def test_entries(reading, item, code, rows):
    found = reading(json.dumps({"payout_entries": [item]}), "e.json")
    assert found.codes == ([code] if code else [])
    assert len(found.rows("settlements")) == rows
    for line in found.rows("settlements"):
        assert line["gross_minor"] - line["fee_minor"] == line["net_minor"]


def test_an_answer_without_currencies_is_read_with_the_one_given(reading):
    bare = entry(**{f"{part}_amount_money": {"amount": amount}
                    for part, amount in (("gross", 100), ("fee", 2), ("net", 98))})  # fmt: skip
    text = json.dumps({"payout_entries": [bare]})
    (line,) = reading(text, "e.json", Options(currency="AUD")).rows("settlements")
    assert (line["currency"], line["net_minor"]) == ("AUD", 98)


def payout(**changes):
    return {
        "id": "po_1", "status": "SENT", "location_id": "L1", "created_at": "2026-05-06T23:31:49Z",
        "amount_money": money(50), "arrival_date": "2026-05-07", **changes,
    }  # fmt: skip


PAYOUTS = {
    "no such state": (payout(status="LOST"), "value_unknown", None),
    "no amount": (payout(amount_money=None), "amount_missing", None),
    "no id": (payout(id=None), "value_missing", None),
    "no time": (payout(created_at=None, arrival_date=None), "date_unreadable", None),
    "sent": (payout(), None, ("sent", 50)),
    "paid": (payout(status="PAID"), None, ("sent", 50)),
    "failed": (payout(status="FAILED"), None, ("returned", 50)),
    "taken from the bank account": (payout(amount_money=money(-50)), None, ("sent", -50)),
}


@pytest.mark.parametrize(("item", "code", "said"), PAYOUTS.values(), ids=PAYOUTS)
def test_payouts(reading, item, code, said):
    found = reading(json.dumps({"payouts": [item]}), "p.json")
    assert found.codes == ([code] if code else [])
    assert [(r["status"], r["net_minor"]) for r in found.rows("payouts")] == (
        [said] if said else []
    )


def test_a_payout_that_failed_later_is_the_later_word(reading):
    first, then = payout(), payout(status="FAILED", updated_at="2026-05-09T08:00:00Z")
    sent, back = reading(json.dumps({"payouts": [first, then]}), "p.json").rows("payouts")
    assert sent["paid_out_at"] == back["paid_out_at"]
    assert (sent["known_at"], back["status"]) == (None, "returned")
    assert back["known_at"] == dt.datetime(2026, 5, 9, 8, tzinfo=dt.UTC)


LISTS = {
    "no entries": ({"payout_entries": []}, "square_payout_entries"),
    "no payouts": ({"payouts": []}, "square_payouts"),
    "orders": ({"orders": [{"id": "O1"}]}, None),
    "another's payouts": ({"payouts": [{"id": 1, "sum": 2}]}, None),
}


@pytest.mark.parametrize(("content", "name"), LISTS.values(), ids=LISTS)
def test_what_an_answer_is_of(tmp_path, content, name):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    assert getattr(recognise(path), "name", None) == name
    assert name or isinstance(recognise(path), Problem)


@pytest.mark.parametrize(
    ("mark", "asked", "taken", "codes"),
    [("$", "EUR", "USD", ["currency_assumed"]), ("$", "CAD", "CAD", []), ("$", None, "USD", []),
     ("£", "GBP", "GBP", []), ("€", "USD", "EUR", ["currency_assumed"]), ("", "EUR", "EUR", [])],
)  # fmt: skip
def test_the_mark_before_an_amount_goes_before_the_users_currency(
    reading, mark, asked, taken, codes
):
    found = reading(
        "Date,Time,Time Zone,Total Collected,Fees,Net Total,Transaction ID\n"
        f"2026-05-04,10:02:11,UTC,{mark}31.16,-{mark}0.93,{mark}30.23,SQA1\n",
        "square.csv", Options(currency=asked),
    )  # fmt: skip
    (row,) = found.rows("settlements")
    assert (row["currency"], row["net_minor"], found.codes) == (taken, 3023, codes)
