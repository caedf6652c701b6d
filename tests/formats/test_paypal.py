"""PayPal's reports by SFTP and its activity download: sums, balances, states and languages."""

import datetime as dt

import pytest

from daozhang.facts import Problem
from daozhang.formats import Options, recognise
from daozhang.formats._paypal_codes import kind_of as kind_of_code
from daozhang.formats._paypal_words import COLUMNS, languages_of
from daozhang.formats._paypal_words import kind_of as kind_of_name

from .conftest import DATA, Reading

STL = (DATA / "STL-20260507.R.01.009.CSV").read_text(encoding="utf-8")


def stl(*rows, sums=None, count=None, currency="USD"):
    """Return a settlement report of one section: rows of (id, code, gross, fee)."""
    out = ['"RH",2026/05/07 00:10:00 -0700,"A","XJ1",009', '"FH",01']
    out.append('"SH",2026/05/06 00:00:00 -0700,2026/05/06 23:59:59 -0700,"XJ1",""')
    out.append(
        '"CH","Transaction ID","Transaction Event Code","Transaction Completion Date",'
        '"Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency",'
        '"Fee Debit or Credit","Fee Amount","Invoice ID","PayPal Reference ID"'
    )
    for own, code, gross, fee, *refers in rows:
        way, fee_way = ("DR" if gross < 0 else "CR"), ("CR" if fee < 0 else "DR")
        out.append(
            f'"SB","{own}","{code}",2026/05/06 10:00:00 -0700,"{way}",{abs(gross)},"{currency}",'
            f'"{fee_way}",{abs(fee)},"","{refers[0] if refers else ""}"'
        )
    if sums:
        out.append(f'"SF","{currency}",{sums}')
    if count is not None:
        out.append(f'"SC",{count}')
    return "\n".join(out) + "\n"


ROWS = (("A", "T0006", 10000, 320), ("B", "T1107", -5000, -150), ("C", "T0400", -4000, 0))
FOOTER = '10000,9000,150,320,"CR",100,"CR",930'

REFUSED = {
    "a decimal point": (STL.replace('"CR",1050', '"CR",10.50'), 6, "amount_unreadable"),
    "words for an amount": (STL.replace('"CR",1050', '"CR","much"'), 6, "amount_unreadable"),
    "no such currency": (STL.replace('1050,"JPY"', '1050,"JPX"'), 6, "currency_unknown"),
    "no such day": (STL.replace("07 09:10:02", "37 09:10:02"), 6, "date_unreadable"),
    "cut off": (STL.replace('05/07 09:10:02 +0900,"CR",1050,"JPY","DR",78,"JPY","",'
                            '"PAYER2","","GINZA",""', "05/07"), 6, "row_short"),
    "an unknown record": (STL.replace('"FF",11', '"ZZ",11'), 27, "record_unknown"),
    "a header without ids": (STL.replace('"Transaction Event Code","Transaction ID"', '"Code"'),
                             18, "column_missing"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "line", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refused_record_is_located_and_nothing_is_called_covered(reading, content, line, code):
    assert content != STL
    found = reading(content, "stl.csv")
    assert (line, code) in [(p.line, p.code) for p in found.errors]
    if code != "record_unknown":
        assert found.rows("coverage") == []
        assert len(found.rows("settlements")) in {8, 9}


def test_another_report_of_paypals_is_not_taken_for_it(tmp_path):
    path = tmp_path / "sar.csv"
    path.write_text(
        '"RH",2026/05/07 00:10:00 -0700,"A","XJ1",007\n"FH",01\n'
        '"SH",2026/05/06 00:00:00 -0700,2026/05/06 23:59:59 -0700,"XJ1",""\n'
        '"CH","Subscription ID","Subscription Action Type"\n"SB","S-1","S0000"\n"SC",1\n'
    )
    assert isinstance(recognise(path), Problem)


def test_rows_before_their_header_are_refused(reading):
    lines = STL.splitlines()
    found = reading("\n".join([*lines[:3], lines[4], *lines[3:]]), "stl.csv")
    assert [(p.line, p.code) for p in found.errors] == [(4, "column_missing")]


def test_a_report_that_closes(reading):
    found = reading(stl(*ROWS, sums=FOOTER, count=3), "stl.csv")
    assert found.problems == []
    (covered,) = found.rows("coverage")
    assert covered["from_at"] == dt.datetime(2026, 5, 6, 7, tzinfo=dt.UTC)
    assert [r["net_minor"] for r in found.rows("settlements")] == [9680, -4850]
    assert [r["net_minor"] for r in found.rows("payouts")] == [4000]


FOOTERS = {
    "fees the other way round": ('10000,9000,320,150,"CR",100,"CR",930', []),
    "only sums": ("10000,9000,150,320", []),
    "the available balance moves": (
        '10000,9000,150,320,"CR",5,"CR",5,"CR",100,"CR",930,"CR",0,"CR",0,3', [],
    ),
    "gross credits": ('10001,9000,150,320,"CR",100,"CR",930', ["total_mismatch"]),
    "gross debits": ('10000,9001,150,320,"CR",100,"CR",930', ["total_mismatch"]),
    "fee credits": ('10000,9000,151,320,"CR",100,"CR",930', ["total_mismatch"]),
    "fee debits": ('10000,9000,150,321,"CR",100,"CR",930', ["total_mismatch"]),
    "the balance after": ('10000,9000,150,320,"CR",100,"CR",931', ["balance_mismatch"]),
    "the balance before": ('10000,9000,150,320,"DR",100,"CR",930', ["balance_mismatch"]),
}  # fmt: skip


@pytest.mark.parametrize(("sums", "codes"), FOOTERS.values(), ids=FOOTERS)
def test_what_a_section_states_is_compared(reading, sums, codes):
    found = reading(stl(*ROWS, sums=sums, count=3), "stl.csv")
    assert found.codes == codes
    assert all(p.line == 8 and p.severity == "warning" for p in found.problems)
    assert len(found.rows("coverage")) == (not codes)


def test_holds_move_only_the_available_balance(reading):
    """A hold is no movement of the total, which may be the one that is stated."""
    rows = (*ROWS, ("D", "T2107", -500, 0))
    footer = '10000,9500,150,320,"CR",100,"CR",930'
    found = reading(stl(*rows, sums=footer, count=4), "stl.csv")
    assert found.problems == []


COUNTS = {"one more": (4, "total_mismatch"), "cut off before it": (None, "summary_missing")}


@pytest.mark.parametrize(("count", "code"), COUNTS.values(), ids=COUNTS)
def test_a_report_that_is_not_whole_covers_nothing(reading, count, code):
    found = reading(stl(*ROWS, sums=FOOTER, count=count), "stl.csv")
    assert found.codes == [code]
    assert found.rows("coverage") == []
    assert len(found.rows("settlements")) == 2


def test_the_totals_of_several_sections_are_compared(reading):
    found = reading(STL.replace('"RF","USD",10000', '"RF","USD",10001'), "stl.csv")
    assert [(p.line, p.code) for p in found.problems] == [
        (19, "amount_scale_assumed"), (24, "total_mismatch"),
    ]  # fmt: skip
    assert (
        "total_mismatch"
        not in reading(
            STL.replace('"FH",01', '"FH",02').replace('"RF","USD",10000', '"RF","USD",99999'),
            "b.csv",
        ).codes
    )


SCALES = {
    "yen, whole": ("JPY", (5000, 200), (5, 1), 5000, None),
    "yen, in hundredths": ("JPY", (5000, 200), (1000, 100), 50, "amount_scale_assumed"),
    "yen, nothing says": ("JPY", (5000, 0), (1000, 0), 5000, "amount_scale_assumed"),
    "forint, whole": ("HUF", (5000, 200), (5, 1), 500000, None),
    "forint, in hundredths": ("HUF", (5000, 200), (1000, 100), 5000, "amount_scale_assumed"),
    "dollars": ("USD", (5000, 200), (1000, 100), 5000, None),
}


@pytest.mark.parametrize(
    ("currency", "first", "second", "minor", "code"), SCALES.values(), ids=SCALES
)
def test_currencies_without_decimals(reading, currency, first, second, minor, code):
    """The yen is its own smallest unit; a report in hundredths shows by its round fees."""
    rows = (("A", "T0006", *first), ("B", "T0006", *second))
    found = reading(stl(*rows, count=2, currency=currency), "stl.csv")
    assert found.codes == ([code] if code else [])
    lines = found.rows("settlements")
    assert lines[0]["gross_minor"] == minor
    assert [r["line_id"] for r in lines] == ["A", "B"]


CODES = {
    "T0006": ("sale", "adjustment"), "T0106": ("fee", "fee"), "T0201": ("adjustment",) * 2,
    "T0300": ("adjustment",) * 2, "T1106": ("adjustment", "refund"),
    "T1107": ("adjustment", "refund"), "T1108": ("fee", "fee"), "T1109": ("fee", "fee"),
    "T1105": ("reserve_release", "reserve_hold"), "T1111": ("reserve_release", "reserve_hold"),
    "T1201": ("chargeback_reversal", "chargeback"), "T1202": ("chargeback_reversal", "chargeback"),
    "T1503": ("reserve_release", "reserve_hold"), "T2107": ("reserve_release", "reserve_hold"),
    "T9999": ("adjustment",) * 2, "": ("adjustment",) * 2,
}  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_event_codes(code):
    assert (kind_of_code(code, 1), kind_of_code(code, -1)) == CODES[code]


WITHDRAWALS = {
    "sent": (("W", "T0401", -1000, 0), ("W", "sent")),
    "came back": (("X", "T1101", 1000, 0, "W"), ("W", "returned")),
    "came back, naming nothing": (("X", "T0400", 1000, 0), ("X", "returned")),
}


@pytest.mark.parametrize(("row", "payout"), WITHDRAWALS.values(), ids=WITHDRAWALS)
def test_withdrawals(reading, row, payout):
    found = reading(stl(row, count=1), "stl.csv")
    assert [(r["payout_id"], r["status"]) for r in found.rows("payouts")] == [payout]
    assert found.rows("settlements") == []
    assert found.rows("payouts")[0]["net_minor"] == 1000


def test_tabs_and_no_kinds_of_record(reading):
    """The rows alone, as some programs cut them out of the report."""
    lines = [line.split(",", 1)[1] for line in stl(*ROWS).splitlines()[3:]]
    plain = reading("\n".join(lines) + "\n", "a.csv")
    tabs = reading(stl(*ROWS, sums=FOOTER, count=3).replace(",", "\t"), "b.txt")
    assert plain.problems == tabs.problems == []
    assert len(plain.rows("settlements")) == len(tabs.rows("settlements")) == 2


def test_rows_without_an_id_get_one_each(reading):
    rows = (("", "T0006", 100, 5), ("", "T0006", 100, 5))
    found = reading(stl(*rows, count=2), "stl.csv")
    assert len({r["line_id"] for r in found.rows("settlements")}) == 2


# The activity download.

HEADER = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,Transaction ID,Reference Txn ID,"
    "Invoice Number,Balance"
)


def activity(*rows, header=HEADER):
    return "\n".join((header, *rows)) + "\n"


def movement(type_="Website Payment", status="Completed", money="10.00,-0.59,9.41", **others):
    date, zone = others.get("date", "31/12/2026"), others.get("zone", "PDT")
    balance, own = others.get("balance", ""), others.get("own", "T1")
    return f"{date},10:00:00,{zone},Ada,{type_},{status},USD,{money},{own},T0,INV,{balance}"


ACTIVITY_REFUSED = {
    "an amount that is none": (movement(money="ten,0,10"), "amount_unreadable"),
    "no such currency": (movement().replace("USD", "USX"), "currency_unknown"),
    "no such day": (movement(date="31/13/2026"), "date_unreadable"),
    "no such hour": (movement().replace("10:00:00", "25:00:00"), "date_unreadable"),
    "no such zone": (movement(zone="Mars"), "timezone_unknown"),
    "cut off": (movement().rsplit(",", 4)[0], "row_short"),
}


@pytest.mark.parametrize(("row", "code"), ACTIVITY_REFUSED.values(), ids=ACTIVITY_REFUSED)
def test_a_refused_movement_is_located_and_the_rest_is_read(reading, row, code):
    found = reading(activity(movement(), row, movement(own="T2")), "a.csv")
    assert [(p.line, p.code) for p in found.errors] == [(3, code)]
    assert [r["line_id"] for r in found.rows("settlements")] == ["T1", "T2"]


STATES = {
    "Completed": ("settled", 1), "Refunded": ("settled", 1), "Pending": ("held", 0),
    "Held": ("held", 0), "Placed": ("held", 0), "Uncleared": ("held", 0), "Denied": ("rejected", 0),
    "Failed": ("rejected", 0), "Expired": ("rejected", 0), "Removed": ("rejected", 0),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_only_completed_movements_are_sales(reading, state):
    status, sales = STATES[state]
    found = reading(activity(movement(status=state)), "a.csv")
    assert found.problems == []
    (line,) = found.rows("settlements")
    assert line["status"] == status
    assert line.get("reason") == (None if status == "settled" else state)
    assert len(found.rows("sales")) == sales


@pytest.mark.parametrize(("status", "gross", "standing"), [
    ("Completed", "-10.00", "sent"), ("Pending", "-10.00", "sent"),
    ("Denied", "-10.00", "returned"), ("Completed", "10.00", "returned"),
])  # fmt: skip
def test_withdrawals_leave_the_balance_when_they_are_asked_for(reading, status, gross, standing):
    row = movement("General Withdrawal", status, f"{gross},0.00,{gross}")
    found = reading(activity(row), "a.csv")
    (payout,) = found.rows("payouts")
    assert (payout["net_minor"], payout["status"]) == (1000, standing)
    assert payout["payout_id"] == ("T0" if gross == "10.00" else "T1")
    assert found.rows("settlements") == []


def test_what_a_transfer_costs_is_a_line(reading):
    row = movement("Instant Transfer to Bank", money="-10.00,-0.15,-10.15", balance="-10.15")
    found = reading(activity(row), "a.csv")
    assert [r["net_minor"] for r in found.rows("payouts")] == [1000]
    assert [(r["kind"], r["net_minor"]) for r in found.rows("settlements")] == [("fee", -15)]


NAMES = {
    "Website Payment": ("sale", "adjustment"), "Payment Refund": ("adjustment", "refund"),
    "Payment Reversal": ("adjustment", "refund"), "Chargeback": ("chargeback",) * 2,
    "Chargeback Reversal": ("chargeback_reversal",) * 2, "Chargeback Fee": ("fee",) * 2,
    "Partner Fee": ("fee",) * 2, "Payment Hold": ("reserve",) * 2,
    "Payment Release": ("reserve",) * 2, "Account Hold for Open Authorization": ("reserve",) * 2,
    "General Authorization": (None, None), "Invoice Sent": (None, None),
    "Shopping Cart Item": (None, None), "General Currency Conversion": ("conversion",) * 2,
    "Bank Deposit to PP Account ": ("adjustment",) * 2, "General Withdrawal": ("payout",) * 2,
    "Reversal of ACH Withdrawal Transaction": ("payout",) * 2,
    "Rückzahlung": ("adjustment", "refund"), "Von Nutzer eingeleitete Abbuchung": ("payout",) * 2,
    "Bankgutschrift auf PayPal-Konto": ("adjustment",) * 2,
    "Virement bancaire sur le compte PayPal": ("adjustment",) * 2,
    "Remboursement de paiement": ("adjustment", "refund"),
    "Retirada general": ("payout",) * 2, "": ("sale", "adjustment"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_movements(name):
    assert (kind_of_name(name, 1), kind_of_name(name, -1)) == NAMES[name]


def test_a_conversion_belongs_to_no_sale(reading):
    """Its line in another currency would be added to the sale whose invoice it repeats."""
    found = reading(activity(movement("General Currency Conversion", money="5,0,5")), "a.csv")
    (line,) = found.rows("settlements")
    assert (line["kind"], line["ref"]) == ("adjustment", None)
    assert found.rows("sales") == []


def test_the_net_of_a_movement_is_what_moves(reading):
    found = reading(activity(movement(money="10.00,-0.59,9.40")), "a.csv")
    assert found.codes == ["net_differs"]
    assert all(figure in found.problems[0].message for figure in ("$10.00", "-$0.59", "$9.40"))
    (line,) = found.rows("settlements")
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1000, 60, 940)


def test_a_pending_withdrawal_is_in_the_running_balance(reading):
    rows = [
        movement(balance="9.41"), movement("General Withdrawal", "Pending", "-9,0,-9",
        balance="0.41"), movement(balance="9.82"),
    ]  # fmt: skip
    assert reading(activity(*rows), "a.csv").problems == []
    wrong = [*rows[:2], movement(balance="9.83")]
    (problem,) = reading(activity(*wrong), "b.csv").problems
    assert (problem.line, problem.code) == (4, "balance_mismatch")
    assert "$9.82" in problem.message
    assert "$9.83" in problem.message


ORDERS = {
    "a day over twelve": (["3/4/2026", "13/4/2026"], "PDT", (4, 3), []),
    "a month after a day": (["3/4/2026", "3/14/2026"], "CET", (3, 4), []),
    "points": (["3.4.2026"], "PDT", (4, 3), []),
    "ISO 8601": (["2026-04-03"], "PDT", (4, 3), []),
    "by an American zone": (["3/4/2026"], "America/New_York", (3, 4), ["date_order_assumed"]),
    "by a European zone": (["3/4/2026"], "Europe/Berlin", (4, 3), ["date_order_assumed"]),
    "days of one month": (["3/4/2026", "4/4/2026", "6/4/2026"], "PDT", (4, 3),
                          ["date_order_assumed"]),
    "days of one month, American": (["3/4/2026", "3/5/2026", "3/9/2026"], "CET", (3, 4),
                                    ["date_order_assumed"]),
}  # fmt: skip


@pytest.mark.parametrize(("dates", "zone", "first", "codes"), ORDERS.values(), ids=ORDERS)
def test_days_and_months(reading, dates, zone, first, codes):
    rows = [movement(date=date, zone=zone, own=f"T{n}") for n, date in enumerate(dates)]
    found = reading(activity(*rows), "a.csv")
    assert found.codes == codes
    at = found.rows("settlements")[0]["cleared_at"]
    assert (at.year, at.month, at.day) == (2026, *first)
    assert len(found.rows("settlements")) == len(dates)


def test_a_language_that_writes_days_first_needs_no_warning(reading):
    text = (DATA / "paypal_spanish.csv").read_text(encoding="utf-8")
    found = Reading(DATA / "paypal_spanish.csv")
    assert found.problems == []
    assert found.rows("sales")[0]["captured_at"].date() == dt.date(2026, 6, 5)
    american = reading(text.replace("Europe/Madrid", "America/New_York"), "es.csv")
    assert american.codes == []


DECIMALS = {
    "points": ('"1,234.50","-34.50","1,200.00"', 123450),
    "commas": ('"1.234,50","-34,50","1.200,00"', 123450),
    "none": ("1234,-34,1200", 123400),
    "one digit": ("1234.5,-34.5,1200", 123450),
    "blanks and a sign": ('"1 234,50 $","-34,50 $","1 200,00 $"', 123450),
}


@pytest.mark.parametrize(("money", "gross"), DECIMALS.values(), ids=DECIMALS)
def test_decimals(reading, money, gross):
    found = reading(activity(movement(money=money)), "a.csv")
    assert found.codes == []
    (line,) = found.rows("settlements")
    assert (line["gross_minor"], line["net_minor"]) == (gross, 120000)


@pytest.mark.parametrize("language", range(len(COLUMNS["id"])))
def test_every_language_is_recognised(reading, tmp_path, language):
    order = ("date", "time", "zone", "type", "status", "currency", "gross", "fee", "net", "id")
    header = ";".join(COLUMNS[name][language][-1] for name in order)
    row = "31.12.2026;10:00;Europe/Berlin;x;;EUR;10,00;-0,59;9,41;T1"
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert recognise(path).name == "paypal_activity"
    found = Reading(path, Options(timezone="UTC"))
    assert found.problems == []
    assert [r["net_minor"] for r in found.rows("settlements")] == [941]
    assert language in languages_of([c.replace(" ", "").lower() for c in header.split(";")])


LEFT_IN_ENGLISH = {
    "Dutch, fee and net": "Datum,Tijd,Tijdzone,Status,Valuta,Bruto,Fee,Net,Transactiereferentie",
    "a personal one": "Date,Time,TimeZone,Status,Currency,Amount,Fees,Total,Transaction ID,Type",
}


@pytest.mark.parametrize("header", LEFT_IN_ENGLISH.values(), ids=LEFT_IN_ENGLISH)
def test_headers_of_other_words(reading, tmp_path, header):
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n31-12-2026,10:00:00,CET,,EUR,10.00,-0.59,9.41,T1,\n")
    assert recognise(path).name == "paypal_activity"
    (line,) = Reading(path).rows("settlements")
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1000, 59, 941)


EVENTS = {"T0006": "sale", "T1107": "refund", "T2101": "reserve_hold", "T0201": "adjustment",
          "T0106": "fee", "T1300": None, "T0400": "payout", "": "sale"}  # fmt: skip


@pytest.mark.parametrize("code", EVENTS)
def test_an_event_code_says_more_than_a_name(reading, code):
    sign = "" if code in {"T0006", ""} else "-"
    row = movement("Ein Name", money=f"{sign}5.00,0,{sign}5.00") + f",{code}"
    found = reading(activity(row, header=HEADER + ",Transaction Event Code"), "a.csv")
    assert found.problems == []
    kinds = [r["kind"] for r in found.rows("settlements")] + ["payout"] * len(found.rows("payouts"))
    assert kinds == ([EVENTS[code]] if EVENTS[code] else [])
