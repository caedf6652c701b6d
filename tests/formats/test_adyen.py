"""Adyen's reports: batches net to their payouts, and nothing else may be called by their names."""

import csv
import datetime as dt
import io

import openpyxl
import pytest

from daozhang.facts import Problem
from daozhang.formats import Options, recognise
from daozhang.formats._adyen_words import kind_of, paid_with

from .conftest import DATA, Reading

COLUMNS = (
    "Merchant Account,Psp Reference,Merchant Reference,Modification Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Gross Currency,Gross Credit (GC),Gross Debit (GC),Net Currency,"
    "Net Credit (NC),Net Debit (NC),Commission (NC),Batch Number"
)
SALE = "Shop,P1,ORDER-1,M1,visa,2026-05-05 09:00:00,CEST,Settled,EUR,10.00,,EUR,9.90,,0.10,8"
PAYOUT = 'Shop,,,"TX12345XT batch 8, Shop",,2026-05-07 02:00:00,CEST,MerchantPayout,,,,EUR,,9.90,,8'


def file_of(*rows):
    return "\n".join((COLUMNS, *rows)) + "\n"


REFUSED = {
    "an amount that is none": (SALE.replace("9.90", "9.9o"), "amount_unreadable"),
    "finer than a cent": (SALE.replace("9.90", "9.905"), "amount_unreadable"),
    "no such currency": (SALE.replace("EUR,9", "EUX,9"), "currency_unknown"),
    "no currency": (SALE.replace("EUR", ""), "currency_unknown"),
    "no type": (SALE.replace("Settled", ""), "value_missing"),
    "cut off": (SALE.rpartition(",")[0], "row_short"),
    "no date": (SALE.replace("2026-05-05 09:00:00", ""), "date_unreadable"),
    "no such day": (SALE.replace("05-05", "02-30"), "date_unreadable"),
    "no such zone": (SALE.replace("CEST", "Mars"), "timezone_unknown"),
    "a zone of two meanings": (SALE.replace("CEST", "CST"), "timezone_unknown"),
    "a payout of no batch": (PAYOUT[:-1], "value_missing"),
}


@pytest.mark.parametrize(("row", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refused_row_is_located_and_the_rest_is_read(reading, row, code):
    found = reading(file_of(SALE, row, PAYOUT), "a.csv")
    assert [(p.line, p.code, p.severity) for p in found.problems] == [(3, code, "error")]
    assert len(found.rows("settlements")) == len(found.rows("payouts")) == 1


def test_the_users_zone_says_what_an_abbreviation_means(reading):
    content = file_of(SALE.replace("CEST", "CST"))
    found = reading(content, "a.csv", Options(timezone="Asia/Shanghai"))
    (sale,) = found.rows("sales")
    assert sale["captured_at"].utcoffset() == dt.timedelta(hours=8)


def test_another_report_is_not_taken_for_it(tmp_path):
    """The terminals' aggregate repeats the batch's money under names of its own."""
    path = tmp_path / "aggregate.csv"
    path.write_text(COLUMNS.replace("Type", "Journal Type") + "\n" + SALE + "\n")
    assert isinstance(recognise(path), Problem)


def test_a_batch_that_nothing_pays_out_is_told(reading):
    found = reading(file_of(SALE), "a.csv")
    (problem,) = found.problems
    assert (problem.line, problem.code, problem.severity) == (2, "total_mismatch", "warning")
    assert "€9.90" in problem.message
    assert "€0.00" in problem.message


def test_a_batch_that_is_carried_on_closes(reading):
    carried = PAYOUT.replace("MerchantPayout", "Balancetransfer")
    found = reading(file_of(SALE, carried), "a.csv")
    assert found.problems == []
    assert [r["kind"] for r in found.rows("settlements")] == ["sale", "carry_forward"]
    assert sum(r["net_minor"] for r in found.rows("settlements")) == 0


def test_a_batch_paid_in_two_parts_is_one_payout(reading):
    parts = [PAYOUT.replace("9.90", part) for part in ("9.00", "0.90")]
    found = reading(file_of(SALE, *parts), "a.csv")
    assert found.problems == []
    assert [r["net_minor"] for r in found.rows("payouts")] == [990]


def test_captures_of_one_sale_are_one_sale(reading):
    """The later record of the sale holds what was captured by then; each line pays its part."""
    later = SALE.replace("M1", "M2").replace("09:00", "10:00")
    found = reading(file_of(SALE, later, PAYOUT.replace("9.90", "19.80")), "a.csv")
    assert found.problems == []
    assert [r["amount_minor"] for r in found.rows("sales")] == [1000, 2000]
    assert len({r["sale_id"] for r in found.rows("sales")}) == 1
    assert len({r["line_id"] for r in found.rows("settlements")}) == 2


def test_identical_costs_stay_two(reading):
    cost = "Shop,,,,,2026-05-06 09:00:00,CEST,MiscCosts,,,,EUR,,1.00,,8"
    found = reading(file_of(SALE, cost, cost, PAYOUT.replace("9.90", "7.90")), "a.csv")
    assert found.problems == []
    assert len({r["line_id"] for r in found.rows("settlements")}) == 3


NET = {
    "closes": ("0.10", "", None, 10),
    "differs": ("0.20", "", "net_differs", 10),
    "in a column of all fees": ("", "0.10", None, 10),
    "beside the four": ("0.04", "0.06", None, 10),
}


@pytest.mark.parametrize(("commission", "more", "code", "fee"), NET.values(), ids=NET)
def test_the_net_is_what_moves(reading, commission, more, code, fee):
    header = COLUMNS + ",Payment Fees (NC)"
    row = SALE.replace("0.10", commission) + f",{more}"
    found = reading(f"{header}\n{row}\n{PAYOUT},\n", "a.csv")
    assert found.codes == ([code] if code else [])
    (line,) = found.rows("settlements")
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1000, fee, 990)


KINDS = {
    "Settled": ("sale", 1), "SettledReversed": ("adjustment", -1), "Refunded": ("refund", -1),
    "RefundedReversed": ("refund", 1), "Chargeback": ("chargeback", -1),
    "SecondChargeback": ("chargeback", -1), "ChargebackReversed": ("chargeback_reversal", 1),
    "Fee": ("fee", -1), "MiscCosts": ("fee", -1), "PaymentCost": ("fee", 1),
    "InvoiceDeduction": ("fee", -1), "DepositCorrection": ("reserve_hold", -1),
    "ReserveAdjustment": ("reserve_release", 1), "Balancetransfer": ("carry_forward", 1),
    "InternalCompanyPayout": ("adjustment", -1), "EPA Paid": ("adjustment", -1),
}  # fmt: skip


@pytest.mark.parametrize("type_", KINDS)
def test_kinds(reading, type_):
    kind, sign = KINDS[type_]
    money = "EUR,5.00," if sign > 0 else "EUR,,5.00"
    row = f"Shop,P1,ORDER-1,M1,visa,2026-05-05 09:00:00,CEST,{type_},,,,{money},,8"
    found = reading(file_of(row), "a.csv")
    (line,) = found.rows("settlements")
    assert (line["kind"], line["net_minor"]) == (kind, 500 * sign)
    assert "kind_unknown" not in found.codes
    sold = {"Settled": ["sale"], "Refunded": ["refund"]}
    assert [s["kind"] for s in found.rows("sales")] == sold.get(type_, [])


def test_an_unknown_type_is_told_once():
    assert kind_of("moonshine", 1) is None


def test_unknown_types_move_money_with_one_warning(reading):
    odd = PAYOUT.replace("MerchantPayout", "Moonshine")
    found = reading(file_of(SALE, odd, odd.replace("9.90", "0.00")), "a.csv")
    assert found.codes == ["kind_unknown"]
    assert [r["kind"] for r in found.rows("settlements")] == ["sale", "adjustment", "adjustment"]


@pytest.mark.parametrize(("method", "channel", "card"), [
    ("visa", "card", "visa"), ("mc_applepay", "card", "mc_applepay"), ("", "card", None),
    ("eftpos_australia", "card", "eftpos_australia"), ("alipay_hk", "alipay", None),
    ("wechatpayPos", "wechat", None), ("ideal", "ideal", None), ("bankTransfer_DE",
    "banktransfer_de", None),
])  # fmt: skip
def test_payment_methods(method, channel, card):
    assert paid_with(method) == (channel, card)


def test_the_order_of_columns_does_not_matter(reading):
    rows = list(csv.reader(io.StringIO(file_of(SALE, PAYOUT))))
    order = sorted(range(len(rows[0])), key=lambda n: rows[0][n])
    out = io.StringIO()
    csv.writer(out).writerows([[row[n] for n in order] for row in rows])
    found, plain = reading(out.getvalue(), "a.csv"), reading(file_of(SALE, PAYOUT), "b.csv")
    for table in ("settlements", "sales", "payouts"):
        assert found.rows(table) == plain.rows(table)


def test_columns_that_were_not_chosen_are_not_needed(reading):
    header = "Type,Creation Date,Net Currency,Net Credit (NC),Net Debit (NC),Batch Number"
    rows = "Settled,2026-05-05 09:00:00,EUR,9.90,,8\nMerchantPayout,2026-05-07,EUR,,9.90,8\n"
    found = reading(f"{header}\n{rows}", "a.csv")
    assert found.problems == []
    assert [r["net_minor"] for r in found.rows("settlements") + found.rows("payouts")] == [990] * 2


def test_a_workbook_with_numbers_and_dates(reading):
    """A spreadsheet keeps 9.90 as a binary fraction and a moment as a day count."""
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(file_of(SALE, PAYOUT))):
        book.active.append(
            [
                float(cell) if cell.replace(".", "").isdigit()
                else dt.datetime.fromisoformat(cell) if cell.startswith("2026-") else cell or None
                for cell in row
            ]
        )  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    found, plain = reading(out.getvalue(), "a.xlsx"), reading(file_of(SALE, PAYOUT), "b.csv")
    assert found.problems == []
    for table in ("settlements", "sales", "payouts"):
        assert found.rows(table) == plain.rows(table)


def test_both_reports_give_a_line_the_same_id():
    batches = Reading(DATA / "adyen_batches.csv").rows("settlements")
    accounting = Reading(DATA / "adyen_accounting.csv").rows("settlements")
    same = {r["line_id"] for r in batches} & {r["line_id"] for r in accounting}
    assert same == {"AAAA000000000001-settled-CAPT000000000001-Shop_DE-31-EUR"}
    first, second = (next(r for r in rs if r["line_id"] in same) for rs in (batches, accounting))
    for name in ("gross_minor", "fee_minor", "net_minor", "cleared_at", "payout_id", "ref"):
        assert first[name] == second[name]


def test_a_report_without_fee_columns_leaves_the_fee_between_gross_and_net(reading):
    found = reading(
        "Company Account,Merchant Account,Psp Reference,Payment Method,Creation Date,TimeZone,Type,"
        "Gross Currency,Gross Debit (GC),Gross Credit (GC),Net Currency,Net Debit (NC),"
        "Net Credit (NC),Batch Number\n"
        "Co,Shop,P1,mc,2026-06-01 09:15:02,UTC,Settled,CHF,,120.50,CHF,,118.90,42\n"
        "Co,Shop,,,2026-06-02 09:15:02,UTC,MerchantPayout,CHF,118.90,,CHF,118.90,,42\n",
        "adyen.csv",
    )
    (row,) = found.rows("settlements")
    assert (row["gross_minor"], row["fee_minor"], row["net_minor"]) == (12050, 160, 11890)
    assert found.problems == []
