"""Lists of sales behind a number: their order, their parts, their sums, from wherever they come."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from tests.server.shown import reading_of

ORDER = ("overdue", "late", "unknown", "in_transit", "on_time", "cancelled", "failed")
DUE = ("on_time", "late", "overdue")


@dataclass
class Asks:
    """Somebody who asks, without a request."""

    reading: Any
    engine: Any


@pytest.fixture(params=["finance", "store", "provider", "bank"])
def asks(request: pytest.FixtureRequest, server: object) -> Asks:
    reading = reading_of(request.param)
    return Asks(reading, reading.engine())


def _sales(asks: Asks) -> list[dict[str, Any]]:
    """Every sale that is shown, with what lists are asked by, in their order, told by itself."""
    from daozhang.engine import rows_of

    engine = asks.engine
    late = {
        row["sale_id"]: row
        for row in rows_of(engine.fetch("SELECT sale_id, station, reason FROM listed"))
    }
    struck = dict(engine.rows("SELECT sale_id, incident_id FROM incident_sales"))
    banks = dict(engine.rows("SELECT account_id, bank_id FROM facts_accounts"))
    sales = rows_of(engine.fetch("SELECT * FROM outcomes"))
    for row in sales:
        row["bank_id"] = banks.get(row["account_id"])
        row["incident_id"] = struck.get(row["sale_id"])
        row["late"] = late.get(row["sale_id"])
    return sorted(sales, key=lambda r: (ORDER.index(r["status"]), -r["amount_minor"], r["sale_id"]))


def _known(row: dict[str, Any]) -> bool:
    return bool(
        row["own_lines"] and row["fee_minor"] is not None and row["fee_expected_minor"] is not None
    )


def _questions(sales: list[dict[str, Any]]) -> list[tuple[dict[str, str], Any]]:
    """Filters of an address, each beside what they mean of a sale."""
    money = [row for row in sales if row["status"] in ORDER[:5]]
    one = next((row for row in money if row["status"] == "late"), money[-1])
    day, channel, account, bank = (
        str(one["due_date"]),
        one["channel"],
        one["account_id"],
        one["bank_id"],
    )
    struck = next((row["incident_id"] for row in sales if row["incident_id"]), "")
    place, rest = one["provider_id"], ORDER[:5]

    def of(**wanted: Any) -> Any:
        return lambda row: all(row[name] == value for name, value in wanted.items())

    def money_of(row: dict[str, Any]) -> bool:
        return row["status"] in rest

    asked: list[tuple[dict[str, str], Any]] = [
        ({}, money_of),
        ({"status": ",".join(ORDER)}, lambda row: True),
        ({"status": "cancelled"}, of(status="cancelled")),
        ({"status": "late,overdue", "provider": place},
         lambda row: row["status"] in {"late", "overdue"} and row["provider_id"] == place),
        ({"store": one["store_id"]}, lambda r: money_of(r) and r["store_id"] == one["store_id"]),
        ({"terminal": one["terminal_id"]},
         lambda r: money_of(r) and r["terminal_id"] == one["terminal_id"]),
        ({"channel": channel, "bank": bank or "?"},
         lambda r: money_of(r) and (r["channel"], r["bank_id"]) == (channel, bank)),
        ({"due": day, "account": account or "?"},
         lambda r: money_of(r) and (str(r["due_date"]), r["account_id"]) == (day, account)),
        ({"since": day, "status": "in_transit"},
         lambda r: r["status"] == "in_transit" and r["due_date"] and str(r["due_date"]) >= day),
        ({"fee": "known", "channel": channel}, lambda r: _known(r) and r["channel"] == channel),
        ({"fee": "differs"}, lambda r: _known(r) and r["fee_minor"] != r["fee_expected_minor"]),
        ({"incident": struck or "none"}, lambda r: bool(struck) and r["incident_id"] == struck),
        ({"at": "cleared", "status": "overdue"},
         lambda r: r["status"] == "overdue" and r["late"] and r["late"]["station"] == "cleared"
         and r["late"]["reason"] not in {"held", "returned"}),
    ]  # fmt: skip
    return asked


def test_every_question_has_its_sales_in_order_and_their_sums(asks: Asks) -> None:
    from daozhang.server.sales_list import chosen, listed, totals

    sales = _sales(asks)
    assert len(sales) > 200
    filled = 0
    for address, means in _questions(sales):
        filters = chosen(address)
        assert filters == address
        expected = [row for row in sales if means(row)]
        found = totals(asks, filters)
        assert [(one.sales, one.amount_minor, one.outstanding_minor) for one in found] == (
            [(
                len(expected), sum(row["amount_minor"] for row in expected),
                sum(row["outstanding_minor"] for row in expected if row["status"] != "unknown"),
            )] if expected else []
        ), address  # fmt: skip
        if "fee" in filters and expected:
            assert [(one.fee_minor, one.fee_expected_minor) for one in found] == [
                tuple(sum(row[n] for row in expected) for n in ("fee_minor", "fee_expected_minor"))
            ]
        ids = [row["sale_id"] for row in expected]
        rows = listed(asks, filters, len(ids))
        assert [row["sale_id"] for row in rows[:50]] == ids[:50], address
        assert [row["sale_id"] for row in rows[40:90]] == ids[40:90], address
        assert [row["sale_id"] for row in rows[max(0, len(ids) - 5) :]] == ids[-5:], address
        whole = list(rows.whole())
        assert [row["sale_id"] for row in whole] == ids, address
        if len(whole) > 7:
            after = rows.after(whole[4]["place"], 3)
            assert [row["sale_id"] for row in after] == ids[5:8], address
        filled += bool(expected)
    assert filled >= 7


def test_a_long_list_is_fetched_in_parts(asks: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    from daozhang.server import sales_list

    found = sales_list.totals(asks, {})
    rows = sales_list.listed(asks, {}, found[0].sales)
    at_once = [row["sale_id"] for row in rows.whole()]
    monkeypatch.setattr(sales_list, "_AT_ONCE", 97)
    assert [row["sale_id"] for row in rows.whole()] == at_once
    assert len(at_once) == found[0].sales > 97


@pytest.mark.parametrize("side", ["upgraded", "others"])
def test_a_groups_sums_are_those_of_its_sales(
    server: object, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server import sales_list
    from daozhang.server.sales_list import listed, totals

    monkeypatch.setattr(sales_list, "_STEP", 40)  # The list is walked in pieces.
    reading = reading_of("ops")
    asks = Asks(reading, reading.engine())
    upgrades = asks.engine.rows(
        "SELECT terminal_id, min(started_at) FROM facts_upgrades WHERE release_id = '3.2.1' "
        "GROUP BY terminal_id"
    )
    begun = dict(upgrades)
    first = min(begun.values())
    sales = [row for row in _sales(asks) if row["captured_at"] >= first]
    on_it = [
        row for row in sales
        if row["terminal_id"] in begun and row["captured_at"] >= begun[row["terminal_id"]]
    ]  # fmt: skip
    near = {row["provider_id"] for row in on_it if row["status"] in DUE}
    reached = {row["sale_id"] for row in on_it}
    for statuses, more in product((DUE, ("late", "overdue")), ({}, {"provider": max(near)})):
        expected = [
            row for row in sales
            if row["status"] in statuses and row["provider_id"] in near
            and (row["sale_id"] in reached) == (side == "upgraded")
            and row["provider_id"] == more.get("provider", row["provider_id"])
        ]  # fmt: skip
        filters = {"release": "3.2.1", "side": side, "status": ",".join(statuses), **more}
        assert sum(one.sales for one in totals(asks, filters)) == len(expected)
        assert [row["sale_id"] for row in listed(asks, filters, len(expected)).whole()] == [
            row["sale_id"] for row in expected
        ]
        # With another filter the sums come from the sales themselves.
        store = sales[0]["store_id"]
        own = totals(asks, {**filters, "store": store})
        assert sum(one.sales for one in own) == sum(row["store_id"] == store for row in expected)


def test_braces_and_quotes_in_an_address_are_an_id_that_nobody_has(client_of: Any) -> None:
    for odd in ("{}", "{0}", "%s", "a'b", 'a"b', "--", "{{x}}"):
        answer = client_of("ops").get("/sales/", {"store": odd})
        assert answer.status_code == 200, odd
