"""The calendar: sums by day, marks of days, whose rows, and the sales behind every number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from daozhang.calendars import load_calendar
from daozhang.server.words_money_en import EN
from daozhang.server.words_money_zh import ZH
from tests.server.shown import ROLES, reading_of, statuses, table, text

Client = Callable[[str], Any]
BUSY = "2026-04-23"


def test_both_languages_have_the_same_words() -> None:
    assert set(EN) == set(ZH)
    for key, said in EN.items():
        assert set(re.findall(r"{(\w+)}", said)) >= set(re.findall(r"{(\w+)}", ZH[key])), key


def test_every_role_has_a_calendar_and_a_day(client_of: Client) -> None:
    assert set(statuses(client_of, "/calendar/").values()) == {200}
    assert set(statuses(client_of, f"/calendar/{BUSY}/").values()) == {200}


@pytest.mark.parametrize("words", [EN, ZH])
def test_holidays_makeup_days_and_today_are_marked(client_of: Client, words: Any) -> None:
    page = text(client_of("finance").get(f"/calendar/?lang={'en' if words is EN else 'zh'}"))
    cell = {
        found[1]: found[0]
        for found in re.findall(
            r'(<li class="is-[^"]*"><a href="/calendar/([\d-]+)/">.*?</li>)', page, re.DOTALL
        )
    }
    assert words["calendar.holiday"] in cell["2026-05-01"]
    assert "is-closed" in cell["2026-05-01"]
    assert words["calendar.makeup"] in cell["2026-05-09"]
    assert "is-closed" not in cell["2026-05-09"]
    assert "is-today" in cell["2026-04-24"]
    assert words["calendar.verified"].format(calendar="CN", year=2026) in page


def test_a_year_that_is_not_announced_is_called_provisional(client_of: Client) -> None:
    page = text(client_of("finance").get("/calendar/?from=2027-01-04&lang=en"))
    assert EN["calendar.provisional"].format(calendar="CN", year=2027) in page
    assert 'href="/calendar/2027-01-04/"' in page


def test_an_address_that_is_no_date_shows_today(client_of: Client) -> None:
    assert 'class="is-today' in text(client_of("finance").get("/calendar/?from=yesterday"))
    assert client_of("finance").get("/calendar/yesterday/").status_code == 404


@pytest.mark.parametrize("name", ["finance", "store", "provider", "bank"])
def test_the_days_are_the_figures_of_ones_own_rows(client_of: Client, name: str) -> None:
    expected: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in reading_of(name).figures.by_day:
        expected[row["due_date"].isoformat(), row["currency"], row["status"]] += row["amount_minor"]
    seen = {}
    for row in table(client_of(name).get("/calendar/?format=csv&from=2026-04-13")):
        for status in ("on_time", "late", "overdue", "unknown", "in_transit"):
            if int(row[f"{status}_minor"]):
                key = (row["due_date"], row["currency"], status)
                seen[key] = int(row[f"{status}_minor"])
    assert seen
    assert seen == dict(expected)


def test_scopes_differ(client_of: Client) -> None:
    sums = {
        name: sum(
            int(row["promised_minor"])
            for row in table(client_of(name).get("/calendar/?format=csv&from=2026-04-13"))
        )
        for name in ("finance", "store", "provider", "bank")
    }
    assert all(0 < sums[name] < sums["finance"] for name in ("store", "provider", "bank"))


@pytest.mark.parametrize("name", ["finance", "store", "provider", "bank"])
def test_a_day_lists_its_own_sales_and_no_others(client_of: Client, name: str) -> None:
    ((count, minor),) = (
        reading_of(name)
        .engine()
        .rows(
            "SELECT count(*), CAST(sum(amount_minor) AS BIGINT) FROM outcomes "
            f"WHERE due_date = DATE '{BUSY}' AND status NOT IN ('cancelled', 'failed')"
        )
    )
    rows = table(client_of(name).get(f"/calendar/{BUSY}/?format=csv"))
    assert len(rows) == count
    assert sum(int(row["amount_minor"]) for row in rows) == minor
    assert {row["due_date"] for row in rows} == {BUSY}


def test_every_number_of_a_day_leads_to_as_many_rows(client_of: Client) -> None:
    client = client_of("finance")
    page = text(client.get(f"/calendar/{BUSY}/?lang=en"))
    links = re.findall(r'href="(/sales/\?[^"]*)">(¥[\d,.]+)</a>', page)
    assert len(links) > 3
    for link, amount in links[:6]:
        rows = table(client.get(link.replace("&amp;", "&") + "&format=csv"))
        minor = sum(int(row["amount_minor"]) for row in rows)
        assert minor == int(amount.lstrip("¥").replace(",", "").replace(".", ""))


def test_money_on_its_way_by_bank_adds_up_and_leads_to_its_sales(client_of: Client) -> None:
    client = client_of("finance")
    page = text(client.get("/calendar/?lang=en"))
    links = [
        (link.replace("&amp;", "&"), int(re.sub(r"\D", "", amount)))
        for link, amount in re.findall(r'href="(/sales/\?bank[^"]*)">(¥[\d,.]+)</a>', page)
    ]
    whole = sum(
        row["outstanding_minor"]
        for row in reading_of("finance").figures.by_status
        if row["status"] in {"overdue", "in_transit"}
    )
    assert sum(minor for _, minor in links) == whole
    for link, minor in links:
        rows = table(client.get(link + "&format=csv"))
        assert sum(int(row["outstanding_minor"]) for row in rows) == minor


def test_a_list_of_sales_is_paged_and_its_conditions_can_be_taken_away(client_of: Client) -> None:
    client = client_of("finance")
    page = text(client.get(f"/sales/?due={BUSY}&status=late,overdue&nonsense=1&lang=en"))
    assert EN["rows.due"].format(value=BUSY) in page
    assert f'href="?due={BUSY}"' in page
    assert "nonsense" not in page.split("<main")[1]
    first = text(client.get(f"/sales/?due={BUSY}"))
    second = text(client.get(f"/sales/?due={BUSY}&page=2"))
    ids = [re.findall(r'href="/track/([^"/]+)/"', shown) for shown in (first, second)]
    assert len(ids[0]) == 50
    assert not set(ids[0]) & set(ids[1])


def test_a_filter_that_would_be_sql_finds_nothing(client_of: Client) -> None:
    page = text(client_of("finance").get("/sales/?store=x'+OR+'1'='1&lang=en"))
    assert EN["rows.empty"] in page


def test_the_sales_of_others_are_not_listed_by_asking_for_them(client_of: Client) -> None:
    own = reading_of("store").scope.stores
    ((foreign,),) = (
        reading_of("finance")
        .engine()
        .rows(f"SELECT min(store_id) FROM outcomes WHERE store_id <> '{min(own)}'")
    )
    page = text(client_of("store").get(f"/sales/?store={foreign}&lang=en"))
    assert EN["rows.empty"] in page


def test_marks_tell_weekends_from_holidays_and_makeup_days() -> None:
    from daozhang.server.due_days import mark

    calendar = load_calendar("CN")
    assert [
        mark(date(2026, *day), calendar) for day in ((4, 24), (4, 25), (5, 1), (5, 9), (5, 10))
    ] == ["", "weekend", "holiday", "makeup", "weekend"]


@pytest.mark.parametrize("name", ROLES)
def test_terms_of_the_calendar_are_of_ones_own_providers(client_of: Client, name: str) -> None:
    reading = reading_of(name)
    known = {row["provider_id"] for row in reading.figures.pace}
    page = text(client_of(name).get("/calendar/?lang=en"))
    names = reading.about.names
    told = page.split(EN["calendar.cutoffs"])[-1]
    for provider, said in names.items():
        assert (said in told) == (provider in known), provider


def test_a_days_accounts_are_a_table_to_take_along(
    client_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server.views import calendar

    client, address = client_of("finance"), "/calendar/2026-04-23/"
    rows = table(client.get(f"{address}?format=csv&table=accounts"))
    sales = table(client.get(f"{address}?format=csv"))
    assert {row["account_id"] for row in rows} == {row["account_id"] for row in sales}
    for column, wanted in (("promised_minor", None), ("came_minor", {"on_time", "late"})):
        assert sum(int(row[column]) for row in rows) == sum(
            int(row["amount_minor"]) for row in sales
            if wanted is None or row["status"] in wanted
        )  # fmt: skip
    monkeypatch.setattr(calendar, "_ACCOUNTS_SHOWN", 3)
    assert f"{len(rows) - 3} more accounts" in text(client.get(f"{address}?lang=en"))
