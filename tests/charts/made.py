"""A run made by hand: small, in two currencies, with names that try to do harm."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import altair as alt

from daozhang.charts import FileLine, ReportView
from daozhang.journey.figures import DIMENSIONS, Breakdown, Figures, LegSpan, Speed

AS_OF = datetime(2026, 5, 8, 4, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"
CARD = "6225880137706868"
"""Passes the Luhn check and begins as a card of UnionPay does."""


def status(name: str, sales: int, amount: int, outstanding: int, credited: int, *, currency="CNY"):
    return {
        "status": name, "currency": currency, "sales": sales, "amount_minor": amount,
        "outstanding_minor": outstanding, "credited_minor": credited,
    }  # fmt: skip


def flow(
    name: str, station: str, sales: int, amount: int, credited: int, *, outstanding: int,
    kept: int = 0, returned: int = 0, currency: str = "CNY",
):  # fmt: skip
    return {
        "status": name, "station": station, "currency": currency, "sales": sales,
        "amount_minor": amount, "credited_minor": credited, "outstanding_minor": outstanding,
        "kept_minor": kept, "returned_minor": returned,
    }  # fmt: skip


def sale(sale_id: str, **changed: Any) -> dict[str, Any]:
    return {
        "sale_id": sale_id, "status": "overdue", "leg": "pay_out", "reason": "held",
        "amount_minor": 20_100, "outstanding_minor": 20_000, "credited_minor": 0,
        "currency": "CNY", "merchant_id": "m1", "store_id": HOSTILE, "terminal_id": "t1",
        "provider_id": HOSTILE, "channel": "card", "account_id": "a1", "bank_id": "icbc",
        "station": "cleared",
        "captured_at": AS_OF - timedelta(days=3), "submitted_at": None, "cleared_at": None,
        "paid_out_at": None, "credited_at": None, "promised_at": AS_OF - timedelta(hours=28),
        "promise_rule": "T+1", "late_s": None, "payout_id": "P1", "credit_ids": None,
        "incident_id": "INC-1", **changed,
    }  # fmt: skip


def credit(credit_id: str, **changed: Any) -> dict[str, Any]:
    return {
        "credit_id": credit_id, "account_id": "a1", "booked_at": AS_OF - timedelta(days=1),
        "amount_minor": 5_000, "explained_minor": 0, "currency": "CNY", "counterparty": HOSTILE,
        "ref": f"card {CARD} refund", "payout_ids": None, "standing": "unexplained",
        "rivals": 0, "ambiguous": None, **changed,
    }  # fmt: skip


DUE = date(2026, 5, 7)
BY_STATUS = (
            status("cancelled", 1, 900, 0, 0),
            status("in_transit", 2, 3_000, 2_990, 0),
            status("late", 3, 30_000, 0, 29_850),
            status("on_time", 40, 400_000, -1_000, 397_500),
            status("overdue", 4, 60_000, 49_900, 100),
            status("unknown", 5, 70_000, 69_650, 0),
            status("on_time", 2, 10_000, 0, 9_900, currency="USD"),
        )  # fmt: skip

BY_DAY = (
            *(
                {
                    "due_date": DUE, "status": name, "currency": "CNY", "sales": sales,
                    "amount_minor": amount, "provisional_minor": 0,
                }
                for name, sales, amount in (
                    ("late", 3, 30_000), ("on_time", 40, 400_000), ("overdue", 4, 60_000),
                    ("unknown", 5, 70_000),
                )
            ),
            {
                "due_date": date(2026, 5, 9), "status": "in_transit", "currency": "CNY",
                "sales": 2, "amount_minor": 3_000, "provisional_minor": 3_000,
            },
            {
                "due_date": DUE, "status": "on_time", "currency": "USD", "sales": 2,
                "amount_minor": 10_000, "provisional_minor": 0,
            },
        )  # fmt: skip


def waits(station: str, outstanding: int, sales: int, **changed: Any) -> dict[str, Any]:
    return {
        "currency": "CNY", "station": station, "reason": "missing", "provider_id": "<b>通联</b>",
        "bank_id": "icbc", "account_id": "a1", "payout_id": None, "sales": sales,
        "amount_minor": outstanding + 100, "outstanding_minor": outstanding,
        "since": AS_OF - timedelta(days=4), "until": AS_OF - timedelta(hours=2), "example": HOSTILE,
        "due_again": None, **changed,
    }  # fmt: skip


OPEN = (
    waits("cleared", 30_000, 2, payout_id=HOSTILE),
    waits("cleared", 10_000, 1),
    waits(
        "paid_out", 9_900, 1, bank_id=None, example="S2", payout_id="P9",
        since=AS_OF - timedelta(days=1), until=AS_OF - timedelta(days=1),
    ),
)  # fmt: skip


def paced(status: str, lag: int, sales: int, **changed: Any) -> dict[str, Any]:
    return {
        "currency": "CNY", "provider_id": HOSTILE, "bank_id": "icbc", "status": status,
        "lag_min": lag, "sales": sales, "amount_minor": sales * 10_000, **changed,
    }  # fmt: skip


PACE = (
    paced("overdue", 5_640, 3),
    paced("overdue", 1_680, 1),
    paced("late", 1_500, 3),
    paced("unknown", 900, 5),
    paced("on_time", 0, 10),
    paced("on_time", -240, 30),
    paced("on_time", -60, 2, currency="USD", provider_id="sqr", bank_id=None),
)
LEGS = (
    LegSpan(HOSTILE, "CNY", "clear", 43, 200, 300, 400, 500, 900),
    LegSpan(HOSTILE, "CNY", "credit", 43, 5, 10, 30, 60, 700),
)

INCIDENTS = (
            {
                "incident_id": "INC-1", "leg": "pay_out", "currency": "CNY", "sales": 4,
                "scope": '{"provider_id": "<b>通联</b>"}', "late_minor": 50_000,
                "outstanding_minor": 40_000, "since": AS_OF - timedelta(days=4),
                "until": AS_OF - timedelta(hours=2), "open_sales": 3, "example": HOSTILE,
                "cause": "system_upgrade", "mechanism": "settlement_account_lost",
                "expected_at": AS_OF + timedelta(days=2), "confidence_permille": 930,
                "evidence": json.dumps(
                    [{"fact": "returned", "late_minor": 50_000, "reason": HOSTILE},
                     {"fact": "after_upgrade", "late_minor": 9_000,
                      "started_at": "2026-05-01T10:00:00Z"}]
                ),
                "rivals": json.dumps(
                    [{"cause": "bank_speed", "mechanism": "bank_slow", "share_permille": 60}]
                ),
            },
            {
                "incident_id": "INC-2", "leg": "credit", "currency": "CNY", "sales": 3,
                "scope": "{}", "late_minor": 29_900, "outstanding_minor": 9_900,
                "since": AS_OF - timedelta(days=1), "until": AS_OF - timedelta(days=1),
                "open_sales": 1, "example": "S2", "cause": "bank_speed",
                "mechanism": "bank_slow", "expected_at": AS_OF + timedelta(days=1),
                "confidence_permille": 999, "evidence": "[]", "rivals": "[]",
            },
            {
                "incident_id": "INC-3", "leg": "clear", "currency": "CNY", "sales": 1,
                "scope": '{"provider_id": "acq"}', "late_minor": 10_000, "outstanding_minor": 0,
                "since": AS_OF - timedelta(days=1), "until": AS_OF - timedelta(days=1),
                "open_sales": 0, "example": "S9", "cause": "unknown", "mechanism": None,
            },
        )  # fmt: skip

FINDINGS = (
    {
        "finding": "fee_differs", "provider_id": "acq", "subject": "card", "detail": "0.60%",
        "currency": "CNY", "rows": 4, "amount_minor": 120_000, "cost_minor": 264,
        "since": AS_OF - timedelta(days=9), "until": AS_OF - timedelta(days=1), "example": "S9",
    },
    {
        "finding": "payer_stranger", "provider_id": "acq", "subject": HOSTILE, "detail": "",
        "currency": "CNY", "rows": 2, "amount_minor": 50_000, "cost_minor": None,
        "since": AS_OF - timedelta(days=3), "until": AS_OF - timedelta(days=1),
        "example": HOSTILE,
    },
)  # fmt: skip

WAITING = {
    "CNY": {
        "late_minor_s": 30_000 * 90_000, "overdue_minor_s": 49_900 * 100_800, "longest_s": 100_800,
    },
}  # fmt: skip
"""¥300.00 came 1 d 1 h late and ¥499.00 is 1 d 4 h overdue: ¥894.67 for a day, half up."""


def unseen(account: str, **changed: Any) -> dict[str, Any]:
    return {
        "account_id": account, "bank_id": "icbc", "currency": "CNY", "sales": 5,
        "amount_minor": 70_000, "outstanding_minor": 69_650,
        "first_promised_at": AS_OF - timedelta(days=1), "last_promised_at": AS_OF,
        # The last local day that a statement covers ends where the next begins.
        "covered_until": datetime(2026, 5, 5, 16, 0, tzinfo=UTC), **changed,
    }  # fmt: skip


UNSEEN = (unseen(HOSTILE),)

FLOW = (
            flow("cancelled", "cancelled", 1, 900, 0, outstanding=0, returned=900),
            flow("in_transit", "captured", 2, 3_000, 0, outstanding=2_990, kept=10),
            flow("late", "credited", 3, 30_000, 29_850, outstanding=0, kept=150),
            flow(
                "on_time", "credited", 40, 400_000, 397_500, outstanding=-1_000, kept=2_500,
                returned=1_000,
            ),
            flow("overdue", "cleared", 3, 50_000, 0, outstanding=40_000, kept=300, returned=9_700),
            flow("overdue", "paid_out", 1, 10_000, 100, outstanding=9_900),
            flow("unknown", "paid_out", 5, 70_000, 0, outstanding=69_650, kept=350),
            flow("on_time", "credited", 2, 10_000, 9_900, outstanding=0, kept=100, currency="USD"),
        )  # fmt: skip


def figures(**changed: Any) -> Figures:
    """A run with every status in CNY and a quiet second currency."""
    values: dict[str, Any] = {
        "as_of": AS_OF,
        "by_status": BY_STATUS,
        "by_day": BY_DAY,
        "late_by": {
            "leg": (
                Breakdown("pay_out", "CNY", 1, 10_000, 3, 40_000),
                Breakdown("credit", "CNY", 2, 20_000, 1, 9_900),
            ),
            "provider_id": (Breakdown(HOSTILE, "CNY", 3, 30_000, 4, 49_900),),
            "bank_id": (Breakdown("工商银行", "CNY", 3, 30_000, 4, 49_900),),
            "store_id": tuple(
                Breakdown(f"s{n:02}", "CNY", 0, 0, 1, 49_900 - n) for n in range(14)
            ),
            "due_date": (Breakdown(DUE, "CNY", 3, 30_000, 4, 49_900),),
        },
        "speed": (
            Speed(HOSTILE, "CNY", 43, 900, 1_500, 1_700, 2_000, 4_000, 1_800, 3_000),
            Speed("sqr", "USD", 2, 1_700, 1_700, 1_700, 1_700, 1_700, 1_800, 1_800),
        ),
        "fees": (
            {
                "provider_id": HOSTILE, "channel": "wechat", "currency": "CNY", "sales": 43,
                "amount_minor": 430_000, "fee_minor": 2_650, "fee_expected_minor": 2_580,
                "sales_differing": 2, "example": "=S1",
            },
        ),
        "flow": FLOW,
        "gaps": {"sales_without_terms": (3, 9_000), "lines_without_sale": (0, 0)},
        "late_list": (sale(HOSTILE), sale("S2", status="late", late_s=90_000, reason=None)),
        "unexplained": (credit("C1"), credit("=2+5", amount_minor=12_000, explained_minor=4_000,
                                            standing="explained")),
        "unexplained_totals": {"CNY": (2, 13_000)},
        "open": OPEN,
        "pace": PACE,
        "legs": LEGS,
        "incidents": INCIDENTS,
        "waiting": WAITING,
        "unseen": UNSEEN,
        "findings": FINDINGS,
        "first_sale": AS_OF - timedelta(days=9),
        "last_sale": AS_OF - timedelta(hours=1),
    }  # fmt: skip
    return Figures(**{**values, **changed})


def quiet(**changed: Any) -> Figures:
    """A run in which everything that was due arrived on time."""
    nothing = dict.fromkeys(DIMENSIONS, ())
    return figures(**{
        "by_status": (status("on_time", 40, 400_000, 0, 397_500),),
        "by_day": (),
        "late_by": nothing,
        "fees": (),
        "speed": (),
        "flow": (flow("on_time", "credited", 40, 400_000, 397_500, outstanding=0, kept=2_500),),
        "gaps": {},
        "late_list": (),
        "unexplained": (),
        "unexplained_totals": {},
        "open": (),
        "pace": (),
        "legs": (),
        "incidents": (),
        "waiting": {},
        "unseen": (),
        **changed,
    })  # fmt: skip


def empty() -> Figures:
    """A run whose files held no sale."""
    return quiet(by_status=(), flow=(), first_sale=None, last_sale=None)


FILES = (
    FileLine("sales.csv", "facts", "sales", 57),
    FileLine("工行 5月.sta", "facts", "mt940", 12, 2),
    FileLine(f"{HOSTILE}.xls", "refused", None, 0, 1, "locked; save it without a password"),
    FileLine("terms.toml", "terms"),
    FileLine("notes.md", "ignored"),
)


def view(of: Figures | None = None, **changed: Any) -> ReportView:
    """A report's view of a run, with files and a problem that name what is hostile."""
    values: dict[str, Any] = {
        "figures": of or figures(),
        "files": FILES,
        "timezone": "Asia/Shanghai",
        "problems": (f"工行 5月.sta:3: found {HOSTILE}\x1b[31m\u202e, expected a date [bad_date]",),
        "provisional_years": (2027,),
    }
    return ReportView(**{**values, **changed})


def keeps_schema(chart: dict[str, Any]) -> None:
    """Fail where a specification is not one of Vega-Lite's, by the schema that Altair carries."""
    alt.Chart.from_dict(chart, validate=True)
