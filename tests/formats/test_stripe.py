"""Stripe's tables: refused rows, marks and signs, payouts that come back, overlaps."""

import datetime as dt
import random

import pytest

from daozhang.facts import Problem
from daozhang.formats import Facts, Options
from daozhang.formats._rows import RowError
from daozhang.formats._stripe_words import StripeAmounts, kind_of, minor_of
from daozhang.formats.base import Source
from daozhang.formats.stripe_payments import StripePaymentsReader

HEADER = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,"
    "reporting_category,source_id,automatic_payout_id\n"
)
GOOD = "txn_1,2026-05-04 10:00:00,2026-05-06 00:00:00,eur,10.00,0.50,9.50,charge,ch_1,po_1\n"
UTC = dt.UTC


def row(**changes):
    """Return the good row with some cells changed."""
    cells = dict(zip(HEADER.strip().split(","), GOOD.strip().split(","), strict=True))
    return ",".join({**cells, **changes}.values()) + "\n"


REFUSED = {
    "no id": ({"balance_transaction_id": ""}, "value_missing"),
    "no gross": ({"gross": ""}, "amount_missing"),
    "no net": ({"net": ""}, "amount_missing"),
    "words for an amount": ({"gross": "ten"}, "amount_unreadable"),
    "finer than a cent": ({"gross": "10.005", "net": "9.505"}, "amount_unreadable"),
    "a fraction of a yen": ({"currency": "jpy"}, "amount_unreadable"),
    "no such currency": ({"currency": "tes"}, "currency_unknown"),
    "no currency": ({"currency": ""}, "currency_missing"),
    "no time": ({"created_utc": ""}, "date_unreadable"),
    "no such day": ({"created_utc": "2026-02-30 10:00:00"}, "date_unreadable"),
    "no such day to pay": ({"available_on_utc": "soon"}, "date_unreadable"),
}


@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED)
def test_a_damaged_line_is_a_located_error_and_the_rest_goes_on(reading, changes, code):
    found = reading(HEADER + row(**changes) + GOOD, "s.csv")
    assert [(p.line, p.code) for p in found.errors] == [(2, code)]
    assert [r["line_id"] for r in found.rows("settlements")] == ["txn_1"]
    assert found.lines("settlements") == [3]


def test_a_row_that_is_cut_off_is_refused(reading):
    assert reading(HEADER + "txn_1,2026-05-04 10:00:00,,eur,10.00\n" + GOOD, "s.csv").codes == [
        "row_short"
    ]


def test_a_table_without_times_is_refused_whole(reading):
    found = reading("balance_transaction_id,currency,gross,fee,net\ntxn_1,eur,1,0,1\n", "s.csv")
    assert found.codes == ["column_missing"]
    assert not found.rows("settlements")


def test_the_net_of_the_file_stands(reading):
    found = reading(HEADER + row(net="9.40"), "s.csv")
    (line,) = found.rows("settlements")
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1000, 60, 940)
    assert found.codes == ["net_differs"]


AMOUNTS = {
    "a point": ("2718.86", "usd", 271886),
    "a comma": ("2718,86", "eur", 271886),
    "a comma and one digit": ("9,3", "chf", 930),
    "minus and comma": ("-64,25", "eur", -6425),
    "both, continental": ("1.250,00", "eur", 125000),
    "both, English": ("1,250.00", "usd", 125000),
    "grouped": ("1,250", "usd", 125000),
    "twice grouped": ("1,250,000", "usd", 125000000),
    "grouped yen": ("1,250", "jpy", 1250),
    "yen with a point": ("-500.00", "jpy", -500),
    "yen with a comma": ("500,00", "jpy", 500),
    "three decimals": ("1,250", "kwd", 1250),
    "nothing": ("", "eur", 0),
}


@pytest.mark.parametrize(("text", "currency", "minor"), AMOUNTS.values(), ids=AMOUNTS)
def test_amounts(text, currency, minor):
    assert StripeAmounts(currency)(text) == minor


API_AMOUNTS = {
    "cents": (1050, "EUR", 1050),
    "yen": (1050, "JPY", 1050),
    "mills": (1050, "KWD", 1050),
    "króna in hundredths": (1000, "ISK", 10),
    "shilling taken back": (-1000, "UGX", -10),
    "ariary in whole": (10, "MGA", 1000),
}


@pytest.mark.parametrize(("units", "currency", "minor"), API_AMOUNTS.values(), ids=API_AMOUNTS)
def test_amounts_of_the_api(units, currency, minor):
    assert minor_of(units, currency) == minor


def test_a_fraction_of_a_krona_is_refused():
    with pytest.raises(RowError, match="multiple of 100"):
        minor_of(1001, "ISK")


KINDS = {
    "unknown": ("moon_phase", -1, "", None),
    "charge": ("charge", 1, "ch_1", "sale"),
    "a wallet's payment": ("payment", 1, "py_1", "sale"),
    "bounced": ("charge_failure", -1, "py_1", "refund"),
    "refund": ("refund", -1, "re_1", "refund"),
    "a refund that came back is no second refund": ("refund_failure", 1, "re_1", "adjustment"),
    "dispute": ("dispute", -1, "dp_1", "chargeback"),
    "dispute won": ("dispute_reversal", 1, "dp_1", "chargeback_reversal"),
    "dispute of older files": ("adjustment", -1, "dp_1", "chargeback"),
    "the same, won": ("adjustment", 1, "du_1", "chargeback_reversal"),
    "adjustment": ("other_adjustment", 1, "", "adjustment"),
    "held": ("risk_reserved_funds", -1, "", "reserve_hold"),
    "let go": ("reserved_funds", 1, "", "reserve_release"),
    "fee": ("stripe_fee", -1, "", "fee"),
    "tax": ("tax", -1, "", "tax"),
    "topup": ("topup", 1, "", "adjustment"),
}


@pytest.mark.parametrize(("category", "net", "source", "kind"), KINDS.values(), ids=KINDS)
def test_kinds(category, net, source, kind):
    assert kind_of(category, net, source) == kind


def test_an_unknown_category_moves_money_and_is_told_once(reading):
    rows = [row(balance_transaction_id=f"txn_{n}", reporting_category="moon") for n in range(3)]
    found = reading(HEADER + "".join(rows), "s.csv")
    assert found.codes == ["kind_unknown"]
    assert {r["kind"] for r in found.rows("settlements")} == {"adjustment"}


def test_columns_without_utc_are_in_the_zone_of_the_user(reading):
    text = HEADER.replace("_utc", "") + GOOD
    (line,) = reading(text, "s.csv", Options(timezone="Europe/Zurich")).rows("settlements")
    assert line["cleared_at"] == dt.datetime(2026, 5, 5, 22, tzinfo=UTC)
    (line,) = reading(HEADER + GOOD, "s.csv", Options(timezone="Europe/Zurich")).rows("settlements")
    assert line["cleared_at"] == dt.datetime(2026, 5, 6, tzinfo=UTC)


LAYOUTS = {
    "as few columns as a program asks for": (
        ("automatic_payout_id,automatic_payout_effective_at_utc,gross,fee,net,"
         "balance_transaction_id,payment_intent_id,connected_account\n"
         "po_1,2026-05-06 00:00:00,10.00,0.50,9.50,txn_1,pi_1,acct_1\n"),
        "txn_1", "pi_1", "acct_1", ["kind_unknown"],
    ),
    "a platform's own names": (
        ("Client name,Transaction ID,Transaction Type,Source,Amount,Fee,Net,Currency,"
         "Created (UTC),Available On (UTC)\n"
         "A B,txn_1,charge,ch_1,10.00,0.50,9.50,eur,2026-05-04 10:00,2026-05-06 00:00\n"),
        "txn_1", "ch_1", "stripe", [],
    ),
    "capital letters, quotes": (
        ('"ID","Type","Source","Amount","Fee","Net","Currency","Created (UTC)"\n'
         '"txn_1","charge","ch_1","10.00","0.50","9.50","EUR","2026-05-04 10:00"\n'),
        "txn_1", "ch_1", "stripe", [],
    ),
    "American dates": (
        ("id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC)\n"
         "txn_1,charge,ch_1,10.00,0.50,9.50,eur,5/4/2026 10:00,5/6/2026 0:00\n"),
        "txn_1", "ch_1", "stripe", [],
    ),
    "a merchant's own order number": (
        ("balance_transaction_id,created_utc,currency,gross,fee,net,payment_intent_id,"
         "payment_metadata[order_id]\n"
         "txn_1,2026-05-04T10:00:00Z,eur,10.00,0.50,9.50,pi_1,SO-1\n"),
        "txn_1", "SO-1", "stripe", ["kind_unknown"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line_id", "ref", "merchant", "codes"), LAYOUTS.values(), ids=LAYOUTS
)
def test_layouts(reading, text, line_id, ref, merchant, codes):
    found = reading(text, "s.csv", Options(currency="EUR"))
    (line,), (sale,) = found.rows("settlements"), found.rows("sales")
    assert found.codes == codes
    assert (line["line_id"], line["ref"], line["merchant_id"]) == (line_id, ref, merchant)
    assert (line["gross_minor"], line["fee_minor"], line["net_minor"]) == (1000, 50, 950)
    assert sale["rrn"] == ref
    assert sale["amount_minor"] == 1000


def test_a_refund_never_has_the_id_of_its_sale(reading):
    """In older files the line of a refund names the charge."""
    text = HEADER + GOOD + row(balance_transaction_id="txn_2", reporting_category="refund",
                               gross="-10.00", fee="0.00", net="-10.00")  # fmt: skip
    sales = reading(text, "s.csv").rows("sales")
    assert [(s["sale_id"], s["original_sale_id"]) for s in sales] == [
        ("stripe:ch_1", None), ("stripe:txn_2", "stripe:ch_1"),
    ]  # fmt: skip


PAYOUT = row(balance_transaction_id="txn_9", reporting_category="payout", source_id="po_1",
             created_utc="2026-05-06 02:00:00", gross="-9.50", fee="0.00", net="-9.50")  # fmt: skip


def test_the_lines_of_a_payout_come_to_it(reading):
    assert reading(HEADER + GOOD + PAYOUT, "s.csv").problems == []
    found = reading(HEADER + PAYOUT + row(gross="11.00", net="10.50"), "s.csv")
    assert [(p.line, p.code, p.severity) for p in found.problems] == [
        (2, "total_mismatch", "warning")
    ]
    assert "€10.50" in found.problems[0].message
    assert "€9.50" in found.problems[0].message


SENT = {
    "sent": ({}, 950, None),
    "taken from the bank account": ({"gross": "9.50", "net": "9.50"}, -950, None),
    "an instant one costs a fee": ({"fee": "0.10", "net": "-9.60"}, 950, 10),
}


@pytest.mark.parametrize(("changes", "net", "fee"), SENT.values(), ids=SENT)
def test_what_a_payout_sends(reading, changes, net, fee):
    cells = dict(zip(HEADER.strip().split(","), PAYOUT.strip().split(","), strict=True))
    found = reading(HEADER + ",".join({**cells, **changes}.values()), "s.csv")
    (payout,) = found.rows("payouts")
    assert (payout["payout_id"], payout["net_minor"], payout["status"]) == ("po_1", net, "sent")
    assert [r["fee_minor"] for r in found.rows("settlements")] == ([fee] if fee else [])


FAILED = [
    GOOD,
    PAYOUT,
    row(balance_transaction_id="txn_10", reporting_category="payout_reversal", source_id="po_1",
        created_utc="2026-05-07 09:00:00", gross="9.50", fee="0.00", net="9.50",
        automatic_payout_id="po_2"),
    row(balance_transaction_id="txn_11", source_id="ch_2", automatic_payout_id="po_2"),
    row(balance_transaction_id="txn_12", reporting_category="payout", source_id="po_2",
        created_utc="2026-05-08 02:00:00", gross="-19.00", fee="0.00", net="-19.00",
        automatic_payout_id="po_2"),
]  # fmt: skip


def newest(rows):
    """Return of each key the row that was known last, as the facts do."""
    found = {}
    for r in rows:
        known = r.get("known_at") or r["paid_out_at"]
        if r["payout_id"] not in found or known >= found[r["payout_id"]][0]:
            found[r["payout_id"]] = (known, r)
    return {key: r for key, (_, r) in found.items()}


@pytest.mark.parametrize("lines", [FAILED, FAILED[::-1]], ids=["oldest first", "newest first"])
def test_a_payout_that_failed_is_followed_to_the_one_that_carries_its_money(reading, lines):
    found = reading(HEADER + "".join(lines), "s.csv")
    payouts = newest(found.rows("payouts"))
    assert found.problems == []
    assert payouts["po_1"]["status"] == "returned"
    assert payouts["po_2"]["status"] == "sent"
    assert payouts["po_2"]["net_minor"] == 1900
    assert payouts["po_2"]["replaces_payout_id"] == "po_1"
    # The money that came back is none of its own: the lines of both payouts come to the later.
    assert sum(r["net_minor"] for r in found.rows("settlements")) == 1900


def test_what_else_a_payout_carries_on_is_a_line(reading):
    more = FAILED[2].replace("txn_10", "txn_13").replace(",po_1,", ",po_0,")
    found = reading(HEADER + "".join([*FAILED[:3], more, *FAILED[3:]]), "s.csv")
    (carried,) = [r for r in found.rows("settlements") if r["kind"] == "carry_forward"]
    assert (carried["payout_id"], carried["net_minor"], carried["ref"]) == ("po_2", 950, "po_0")


def test_a_payout_that_came_back_from_nowhere_is_money_all_the_same(reading):
    found = reading(HEADER + row(reporting_category="payout_reversal", source_id=""), "s.csv")
    assert [r["kind"] for r in found.rows("settlements")] == ["adjustment"]
    assert found.rows("payouts") == []


def test_of_two_exports_the_one_that_names_the_payout_is_the_later_word(reading):
    (monday,) = reading(HEADER + row(automatic_payout_id=""), "s.csv").rows("settlements")
    (tuesday,) = reading(HEADER + GOOD, "s.csv").rows("settlements")
    assert monday["line_id"] == tuesday["line_id"]
    assert monday["payout_id"] is None
    assert monday["known_at"] < tuesday["known_at"] < tuesday["cleared_at"]


STATES = {
    "pending": "sent", "in_transit": "sent", "In Transit": "sent", "paid": "sent",
    "failed": "returned", "canceled": "returned",
}  # fmt: skip


@pytest.mark.parametrize(("state", "standing"), STATES.items(), ids=STATES)
def test_states_of_a_payout(reading, state, standing):
    """A payout that is pending has left the balance; its state of another day is the same fact."""
    header = "id,Amount,Created (UTC),Arrival Date (UTC),Status,Currency,Failure Message\n"
    line = f"po_1,9.50,2026-05-06 02:00,2026-05-08 00:00,{state},eur,"
    (payout,) = reading(header + line, "p.csv").rows("payouts")
    assert payout["status"] == standing
    if standing == "sent":
        assert payout["known_at"] is None
        assert payout["reason"] is None
    else:
        assert payout["known_at"] > dt.datetime(2026, 5, 8, tzinfo=UTC)
        assert payout["reason"] == state


ITEMISED = "payout_id,effective_at_utc,currency,gross,fee,net,reporting_category,payout_status,"
ITEMISED_ROWS = {
    "sent": ("po_1,2026-05-06 00:00:00,eur,-9.50,0.00,-9.50,payout,paid,", 950, "sent"),
    "taken": ("po_1,2026-05-06 00:00:00,eur,9.50,0.00,9.50,payout,paid,", -950, "sent"),
    "instant": ("po_1,2026-05-06 00:00:00,eur,-9.50,0.10,-9.60,payout,paid,", 950, "sent"),
    "failed": ("po_1,2026-05-06 00:00:00,eur,-9.50,0.00,-9.50,payout,failed,2026-05-07 09:00:00",
               950, "returned"),
    "its reversal": (("po_1,2026-05-07 00:00:00,eur,9.50,0.00,9.50,payout_reversal,failed,"
                      "2026-05-07 09:00:00"), 950, "returned"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "net", "status"), ITEMISED_ROWS.values(), ids=ITEMISED_ROWS)
def test_itemised_payouts(reading, text, net, status):
    found = reading(f"{ITEMISED}payout_reversed_at_utc\n{text}\n", "p.csv")
    (payout,) = found.rows("payouts")
    assert found.problems == []
    assert (payout["net_minor"], payout["status"]) == (net, status)


def test_both_lines_of_a_payout_that_failed_leave_one_last_word(reading):
    text = "\n".join(ITEMISED_ROWS[name][0] for name in ("failed", "its reversal"))
    found = reading(f"{ITEMISED}payout_reversed_at_utc\n{text}\n", "p.csv")
    known = [r["known_at"] for r in found.rows("payouts")]
    assert known[0] < known[1]


def test_card_numbers_are_cut_in_reasons(reading):
    header = "id,Amount,Created (UTC),Arrival Date (UTC),Status,Currency,Failure Message\n"
    line = "po_1,9.50,2026-05-06 02:00,2026-05-08 00:00,failed,eur,card 4111111111111111 closed"
    (payout,) = reading(header + line, "p.csv").rows("payouts")
    assert payout["reason"] == "card 411111******1111 closed"


# The payments export.


PAYMENTS = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,PaymentIntent ID,"
    "Payment Source Type,Card Brand,Terminal Location ID,Terminal Reader ID,Decline Reason\n"
)


def payments(tmp_path, *rows):
    path = tmp_path / "payments.csv"
    path.write_text(PAYMENTS + "\n".join(rows) + "\n")
    reader = StripePaymentsReader()
    source = Source(path, path.name, path.read_bytes())
    assert reader.fit(source)
    items = list(reader.read(source, Options()))
    tables = {i.table: i.rows for i in items if isinstance(i, Facts)}
    return tables, [(i.line, i.code) for i in items if isinstance(i, Problem)]


PAYMENT_ROWS = {
    "no such state": ("ch_1,2026-05-06 09:45:01,250,0,chf,TRUE,Volo,,,,,,", {}, "value_unknown"),
    "no id": (",2026-05-06 09:45:01,250,0,chf,TRUE,Paid,,,,,,", {}, "value_missing"),
    "no amount": ("ch_1,2026-05-06 09:45:01,,0,chf,TRUE,Paid,,,,,,", {}, "amount_missing"),
    "paid": ("ch_1,5/6/26 9:45,250,0,chf,TRUE,Paid,pi_1,card_present,Visa,,tmr_1,",
             {"sales": 1}, None),
    "refunded": ("ch_1,2026-05-06 09:45:01,250,250,chf,TRUE,Refunded,,,,,,",
                 {"sales": 1}, "refund_not_itemised"),
    "failed": ("ch_1,2026-05-06 09:45:01,250,0,chf,FALSE,Failed,,card,,,,insufficient_funds",
               {"attempts": 1}, None),
    "not captured": ("ch_1,2026-05-06 09:45:01,250,0,chf,FALSE,Paid,,card,,,,", {}, None),
    "waiting": ("ch_1,2026-05-06 09:45:01,250,0,chf,,requires_action,,card,,,,", {}, None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "counts", "code"), PAYMENT_ROWS.values(), ids=PAYMENT_ROWS)
def test_payments(tmp_path, text, counts, code):
    tables, problems = payments(tmp_path, text)
    assert {table: len(rows) for table, rows in tables.items()} == counts
    assert problems == ([(2, code)] if code else [])


def test_a_payment_is_a_later_word_than_the_balance(tmp_path, reading):
    tables, _ = payments(tmp_path, PAYMENT_ROWS["paid"][0])
    (sale,) = tables["sales"]
    assert sale["sale_id"] == "stripe:ch_1"
    assert (sale["terminal_id"], sale["channel"], sale["rrn"]) == ("tmr_1", "card", "pi_1")
    assert sale["amount_minor"] == 25000
    (balance,) = reading(
        HEADER + row(created_utc="2026-05-06 09:45:00", source_id="ch_1"), "s.csv"
    ).rows("sales")
    assert balance["sale_id"] == sale["sale_id"]
    assert balance["captured_at"] < sale["known_at"]


def test_damaged_payments_are_survived(tmp_path):
    rng = random.Random("payments")
    data = (PAYMENTS + "\n".join(text for text, _, _ in PAYMENT_ROWS.values())).encode()
    path = tmp_path / "payments.csv"
    for _ in range(200):
        place = rng.randrange(len(data))
        path.write_bytes(data[:place] + rng.randbytes(rng.randrange(4)) + data[place + 3 :])
        list(StripePaymentsReader().read(Source(path, path.name, path.read_bytes()), Options()))


def test_the_oldest_payments_export_and_its_test_mode(reading):
    """Lower-case names, local times without seconds, and a column that says which mode it was."""
    found = reading(
        "id,description,seller_message,created,amount,amount_refunded,currency,fee,mode,status,"
        "captured,card_brand\n"
        "ch_1,a,Payment complete.,2021-02-03 13:12,25.00,0.00,cad,1.03,Live,Paid,true,Visa\n"
        "ch_2,b,Payment complete.,2021-02-03 06:53,27.50,0.00,cad,1.10,Test,Paid,true,Visa\n",
        "payments.csv", Options(timezone="America/Toronto"),
    )  # fmt: skip
    (sale,) = found.rows("sales")
    assert (sale["sale_id"], sale["amount_minor"], sale["currency"]) == ("stripe:ch_1", 2500, "CAD")
    assert sale["captured_at"].isoformat() == "2021-02-03T13:12:00-05:00"
    assert [(p.line, p.code, p.severity) for p in found.problems] == [
        (3, "test_payments", "warning")
    ]
