"""Terms in words, and what others would bring, worked out a second time sale by sale."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from daozhang.journey.fees import expected_fee
from daozhang.journey.promise import promise_for
from daozhang.journey.terms import load_terms_text
from daozhang.server.words_money_en import EN
from daozhang.server.words_money_zh import ZH
from tests.server.shown import reading_of, statuses, table, text

Client = Callable[[str], Any]

WINDOWED = """
timezone = "Asia/Shanghai"
currency = "CNY"

[[terms]]
provider_id = "P"
basis = "business"
lag_days = 1
calendar = "CN"
cutoff = "23:00"
credit_by = "12:00"
fee_bps = 60

[[terms]]
provider_id = "P"
account_id = "A1"
basis = "calendar"
lag_days = 1
cutoff = "24:00"
cutoff_by = "captured"
credit_by = "10:00"
fee_bps = 38
fee_cap_minor = 2000
windows = [{ until = "11:00", credit_by = "15:00" }]
valid_from = 2026-04-20
fee_basis = "payout"

[[terms]]
provider_id = "Q"
basis = "business"
lag_days = 1
calendar = "CN"
cutoff = "22:00"
credit_by = "12:00"
fee_bps = 50
"""


def _book() -> Any:
    book, problems = load_terms_text(WINDOWED, "terms.toml")
    assert book is not None, problems
    return book


def test_terms_are_for_finance_administrators_and_auditors(client_of: Client) -> None:
    found = statuses(client_of, "/terms/")
    allowed = {"finance", "admin", "auditor"}
    assert {name for name, status in found.items() if status == 200} == allowed
    assert {status for name, status in found.items() if name not in allowed} == {403}


@pytest.mark.parametrize(("lang", "words"), [("en", EN), ("zh", ZH)])
def test_terms_are_told_in_words(client_of: Client, lang: str, words: Any) -> None:
    page = text(client_of("finance").get(f"/terms/?lang={lang}"))
    assert words["term.in_force"] in page
    assert words["term.promise.business.1"].format(by="14:00", calendar="CN", days=1) in page
    assert words["term.cutoff.host"].split("{at}")[-1].strip("（）()") in page.replace("&#39;", "'")
    assert "0.6%" in page


def test_terms_as_csv_are_those_of_the_store(client_of: Client) -> None:
    from daozhang.server.agreed import agreed

    book = agreed()
    assert book is not None
    rows = table(client_of("finance").get("/terms/?format=csv"))
    assert [row["provider_id"] for row in rows] == [term.provider_id for term in book.terms]


def test_terms_of_other_merchants_and_accounts_are_not_shown() -> None:
    from daozhang.app.scope import EVERYTHING, Scope
    from daozhang.server.agreed import calendars_of, terms_for

    book = _book()
    providers = frozenset({"P"})
    assert len(terms_for(book, EVERYTHING, providers)) == 3
    own = Scope(accounts=frozenset({"A1"}))
    assert [t.index for t in terms_for(book, own, providers)] == [0, 1]
    other = Scope(accounts=frozenset({"A2"}))
    assert [t.index for t in terms_for(book, other, providers)] == [0]
    assert calendars_of(book.terms) == ("CN",)


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("lag=-1", "lag"), ("lag=99", "lag"), ("lag=x", "lag"), ("cutoff=25:00", "cutoff"),
        ("cutoff=0:00", "cutoff"), ("credit_by=noon", "credit_by"),
        ("window_until=17:00", "window_half"),
        ("window_until=17:00&window_by=12:00", "window_order"), ("fee=abc", "fee"),
        ("fee=-1", "fee"), ("fee=21", "fee"), ("fee=NaN", "fee"), ("extra=-19", "extra"),
        ("lag=0", "due_before_sale"), ("lag=&cutoff=", "nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_term_is_refused(client_of: Client, query: str, refused: str) -> None:
    page = text(client_of("finance").get(f"/terms/?provider=HUATONG&lang=en&{query}"))
    assert EN[f"whatif.refused.{refused}"] in page
    assert EN["whatif.answer"] not in page


def test_business_days_need_a_calendar() -> None:
    from daozhang.server.asked_terms import changed, read

    only = WINDOWED.split("[[terms]]")
    book, _ = load_terms_text(f"{only[0]}[[terms]]{only[2]}", "terms.toml")
    assert book is not None
    asked = read({"provider": "P", "basis": "business"})
    assert changed(book, asked) is None
    assert asked.refused == ["no_calendar"]


def test_only_the_provider_and_only_what_is_asked_is_changed() -> None:
    from daozhang.server.asked_terms import changed, read

    book = _book()
    asked = read({"provider": "P", "lag": "2", "extra": "0.05", "cutoff": "24:00", "days": "7"})
    other = changed(book, asked)
    assert other is not None
    assert asked.days == 7
    assert other.terms[2] == book.terms[2]
    assert other.terms[0] == replace(book.terms[0], lag_days=2, cutoff=1440, fee_bps=(65, 1))
    assert other.terms[1].windows == book.terms[1].windows
    assert Fraction(*other.terms[1].fee_bps) == 43
    assert read({"days": "5"}).days == 28


CHANGES: list[dict[str, str]] = [
    {"lag": "1", "basis": "calendar"}, {"lag": "2"}, {"cutoff": "24:00"}, {"cutoff": "18:00"},
    {"window_until": "17:00", "window_by": "21:00", "extra": "0.05"},
    {"lag": "0", "basis": "calendar", "credit_by": "24:00", "fee": "0.7"},
]  # fmt: skip


@pytest.mark.parametrize("provider", ["HUATONG", "ANXIN", "LANQIAO", "KUAIDA"])
@pytest.mark.parametrize("change", CHANGES)
def test_an_answer_is_what_each_sales_own_promise_gives(
    server: object, provider: str, change: dict[str, str]
) -> None:
    from daozhang.server.agreed import agreed
    from daozhang.server.asked_terms import changed, read
    from daozhang.server.what_if import ask, compare

    reading = reading_of("finance")
    book = agreed()
    assert book is not None
    then = changed(book, read({"provider": provider, **change}))
    assert then is not None
    sales = ask(reading, provider, "CNY", 90)
    if not sales.ids:
        pytest.skip(f"the estate has no sales of {provider}")
    answer = compare(book, then, sales, sales.over_min)
    assert answer is not None
    known = {
        row[0]: row[1:]
        for row in reading.engine().rows(
            "SELECT sale_id, channel, merchant_id, account_id, captured_at, seen_at, submitted_at,"
            f" amount_minor FROM parcels WHERE provider_id = '{provider}'"
        )
    }
    gains, fees = [], [0, 0]
    for place, at in enumerate(answer.places.tolist()):
        channel, merchant, account, captured, seen, submitted, amount = known[sales.ids[at]]
        dues: list[datetime] = []
        for which, one in enumerate((book, then)):
            candidates = one.candidates(provider, channel, merchant, account)
            promise = promise_for(one, candidates, captured, seen, submitted)
            assert promise is not None
            dues.append(promise.due_at)
            fees[which] += sum(expected_fee(one.terms[promise.term_index], amount))
        gains.append((dues[0] - dues[1]).total_seconds() // 60)
        assert abs(gains[-1] - int(answer.gain[place])) <= 1
        assert int(answer.due_now[place]) == int(dues[0].timestamp() * 1_000_000)
        assert int(answer.due_then[place]) == int(dues[1].timestamp() * 1_000_000)
    if all(term.fee_basis == "line" for term in book.terms):
        assert [answer.fee_now_minor, answer.fee_then_minor] == fees
    assert abs(answer.percentile(answer.gain, 50) - sorted(gains)[(len(gains) + 1) // 2 - 1]) <= 1


def _sales(count: int = 6) -> Any:
    from daozhang.server.what_if import Sales

    begun = int(datetime.fromisoformat("2026-04-18T09:00:00+08:00").timestamp() * 1_000_000)
    hours = np.arange(count, dtype=np.int64) * 14 * 3_600_000_000 + begun
    return Sales(
        "P", [f"S{n}" for n in range(count)], np.arange(count) % 2,
        [("card", "M", "A1"), ("card", "M", "A2")],
        {"captured": hours, "seen": hours + 60_000_000, "submitted": hours + 120_000_000},
        np.asarray([100_00, 20_000_00, 1, 999, 5_000_00, 77_77], dtype=np.int64)[:count],
        capped=False, over_min=10_000,
    )  # fmt: skip


def test_terms_of_several_ranks_and_validities_are_told_apart() -> None:
    from daozhang.server.what_if import promised

    book, sales = _book(), _sales()
    made = promised(book, sales)
    for place, route in enumerate(sales.routes.tolist()):
        moments = [
            datetime.fromtimestamp(int(sales.clocks[c][place]) / 1_000_000).astimezone()
            for c in ("captured", "seen", "submitted")
        ]
        own = promise_for(book, book.candidates("P", *sales.ways[route]), *moments)
        assert own is not None
        assert made.term[place] == own.term_index
        assert int(made.due[place]) == int(own.due_at.timestamp() * 1_000_000)
        assert made.day[place] == own.business_date.toordinal()
    assert set(made.term.tolist()) == {0, 1}


def test_a_fee_on_the_payout_is_taken_on_the_sum_of_an_accounts_day() -> None:
    from daozhang.server.what_if import compare

    book, sales = _book(), _sales()
    answer = compare(book, book, sales, sales.over_min)
    assert answer is not None
    assert answer.fee_now_minor == answer.fee_then_minor
    assert not answer.gain.any()
    assert answer.yearly_permille is None
    by_day: dict[tuple[Any, int, int], int] = {}
    from daozhang.server.what_if import promised

    made = promised(book, sales)
    for place, amount in enumerate(sales.amount_minor.tolist()):
        term = int(made.term[place])
        # On each line every sale is a day of its own.
        day = int(made.day[place]) if term == 1 else -place
        key = (sales.ways[int(sales.routes[place])][2], term, day)
        by_day[key] = by_day.get(key, 0) + amount
    assert answer.fee_now_minor == sum(
        sum(expected_fee(book.terms[term], amount)) for (_, term, _), amount in by_day.items()
    )


def test_money_weighs_and_costs_as_a_loan_would() -> None:
    from daozhang.server.what_if import Answer

    ints = lambda *numbers: np.asarray(numbers, dtype=np.int64)  # noqa: E731
    day = 24 * 60
    answer = Answer(
        ints(0, 1, 2), ints(0, 0, 0), ints(0, 0, 0), ints(3 * day, 2 * day, day),
        ints(day, 2 * day, day), ints(900_00, 90_00, 10_00), 500, 600, 10 * day,
    )  # fmt: skip
    assert answer.gain.tolist() == [2 * day, 0, 0]
    assert answer.percentile(answer.gain, 50) == 0
    assert answer.percentile(answer.gain, 95) == 2 * day
    assert answer.percentile(answer.gain, 50, by_money=True) == 2 * day
    assert answer.on_its_way_minor(answer.wait_now) == (2700_00 + 180_00 + 10_00) // 10
    assert answer.money_gain_min == 2 * day * 9 // 10
    assert answer.extra_fee_minor == 100
    # 1.00 for 900.00 over two days: 365 / 2 / 900 of it a year.
    assert answer.yearly_permille == 1000 * 365 // (2 * 900)


@pytest.mark.parametrize(("lang", "words"), [("en", EN), ("zh", ZH)])
def test_an_answer_is_a_sentence_a_table_and_a_file(
    client_of: Client, lang: str, words: Any
) -> None:
    client = client_of("finance")
    query = "provider=HUATONG&days=28&lag=1&basis=calendar&extra=0.05"
    page = text(client.get(f"/terms/?{query}&lang={lang}"))
    assert words["whatif.row.way"] in page
    assert words["whatif.yearly"].split("{rate}")[0] in page
    rows = table(client.get(f"/terms/?{query}&format=csv"))
    ((count,),) = (
        reading_of("finance")
        .engine()
        .rows(
            "SELECT count(*) FROM outcomes WHERE provider_id = 'HUATONG' "
            "AND promised_at IS NOT NULL AND status NOT IN ('cancelled', 'failed')"
        )
    )
    assert len(rows) == count
    assert f"{count:,}" in page
    assert all(
        int(row["wait_now_min"]) - int(row["wait_then_min"]) == int(row["gain_min"]) for row in rows
    )
    assert len(re.findall(r'href="/track/', page)) >= 10


def test_now_is_what_the_snapshot_promises(client_of: Client) -> None:
    """The plain promise of the terms in force is the one that sales are tracked by."""
    rows = table(client_of("finance").get("/terms/?provider=HUATONG&lag=1&format=csv"))
    tracked = dict(
        reading_of("finance").engine().rows(
            "SELECT sale_id, (epoch_us(promised_at) - epoch_us(captured_at)) // 60000000 "
            "FROM outcomes WHERE provider_id = 'HUATONG'"
        )
    )  # fmt: skip
    assert rows
    assert all(tracked[row["sale_id"]] == int(row["wait_now_min"]) for row in rows)


def test_somebody_elses_provider_cannot_be_asked_about(client_of: Client) -> None:
    page = text(client_of("finance").get("/terms/?provider=NOBODY&lag=2&lang=en"))
    assert EN["whatif.answer"] not in page
