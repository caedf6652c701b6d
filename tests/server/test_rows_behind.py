"""Numbers of tables lead to just the sales that they count."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from tests.server.shown import reading_of, table, text

Client = Callable[[str], Any]
COUNT = re.compile(r'<a href="/sales/\?([^"]+)">([\d,]+)</a>')
MONEY = re.compile(r'<a href="/sales/\?([^"]+)">([+−-]?¥[\d,.]+)</a>')


def _sheet(page: str, key: str) -> str:
    return page.split(f'<section class="sheet" id="{key}"')[1].split("</section>", maxsplit=1)[0]


def _totals(name: str, query: str) -> Any:
    """Return what the sales of an address come to, in the one currency that they have."""
    from daozhang.server.sales_list import chosen, totals

    class Asks:
        reading = reading_of(name)
        engine = reading.engine()

    asked = dict(parse_qsl(query.replace("&amp;", "&")))
    filters = chosen(asked)
    assert filters == asked, "a filter of the address means nothing"
    (found,) = totals(Asks(), filters)
    return found


@pytest.mark.parametrize("name", ["finance", "store"])
def test_counts_of_tables_lead_to_as_many_sales(client_of: Client, name: str) -> None:
    client = client_of(name)
    who = max(reading_of(name).figures.speed, key=lambda row: row.sales).provider_id
    bank = reading_of(name).figures.late_by["bank_id"][0].value
    links = {
        "/": {"money": 14}, "/providers/": {"fees": 2},
        f"/providers/{who}/": {"pace": 6, "speed": 1, "fees": 2}, f"/banks/{bank}/": {"pace": 4},
    }  # fmt: skip
    for path, sheets in links.items():
        page = text(client.get(path + "?lang=en"))
        for key, least in sheets.items():
            sheet = _sheet(page, key)
            found = COUNT.findall(sheet)
            assert len(found) + len(MONEY.findall(sheet)) >= least, (path, key)
            for query, count in found:
                assert _totals(name, query).sales == int(count.replace(",", "")), (path, query)
            # Whatever counts sales leads to them.
            bare = re.findall(r'data-label="Sales[^"]*"[^>]*><span class="what">([\d,]+)<', sheet)
            assert [count for count in bare if count != "0"] == [], (path, key)


def test_money_of_tables_leads_to_sales_that_come_to_it(client_of: Client) -> None:
    client, speech = client_of("finance"), None
    from daozhang.charts.speech import Speech

    page = text(client.get("/?lang=en"))
    amounts = re.findall(
        r'data-label="Sale amount"[^>]*><span class="what"><a href="/sales/\?([^"]+)">([^<]+)</a>',
        _sheet(page, "money"),
    )
    assert len(amounts) >= 6
    from zoneinfo import ZoneInfo

    speech = Speech("en", ZoneInfo("Asia/Shanghai"), {})
    for query, said in amounts:
        found = _totals("finance", query)
        assert speech.money(found.amount_minor, found.currency) == said
    fees = text(client.get("/providers/?lang=en"))
    charged = re.findall(
        r'data-label="Fee charged"[^>]*><span class="what"><a href="/sales/\?([^"]+)">([^<]+)</a>',
        _sheet(fees, "fees"),
    )
    assert len(charged) >= 3
    for query, said in charged:
        found = _totals("finance", query)
        assert speech.money(found.fee_minor, found.currency) == said


def test_a_list_of_fees_says_them(client_of: Client) -> None:
    page = text(client_of("finance").get("/sales/?fee=known&lang=en"))
    rows = re.findall(r"<small>Fee ¥[\d,.]+, agreed ¥[\d,.]+</small>", page)
    assert len(rows) == 50
    assert re.search(r'<p class="note">Fee ¥[\d,.]+, agreed ¥[\d,.]+</p>', page)
    assert "agreed ¥" not in text(client_of("finance").get("/sales/?status=late&lang=en"))


def test_findings_lead_to_the_sales_that_they_are_about(server: object) -> None:
    from daozhang.server.rows_behind import behind_findings

    where = {"provider_id": "P1", "currency": "CNY"}
    found = behind_findings([
        {"finding": "fee_differs", "subject": "card", **where},
        {"finding": "mcc_jump", "subject": "M1", **where},
        {"finding": "payer_stranger", "subject": "SOMEBODY & CO", **where},
        {"finding": "payer_unlicensed", "subject": "THEM", **where},
    ])  # fmt: skip
    assert [row[1] for row in found.rows] == [
        "/sales/?provider=P1&currency=CNY&channel=card&fee=differs",
        "/sales/?provider=P1&currency=CNY&merchant=M1",
        "/sales/?provider=P1&currency=CNY&payer=SOMEBODY+%26+CO",
        "/sales/?provider=P1&currency=CNY&payer=THEM",
    ]


def test_a_payer_leads_to_the_sales_whose_money_they_brought(server: object) -> None:
    engine = reading_of("finance").engine()
    ((payer, sales),) = engine.rows(
        "SELECT k.counterparty, count(*) AS n FROM journeys AS j JOIN facts_credits AS k "
        "ON k.account_id = j.account_id AND k.credit_id = j.credit_id "
        "WHERE j.status NOT IN ('cancelled', 'failed') GROUP BY k.counterparty ORDER BY n LIMIT 1"
    )
    assert 0 < sales < sum(row["sales"] for row in reading_of("finance").figures.by_status)
    query = f"payer={quote(str(payer))}"
    assert _totals("finance", query).sales == sales


def test_money_that_no_sale_explains_stands_on_the_first_page(
    client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = reading_of("finance")
    credit = {
        "booked_at": reading.about.as_of, "account_id": "A1", "counterparty": "=SOMEBODY",
        "ref": None, "amount_minor": 12_300, "explained_minor": None, "currency": "CNY",
        "standing": "unexplained", "ambiguous": None,
    }  # fmt: skip
    figures = replace(
        reading.figures, unexplained=(credit,), unexplained_totals={"CNY": (20, 45_600)}
    )
    monkeypatch.setattr(reading, "figures", figures)
    client = client_of("finance")
    sheet = _sheet(text(client.get("/?lang=en")), "unexplained")
    assert "¥123.00" in sheet
    assert "¥456.00" in sheet
    assert "19 more are in the file" in sheet
    told = client.get("/api/v1/overview").json()["unexplained"]
    assert told == [{"currency": "CNY", "credits": 20, "amount_minor": 45_600}]
    monkeypatch.undo()
    rows = table(client.get("/?format=csv"))
    totals = reading.figures.unexplained_totals
    assert len(rows) == sum(count for count, _ in totals.values())
    assert sum(int(row["unexplained_minor"]) for row in rows) == sum(m for _, m in totals.values())
    assert ('id="unexplained"' in text(client.get("/?lang=en"))) == bool(rows)
