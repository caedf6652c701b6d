"""Whatever a page shows or does, an operation answers or does, with the same figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.server.api.calls import Caller, operations
from tests.server.shown import table
from tests.server.test_matrix import pages

OPERATIONS = {
    "overview": {"overview"},
    "late": {"incidents"},
    "incident": {"incident", "add_note"},
    "incident_sales": {"incident_sales"},
    "track": {"track"},
    "sale": {"journey"},
    "sales": {"sales", "journeys"},
    "calendar": {"calendar", "places", "terms"},
    "calendar_day": {"calendar", "sales"},
    "upgrades": {"upgrades"},
    "upgrade": {"upgrade"},
    "upgrade_terminals": {"terminals"},
    "upgrade_hours": {"quiet_hours"},
    "providers": {"providers", "banks"},
    "provider": {"provider"},
    "bank": {"bank"},
    "terms": {"terms", "what_if"},
    "files": {"files", "send_file"},
    "file": {"file"},
    "sources": {"sources", "add_source", "change_source", "remove_source"},
    "settings": {"me", "tokens", "make_token", "revoke_token", "people", "invitations", "invite",
                 "second_factor", "require_second_factor", "reset_second_factor"},
    "person": {"person", "change_person"},
    "audit": {"audit", "audit_verified"},
}  # fmt: skip
"""Page → the operations that answer and do the same."""


def test_every_page_has_its_operations_and_every_operation_its_page(data: object) -> None:
    assert set(OPERATIONS) == {name for name, _ in pages()}
    assert set().union(*OPERATIONS.values()) == {operation.name for operation in operations()}


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "late,overdue"}, {"fee": "differs"}, {"release": "3.2.1", "side": "upgraded"},
        {"at": "cleared", "status": "overdue"}, {"due": "2026-04-23", "currency": "CNY"},
    ],
    ids="-".join,
)  # fmt: skip
def test_sales_are_those_of_the_page(
    client_of: Callable[[str], Any], call_as: Callable[[str], Caller], filters: dict[str, str]
) -> None:
    rows = table(client_of("finance").get(f"/sales/?{urlencode(filters)}&format=csv"))
    caller, address, found = call_as("finance"), f"sales?{urlencode(filters)}&limit=200", []
    while address:
        part = caller.get(address)
        found += part["items"]
        address = part["next"]
    assert [row["sale_id"] for row in rows] == [one["sale_id"] for one in found]
    assert sum(int(row["amount_minor"]) for row in rows) == sum(
        one["amount_minor"] for one in part["sums"]
    )


def test_terms_are_those_of_the_page(
    client_of: Callable[[str], Any], call_as: Callable[[str], Caller]
) -> None:
    rows = table(client_of("finance").get("/terms/?format=csv"))
    told = call_as("finance").get("terms")["items"]
    names = ("provider_id", "channel", "basis", "lag_days", "cutoff", "credit_by", "fee_cap_minor")
    assert [[row[name] for name in names] for row in rows] == [
        ["" if one[name] is None else str(one[name]) for name in names] for one in told
    ]
    assert rows
    for row, one in zip(rows, told, strict=True):
        assert row["fee_percent"] == f"{one['fee_percent']}%"


def test_a_what_if_gains_what_the_page_says(
    client_of: Callable[[str], Any], call_as: Callable[[str], Caller]
) -> None:
    caller = call_as("finance")
    provider = caller.get("terms")["items"][0]["provider_id"]
    query = f"provider={provider}&lag=1&basis=calendar&extra=0.05&days=28"
    told = caller.get(f"terms/what-if?{query}")
    rows = table(client_of("finance").get(f"/terms/?{query}&format=csv"))
    assert told["sales"] == len(rows) > 0
    assert told["amount_minor"] == sum(int(row["amount_minor"]) for row in rows)
    gains = sorted(int(row["gain_min"]) for row in rows)
    assert told["gained"]["sale_median_min"] == gains[(len(gains) + 1) // 2 - 1]
    assert told["fee_then_minor"] > told["fee_now_minor"]
    for wrong, word in (("lag=x", "0 to 60"), ("window_until=17:00", "both times"), ("", "at lea")):
        refused = caller("GET", f"terms/what-if?provider={provider}&{wrong}&lang=en")
        assert refused.status_code == 422
        assert word in refused.json()["error"]["detail"]["fields"][0]["message"]


def test_one_release_and_its_terminals_are_those_of_the_page(
    client_of: Callable[[str], Any], call_as: Callable[[str], Caller]
) -> None:
    caller = call_as("ops")
    one = caller.get("upgrades/3.2.1")
    assert {**one, **caller.get("upgrades")["items"][0]} == one
    assert one["why"]
    assert one["incidents"]
    rows = table(client_of("ops").get("/upgrades/3.2.1/terminals.csv"))
    address, found = "terminals?release_id=3.2.1&limit=20", []
    while address:
        part = caller.get(address)
        found += [row["terminal_id"] for row in part["items"]]
        address = part["next"]
    assert found == sorted(row["terminal_id"] for row in rows)
    assert call_as("store").get("upgrades/3.2.1")["why"] == []
    hours = caller.get("quiet-hours?limit=200")["items"]
    address, parts = "quiet-hours?limit=30", []
    while address:
        part = caller.get(address)
        parts += part["items"]
        address = part["next"]
    assert parts == hours
    assert len(hours) == len(table(client_of("ops").get("/upgrade-hours/?format=csv")))
    assert all(sum(one["sales_by_hour"]) == one["sales"] for one in hours)


def test_a_source_is_kept_as_the_page_keeps_it(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.models import AuditEntry

    caller = call_as("admin")
    body = {"name": "ABC", "account_id": "A1", "expected_by": "09:30"}
    made = caller("POST", "sources", body)
    assert made.status_code == 201
    assert caller("POST", "sources", body).json()["error"]["key"] == "source_there"
    for wrong, where in (
        ({"name": "x"}, "address"), ({"name": "x", "address": "gopher://a/b"}, "address"),
        ({"name": "x", "account_id": "A1", "expected_by": "9.30"}, "expected_by"),
    ):  # fmt: skip
        refused = caller("POST", "sources", wrong)
        fields = refused.json()["error"]["detail"]["fields"]
        assert (refused.status_code, fields[0]["where"]) == (422, ["body", where])
    path = f"sources/{made.json()['source_id']}"
    assert caller("PATCH", path, {"enabled": False}).json()["enabled"] is False
    assert caller("DELETE", path).status_code == 204
    actions = list(AuditEntry.objects.order_by("-number").values_list("action", flat=True)[:3])
    assert actions == ["source.removed", "source.stopped", "source.added"]


def test_awaited_money_by_bank_adds_up_to_the_overview(call_as: Callable[[str], Caller]) -> None:
    from tests.server.shown import reading_of

    figures, caller = reading_of("finance").figures, call_as("finance")
    overdue = sum(
        row["outstanding_minor"] for row in figures.by_status if row["status"] == "overdue"
    )
    for by in ("bank", "account"):
        items = caller.get(f"calendar/places?by={by}")["items"]
        assert sum(one["overdue_minor"] for one in items) == overdue


def test_one_party_says_what_the_list_says(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("finance")
    for kind in ("providers", "banks"):
        for row in caller.get(kind)["items"]:
            whole = caller.get(f"{kind}/{row['id']}")
            assert row in whole["currencies"]
            late = sum(day["late_minor"] for day in whole["late_days"])
            assert late == sum(one["late_minor"] for one in whole["currencies"])
            assert bool(whole["fees"]) == (kind == "providers")
