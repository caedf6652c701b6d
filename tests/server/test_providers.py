"""Providers and banks: their ranking, their numbers, whose they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from daozhang.charts.shares import wilson
from daozhang.server.words_money_en import EN
from daozhang.server.words_money_zh import ZH
from tests.server.shown import reading_of, statuses, table, text

Client = Callable[[str], Any]


def test_providers_are_for_those_who_answer_for_them(client_of: Client) -> None:
    found = statuses(client_of, "/providers/")
    assert {name for name, status in found.items() if status == 403} == {"bank"}
    assert client_of("bank").get("/banks/CCB/").status_code == 403


@pytest.mark.parametrize(("lang", "words"), [("en", EN), ("zh", ZH)])
def test_the_page_ranks_and_says_who_is_least_punctual(
    client_of: Client, lang: str, words: Any
) -> None:
    page = text(client_of("finance").get(f"/providers/?lang={lang}"))
    assert words["party.rank.provider_id"] in page
    assert words["party.rank.bank_id"] in page
    rows = [
        row for row in table(client_of("finance").get("/providers/?format=csv"))
        if row["dimension"] == "provider"
    ]  # fmt: skip
    highs = [wilson(int(r["on_time_sales"]), int(r["due_sales"]))[1] for r in rows]
    assert highs == sorted(highs)
    worst = reading_of("finance").about.names[rows[0]["id"]]
    assert worst in page.split('class="arrived">')[1].split("</p>")[0]


@pytest.mark.parametrize("name", ["finance", "store", "provider"])
def test_the_ranking_counts_ones_own_rows(client_of: Client, name: str) -> None:
    engine = reading_of(name).engine()
    for column, kind, join in (
        ("o.provider_id", "provider", ""),
        ("a.bank_id", "bank", "LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id"),
    ):
        expected = {
            str(who): numbers
            for who, *numbers in engine.rows(
                f"SELECT coalesce({column}, ''), count(*) FILTER (o.status = 'on_time'), "
                "count(*) FILTER (o.status = 'late'), count(*) FILTER (o.status = 'overdue'), "
                "CAST(coalesce(sum(o.amount_minor) FILTER (o.status = 'late'), 0) AS BIGINT), "
                "CAST(coalesce(sum(o.outstanding_minor) FILTER (o.status = 'overdue'), 0) "
                f"AS BIGINT) FROM outcomes AS o {join} "
                "WHERE o.status IN ('on_time', 'late', 'overdue') AND o.promised_at IS NOT NULL "
                f"GROUP BY {column}"
            )
        }
        seen = {
            row["id"]: [
                int(row[n]) for n in ("on_time_sales", "late_sales", "overdue_sales", "late_minor",
                                      "overdue_minor")
            ]
            for row in table(client_of(name).get("/providers/?format=csv"))
            if row["dimension"] == kind and int(row["due_sales"])
        }  # fmt: skip
        assert seen == expected


def test_a_provider_sees_itself_and_not_others(client_of: Client) -> None:
    (own,) = reading_of("provider").scope.providers
    client = client_of("provider")
    assert client.get(f"/providers/{own}/").status_code == 200
    for row in reading_of("finance").figures.speed:
        if row.provider_id != own:
            assert client.get(f"/providers/{row.provider_id}/").status_code == 404


def test_one_provider_leads_to_its_late_sales_day_by_day(client_of: Client) -> None:
    client = client_of("finance")
    worst = max(
        reading_of("finance").figures.late_by["provider_id"], key=lambda b: b.overdue_minor
    ).value
    page = text(client.get(f"/providers/{worst}/?lang=en"))
    assert EN["party.legs"] in page
    days = table(client.get(f"/providers/{worst}/?format=csv"))
    assert days
    for day in days[:3]:
        where = f"provider={worst}&due={day['due_date']}&currency={day['currency']}"
        rows = table(client.get(f"/sales/?{where}&status=late,overdue&format=csv"))
        late = sum(int(row["amount_minor"]) for row in rows)
        assert late == int(day["late_minor"]) + int(day["overdue_minor"])
        assert where.replace("&", "&amp;").split("&amp;due")[0] in page


def test_a_banks_page_names_its_incident(client_of: Client) -> None:
    page = text(client_of("finance").get("/banks/CCB/?lang=en"))
    incident = next(
        row for row in reading_of("finance").figures.incidents if '"CCB"' in row["scope"]
    )
    assert f'href="/late/{incident["incident_id"]}/"' in page
    assert "#speed" not in page
    assert EN["party.legs"] not in page


def test_nobody_is_at_an_unknown_name(client_of: Client) -> None:
    assert client_of("finance").get("/providers/NOBODY/").status_code == 404
    assert client_of("finance").get("/banks/NOBODY/").status_code == 404


def test_who_sees_some_stores_is_not_told_that_all_is_as_agreed(client_of: Client) -> None:
    assert EN["party.findings.part"] in text(client_of("store").get("/providers/?lang=en"))
    assert EN["party.findings.part"] not in text(client_of("provider").get("/providers/?lang=en"))


def test_a_finding_and_a_fee_beyond_the_terms_stand_with_their_provider(server: object) -> None:
    from daozhang.server.parties import narrowed, parties

    figures = reading_of("finance").figures
    who = figures.fees[0]["provider_id"]
    finding = {
        "finding": "mcc_jump", "provider_id": who, "subject": "M1", "detail": "5411 5812",
        "currency": "CNY", "rows": 3, "amount_minor": 300, "cost_minor": 7,
        "since": figures.as_of, "until": figures.as_of, "example": "S1",
    }  # fmt: skip
    dear = {**figures.fees[0], "fee_minor": figures.fees[0]["fee_minor"] + 77, "sales_differing": 5}
    changed = replace(figures, findings=(finding,), fees=(dear, *figures.fees[1:]))
    by_id = {one.value: one for one in parties(changed, "provider_id")}
    assert by_id[who].findings == 1
    assert by_id[who].fee_drift_minor == 77 + sum(
        row["fee_minor"] - row["fee_expected_minor"]
        for row in figures.fees
        if row["provider_id"] == who
    )
    assert all(one.findings == 0 for value, one in by_id.items() if value != who)
    assert narrowed(changed, "provider_id", who).findings == (finding,)
    assert narrowed(changed, "provider_id", "OTHER").findings == ()
    assert narrowed(changed, "bank_id", "CCB").fees == ()


def test_links_of_the_ranking_hold_as_many_sales_as_it_says(client_of: Client) -> None:
    client = client_of("finance")
    page = text(client.get("/providers/?lang=en"))
    links = re.findall(r'href="(/sales/\?provider=[^"]*late%2Coverdue)">', page)
    rows = [
        row for row in table(client.get("/providers/?format=csv")) if row["dimension"] == "provider"
    ]
    late = {row["id"]: int(row["late_sales"]) + int(row["overdue_sales"]) for row in rows}
    for link in links:
        who = re.search(r"provider=(\w+)", link)
        assert who is not None
        if "on_time" not in link:
            listed = table(client.get(link.replace("&amp;", "&") + "&format=csv"))
            assert len(listed) == late[who[1]]
