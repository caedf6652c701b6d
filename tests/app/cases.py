"""A table of rules, each with the smallest estate that shows it (the contract's sections 1 to 3).

Under the plain terms of ``small.py`` a sale on Tuesday 12 May 2026 is due on Wednesday at noon in
China, less 60 basis points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.app.small import moment, term

SALE = "sale_id,amount_minor,captured_at\ns1,10000,05-12T10:00"
TWO = "sale_id,amount_minor,captured_at\ns1,10000,05-12T10:00\ns2,5000,05-12T11:00"
LINE = (
    "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
    "l1,s1,10000,60,9940,05-13T02:00,PAY-0001"
)
LINES = LINE + "\nl2,s2,5000,30,4970,05-13T02:00,PAY-0002"
PAYOUT = "payout_id,net_minor,paid_out_at\nPAY-0001,9940,05-13T04:00"
PAYOUTS = PAYOUT + "\nPAY-0002,4970,05-13T04:00"
PAID = {"sales": SALE, "settlements": LINE, "payouts": PAYOUT}
PAID_TWO = {"sales": TWO, "settlements": LINES, "payouts": PAYOUTS}
RETURNED = {
    "sales": SALE,
    "settlements": LINE,
    "payouts": "payout_id,net_minor,paid_out_at,status,reason,replaces_payout_id,known_at\n"
    "PAY-0001,9940,05-13T04:00,sent,,,05-13T04:00\n"
    "PAY-0001,9940,05-13T04:00,returned,ACCOUNT_FROZEN,,05-13T11:00\n"
    "PAY-0002,9940,05-15T04:00,sent,,PAY-0001,05-15T04:00",
    "credits": "credit_id,amount_minor,booked_at,ref\nother,5,05-14T08:00,rent\n"
    "c1,9940,05-15T10:00,PAY-0002",
}
HELD = {
    "sales": SALE,
    "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,"
    "status,reason\n"
    "l1,s1,10000,60,9940,05-13T02:00,,held,risk\n"
    "l2,s1,10000,60,9940,05-15T02:00,PAY-0001,settled,",
    "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,9940,05-15T04:00",
    "credits": "credit_id,amount_minor,booked_at,ref\nother,5,05-14T08:00,rent\n"
    "c1,9940,05-15T10:00,PAY-0001",
}
CREDIT = "credit_id,amount_minor,booked_at,ref\n"
IN_TIME = CREDIT + "c1,9940,05-13T10:00,PAY-0001"


def credit(booked_at: str, more: str = "") -> str:
    return f"{CREDIT}c1,9940,{booked_at},PAY-0001{more}"


@dataclass(frozen=True)
class Case:
    """One rule: an estate, the moment, and columns of journeys that must hold."""

    name: str
    files: dict[str, str]
    expect: dict[str, dict[str, Any]]
    as_of: str | None = None
    terms: str = field(default_factory=term)


def on_time(**more: Any) -> dict[str, Any]:
    return {"status": "on_time", "leg": None, "late_s": None, "outstanding_minor": 0, **more}


ARRIVED = on_time(
    credited_minor=9940, fee_minor=60, fee_expected_minor=60, net_minor=9940, credit_id="c1",
    payout_id="PAY-0001", account_id="a", promised_at=moment("05-13T12:00"),
)  # fmt: skip

PROMISE_CASES = [
    Case(
        "money booked exactly at the promise is on time",
        {**PAID, "credits": credit("05-13T12:00:00")},
        {"s1": ARRIVED},
    ),
    Case(
        "one second after the promise is late by one second",
        {**PAID, "credits": credit("05-13T12:00:01")},
        {"s1": {"status": "late", "leg": "credit", "late_s": 1, "outstanding_minor": 0}},
    ),
    Case(
        "a credit with day precision on the due date is on time, whatever the hour",
        {**PAID, "credits": credit("05-13")},
        {"s1": on_time(credit_id="c1")},
    ),
    Case(
        "a credit with day precision counts whole days late",
        {**PAID, "credits": credit("05-15")},
        {"s1": {"status": "late", "late_s": 2 * 86_400}},
    ),
    Case(
        "at the cut-off begins the next business date; the second before it is still today",
        {"sales": "sale_id,amount_minor,captured_at\ns1,100,05-12T22:59:59\ns2,100,05-12T23:00:00"},
        {
            "s1": {"promised_at": moment("05-13T12:00"), "status": "in_transit"},
            "s2": {"promised_at": moment("05-14T12:00")},
        },
    ),
    Case(
        "the provider's clock decides where it is given",
        {"sales": "sale_id,amount_minor,captured_at,host_at\ns1,100,05-12T22:59:00,05-12T23:00:30"},
        {"s1": {"promised_at": moment("05-14T12:00")}},
        as_of="05-12T23:01",
    ),
    Case(
        "cutoff_by submitted reads the batch's time",
        {"sales": "sale_id,amount_minor,captured_at,submitted_at\ns1,100,05-12T10:00,05-12T23:30"},
        {"s1": {"promised_at": moment("05-14T12:00")}},
        as_of="05-12T23:31",
        terms=term(cutoff_by='"submitted"'),
    ),
    Case(
        "what is not submitted yet is promised by when it was made",
        {
            "sales": "sale_id,amount_minor,captured_at,submitted_at\n"
            "s1,100,05-12T10:00,05-12T23:30\ns2,100,05-12T10:00,"
        },
        {
            "s1": {"promised_at": moment("05-13T12:00"), "submitted_at": None},
            "s2": {"promised_at": moment("05-13T12:00")},
        },
        as_of="05-12T11:00",
        terms=term(cutoff_by='"submitted"'),
    ),
    Case(
        "holidays defer and a make-up Saturday is a business day (R14)",
        {
            "sales": "sale_id,amount_minor,captured_at\n"
            "s1,100,04-30T10:00\ns2,100,05-08T10:00\ns3,100,02-13T10:00\ns4,100,02-14T10:00\n"
            "s5,100,09-18T10:00\ns6,100,09-24T10:00\ns7,100,09-30T10:00\ns8,100,10-09T10:00"
        },
        {
            "s1": {"promised_at": moment("05-06T12:00")},
            "s2": {"promised_at": moment("05-09T12:00")},
            "s3": {"promised_at": moment("02-14T12:00")},
            "s4": {"promised_at": moment("02-24T12:00")},
            "s5": {"promised_at": moment("09-20T12:00")},
            "s6": {"promised_at": moment("09-28T12:00")},
            "s7": {"promised_at": moment("10-08T12:00")},
            "s8": {"promised_at": moment("10-10T12:00")},
        },
    ),
    Case(
        "below the minimum the promise moves to the business date that reaches it, and says so",
        {
            "sales": "sale_id,amount_minor,captured_at\n"
            "s1,3000,05-12T10:00\ns2,9000,05-14T10:00\ns3,100,05-15T10:00"
        },
        {
            "s1": {"promised_at": moment("05-15T12:00"), "promise_rule": "~reached on 2026-05-14"},
            "s2": {"promised_at": moment("05-15T12:00")},
            "s3": {"status": "in_transit"},
        },
        terms=term(min_payout_minor="10000"),
    ),
    Case(
        "the sale that passes the daily limit, and all after it, fall back to the plain promise",
        {
            "sales": "sale_id,amount_minor,captured_at\n"
            "s1,8000,05-12T09:00\ns2,5000,05-12T10:00\ns3,100,05-12T11:00\ns4,100,05-13T09:00"
        },
        {
            "s1": {"promised_at": moment("05-12T15:00")},
            "s2": {"promised_at": moment("05-13T12:00")},
            "s3": {"promised_at": moment("05-13T12:00")},
            "s4": {"promised_at": moment("05-13T15:00")},
        },
        terms=term(
            windows='[{until = "11:00", credit_by = "15:00", lag_days = 0}]',
            daily_limit_minor="10000",
        ),
    ),
    Case(
        "validity of terms is of the business date, both ends inclusive",
        {
            "sales": "sale_id,amount_minor,captured_at\n"
            "s1,100,05-12T10:00\ns2,100,05-12T23:10\ns3,100,05-13T10:00"
        },
        {
            "s1": {"promised_at": moment("05-13T12:00"), "fee_expected_minor": 1},
            "s2": {"promised_at": moment("05-14T18:00"), "fee_expected_minor": 2},
            "s3": {"promised_at": moment("05-14T18:00"), "fee_expected_minor": 2},
        },
        terms=term(valid_to="2026-05-12")
        + term(valid_from="2026-05-13", credit_by='"18:00"', fee_bps="200"),
    ),
    Case(
        "the most specific terms win: account, then merchant, then channel, then later valid_from",
        {
            "sales": "sale_id,amount_minor,captured_at,merchant_id,channel\n"
            "s1,100,05-12T10:00,m,card\ns2,100,05-12T10:00,m2,card\n"
            "s3,100,05-12T10:00,m3,card\ns4,100,05-12T10:00,m3,wechat",
            "accounts": "account_id,merchant_id\na,m\nb,m2\nc,m3",
        },
        {
            "s1": {"promised_at": moment("05-13T18:00")},
            "s2": {"promised_at": moment("05-13T17:00")},
            "s3": {"promised_at": moment("05-13T15:00")},
            "s4": {"promised_at": moment("05-13T16:00")},
        },
        terms=term(credit_by='"14:00"')
        + term(credit_by='"15:00"', valid_from="2026-01-01")
        + term(credit_by='"16:00"', channel='"wechat"')
        + term(credit_by='"17:00"', merchant_id='"m2"')
        + term(credit_by='"17:30"', merchant_id='"m"')
        + term(credit_by='"18:00"', account_id='"a"'),
    ),
    Case(
        "a promise follows the bank's wall clock over the start of summer time",
        {
            "sales": "sale_id,amount_minor,captured_at,currency\n"
            "s1,100,2026-03-06T10:00:00-05:00,USD\n"
            "s2,100,2026-03-07T17:00:00-05:00,USD\ns3,100,2026-03-08T16:59:59-04:00,USD"
        },
        {
            "s1": {"promised_at": datetime(2026, 3, 9, 13, tzinfo=UTC)},
            "s2": {"promised_at": datetime(2026, 3, 9, 13, tzinfo=UTC)},
            "s3": {"promised_at": datetime(2026, 3, 9, 13, tzinfo=UTC)},
        },
        terms=term(
            timezone='"America/New_York"',
            cutoff='"17:00"',
            calendar='"US_FED"',
            credit_by='"09:00"',
        ),
    ),
    Case(
        "a due date that its bank's calendar closes rolls forward",
        {"sales": SALE.replace("05-12", "04-30")},
        {"s1": {"promised_at": moment("05-06T12:00")}},
        terms=term(basis='"calendar"', calendar=None, credit_calendar='"CN"'),
    ),
    Case(
        "a year whose calendar is not verified makes the promise provisional",
        {
            "sales": "sale_id,amount_minor,captured_at\n"
            "s1,100,2026-12-30T10:00:00+08:00\ns2,100,2026-12-31T10:00:00+08:00"
        },
        {"s1": {"provisional": False}, "s2": {"provisional": True}},
    ),
]

MONEY_CASES = [
    Case(
        "held, then settled: late, and the pay-out leg is where it waited",
        HELD,
        {
            "s1": {
                "status": "late",
                "leg": "pay_out",
                "cleared_at": moment("05-15T02:00"),
                "credited_minor": 9940,
                "late_s": 46 * 3600,
            }
        },
    ),
    Case(
        "while held it is overdue and says so",
        HELD,
        {
            "s1": {
                "status": "overdue",
                "leg": "pay_out",
                "reason": "held",
                "credited_minor": 0,
                "outstanding_minor": 10000,
            }
        },
        as_of="05-14T09:00",
    ),
    Case(
        "a rejected line carries no money; the next settled line with the same ref counts",
        {**HELD, "settlements": HELD["settlements"].replace(",held,risk", ",rejected,format")},
        {"s1": {"status": "late", "leg": "clear", "credited_minor": 9940}},
    ),
    Case(
        "a returned payout is followed to its re-send",
        RETURNED,
        {
            "s1": {
                "status": "late",
                "leg": "pay_out",
                "payout_id": "PAY-0002",
                "paid_out_at": moment("05-15T04:00"),
                "credit_id": "c1",
                "outstanding_minor": 0,
            }
        },
    ),
    Case(
        "returned and not sent again: overdue, returned",
        RETURNED,
        {
            "s1": {
                "status": "overdue",
                "leg": "pay_out",
                "reason": "returned",
                "outstanding_minor": 9940,
            }
        },
        as_of="05-14T09:00",
    ),
    Case(
        "as of a moment before the return was learned nothing is known of it",
        RETURNED,
        {"s1": {"status": "in_transit", "paid_out_at": moment("05-13T04:00")}},
        as_of="05-13T10:00",
    ),
    Case(
        "a payout that comes in two credits arrives with the last",
        {**PAID, "credits": CREDIT + "c1,5000,05-13T09:00,PAY-0001\nc2,4940,05-13T10:00,PAY-0001"},
        {
            "s1": on_time(
                matched_by="split",
                credit_id="c2",
                credited_at=moment("05-13T10:00"),
                credit_ids="c1;c2",
                credited_minor=9940,
            )
        },
    ),
    Case(
        "half of a split payout is overdue and short",
        {**PAID, "credits": CREDIT + "c1,5000,05-13T09:00,PAY-0001\nx,1,05-13T23:00,rent"},
        {
            "s1": {
                "status": "overdue",
                "reason": "short",
                "credited_minor": 5000,
                "outstanding_minor": 4940,
            }
        },
        as_of="05-14T09:00",
    ),
    Case(
        "one credit may bring several payouts",
        {**PAID_TWO, "credits": CREDIT + "c1,14910,05-13T10:00,PAY-0001;PAY-0002"},
        {
            "s1": on_time(matched_by="merged", credited_minor=9940),
            "s2": on_time(matched_by="merged", credited_minor=4970),
        },
    ),
    Case(
        "without any id, equal account and amount near the day is a match",
        {**PAID, "credits": CREDIT + "c1,9940,05-13T10:00,thanks"},
        {"s1": on_time(matched_by="net_amount_day")},
    ),
    Case(
        "a payout below zero is taken back by a negative credit",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\nr1,5000,05-14T10:00,refund,s1",
            "settlements": LINE.replace(",payout_id\n", ",payout_id,kind\n") + ",sale\n"
            "l2,r1,-5000,0,-5000,05-15T02:00,PAY-0002,refund",
            "payouts": PAYOUT + "\nPAY-0002,-5000,05-15T04:00",
            "credits": IN_TIME + "\nc2,-5000,05-15T10:00,PAY-0002",
        },
        {"s1": on_time(refunded_minor=5000, credited_minor=4940, credit_id="c1")},
    ),
    Case(
        "pending money has not arrived",
        {
            **PAID,
            "credits": "credit_id,amount_minor,booked_at,ref,status,known_at\n"
            "c1,9940,05-13T09:00,PAY-0001,pending,05-13T09:00\n"
            "c1,9940,05-13T11:00,PAY-0001,booked,05-13T11:00",
        },
        {"s1": {"status": "in_transit", "credited_at": None, "credited_minor": 0}},
        as_of="05-13T10:00",
    ),
    Case(
        "the booked entry replaces the pending one",
        {
            **PAID,
            "credits": "credit_id,amount_minor,booked_at,ref,status,known_at\n"
            "c1,9940,05-13T09:00,PAY-0001,pending,05-13T09:00\n"
            "c1,9940,05-13T11:00,PAY-0001,booked,05-13T11:00",
        },
        {"s1": {**ARRIVED, "credited_at": moment("05-13T11:00")}},
    ),
    Case(
        "a refund netted in the same payout: the payout is less, nothing is late",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\ns2,5000,05-12T11:00,sale,\n"
            "r1,2000,05-12T12:00,refund,s2",
            "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,kind\n"
            "l1,s1,10000,60,9940,05-13T02:00,PAY-0001,sale\n"
            "l2,s2,5000,30,4970,05-13T02:00,PAY-0001,sale\n"
            "l3,r1,-2000,0,-2000,05-13T02:00,PAY-0001,refund",
            "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,12910,05-13T04:00",
            "credits": CREDIT + "c1,12910,05-13T10:00,PAY-0001",
        },
        {
            "s1": on_time(credited_minor=9940),
            "s2": on_time(credited_minor=2970, refunded_minor=2000, fee_minor=30),
        },
    ),
    Case(
        "a sale wholly refunded before its payout is cancelled",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\nr1,10000,05-12T12:00,refund,s1"
        },
        {"s1": {"status": "cancelled", "refunded_minor": 10000, "outstanding_minor": 0}},
    ),
    Case(
        "a chargeback takes money back without making the sale late",
        {
            "sales": TWO.replace("s2,5000,05-12T11:00", "s2,50000,05-14T11:00"),
            "settlements": LINE.replace(",payout_id\n", ",payout_id,kind\n") + ",sale\n"
            "l2,s2,50000,300,49700,05-15T02:00,PAY-0002,sale\n"
            "l3,s1,-10000,0,-10000,05-15T02:00,PAY-0002,chargeback",
            "payouts": PAYOUT + "\nPAY-0002,39700,05-15T04:00",
            "credits": IN_TIME + "\nc2,39700,05-15T10:00,PAY-0002",
        },
        {
            "s1": on_time(charged_back_minor=10000, credited_minor=-60, credit_id="c1"),
            "s2": on_time(credited_minor=49700),
        },
    ),
    Case(
        "a void cancels its sale",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\nv1,10000,05-12T10:05,void,s1"
        },
        {"s1": {"status": "cancelled", "outstanding_minor": 0}},
    ),
    Case(
        "a reversed refund never happened",
        {
            **PAID,
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\nr1,4000,05-12T10:05,refund,s1\n"
            "v1,4000,05-12T10:06,reversal,r1",
            "credits": IN_TIME,
        },
        {"s1": {**ARRIVED, "refunded_minor": 0}},
    ),
    Case(
        "a preauth is no sale; its completion is",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "p1,20000,05-11T10:00,preauth,\ns1,8000,05-12T10:00,completion,p1"
        },
        {"s1": {"status": "in_transit", "amount_minor": 8000, "outstanding_minor": 8000}},
    ),
    Case(
        "a tip belongs to its sale's amount",
        {
            "sales": "sale_id,amount_minor,captured_at,kind,original_sale_id\n"
            "s1,10000,05-12T10:00,sale,\nt1,1000,05-12T10:30,adjustment,s1"
        },
        {"s1": {"amount_minor": 11000, "fee_expected_minor": 66, "outstanding_minor": 11000}},
    ),
    Case(
        "reserve and tax are terms of their own and nothing is outstanding for them",
        {
            "sales": SALE,
            "settlements": "line_id,ref,gross_minor,fee_minor,tax_minor,reserve_minor,net_minor,"
            "cleared_at,payout_id\nl1,s1,10000,60,4,500,9436,05-13T02:00,PAY-0001",
            "payouts": PAYOUT.replace("9940", "9436"),
            "credits": CREDIT + "c1,9436,05-13T10:00,PAY-0001",
        },
        {"s1": on_time(credited_minor=9436, fee_minor=60, net_minor=9436)},
    ),
]
