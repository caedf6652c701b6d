"""What each operation answers: the same as the pages and the command line, in parts if need be."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.calls import Caller, operations

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


CURSORS = (
    "x", "W10", "WzFd", "bnVsbA", "%00", "é", "W1siYSJdXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0",
)  # fmt: skip
"""None was made by a list but the third: ``[1]``, as lists by number make them."""


def figures() -> Any:
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.readings import reading_for

    reading = reading_for(EVERYTHING)
    assert reading is not None
    return reading.figures


def whole(caller: Caller, address: str | None) -> list[Any]:
    """Every row of a list, part after part."""
    rows = []
    while address:
        page = caller.get(address)
        rows += page["items"]
        address = page["next"]
    return rows


def values_of(value: Any, name: str = "") -> Any:
    """Yield every (name, value) within an answer."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from values_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, name)
    else:
        yield name, value


def test_overview_says_what_the_page_says(call_as: Callable[[str], Caller]) -> None:
    told = call_as("finance").get("overview", Accept_Language="en")
    page = call_as("finance").client.get("/?lang=en").content.decode()
    assert told["as_of"] == "2026-04-24T10:00:00Z"
    assert told["timezone"] == "Asia/Shanghai"
    assert told["headline"]["sentence"].split(",")[0] in page
    assert {(r["status"], r["sales"], r["amount_minor"]) for r in told["by_status"]} == {
        (r["status"], r["sales"], r["amount_minor"]) for r in figures().by_status
    }
    assert told["open_incidents"]
    assert all(row["is_open"] for row in told["open_incidents"])
    assert "overdue" not in call_as("finance").get("overview?lang=zh")["headline"]["sentence"]


def test_incidents_are_those_of_the_run(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    rows = whole(caller, "incidents?limit=1")
    assert {r["incident_id"] for r in rows} == {r["incident_id"] for r in figures().incidents}
    assert len(rows) == len(figures().incidents) > 1
    by_cause = caller.get("incidents?cause=system_upgrade")["items"]
    assert by_cause == [row for row in rows if row["cause"] == "system_upgrade"]
    assert caller.get("incidents?open=true")["items"] == [r for r in rows if r["is_open"]]
    assert caller.get("incidents?open=false")["items"] == [r for r in rows if not r["is_open"]]


def test_an_incident_tells_why_in_both_languages(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    row = caller.get("incidents?cause=system_upgrade")["items"][0]
    told = caller.get(f"incidents/{row['incident_id']}", Accept_Language="en")
    assert told["sentence"].startswith("The upgrade to 3.2.1 makes money late: ¥")
    assert told["confidence"] > 0
    assert [set(action) for action in told["actions"]] == [{"en", "zh"}]
    assert told["evidence"]
    assert all({"fact", "en", "zh", "late_minor"} <= set(fact) for fact in told["evidence"])
    assert told["events"][0]["kind"] == "opened"
    assert told["events"][0]["outstanding_minor"] == told["outstanding_minor"]


def test_an_incidents_sales_come_in_parts(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    row = caller.get("incidents?limit=1")["items"][0]
    address = f"incidents/{row['incident_id']}/sales"
    once, parts = whole(caller, f"{address}?limit=200"), whole(caller, f"{address}?limit=9")
    assert parts == once
    assert len({sale["sale_id"] for sale in once}) == row["sales"] > 9
    assert sum(sale["amount_minor"] for sale in once) == row["late_minor"]
    late = [sale["status"] for sale in once]
    assert late == sorted(late, key=lambda status: status != "overdue")


def test_a_note_is_written_once_and_stands_in_the_history(
    call_as: Callable[[str], Caller], token_as: Callable[..., Caller]
) -> None:
    from daozhang.server.models import AuditEntry

    incident_id = call_as("ops").get("incidents?limit=1")["items"][0]["incident_id"]
    writer = token_as("finance", "incidents")
    note = writer("POST", f"incidents/{incident_id}/notes", {"text": "  asked\nthe bank 已问 "})
    assert note.status_code == 201
    assert note.json()["text"] == "asked\nthe bank 已问"
    last = call_as("ops").get(f"incidents/{incident_id}")["events"][-1]
    assert (last["kind"], last["text"], last["by"]) == ("note", "asked\nthe bank 已问", "finance")
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.subject) == ("incident.noted", incident_id)


def test_journeys_come_in_parts_and_by_filter(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    rows = whole(caller, "journeys?limit=200")
    assert len(rows) == len({r["sale_id"] for r in rows})
    assert len(rows) == sum(r["sales"] for r in figures().by_status)
    order = [(r["captured_at"], r["sale_id"]) for r in rows]
    assert order == sorted(order, reverse=True)
    some = rows[len(rows) // 2]
    for name in ("store_id", "status"):
        found = whole(caller, f"journeys?limit=200&{name}={some[name]}")
        assert found == [r for r in rows if r[name] == some[name]]
    # 16:00 in UTC is midnight in Shanghai.
    day = whole(caller, "journeys?limit=200&day=2026-04-22")
    since, until = "2026-04-21T16:00:00Z", "2026-04-22T16:00:00Z"
    assert day == [r for r in rows if since <= r["captured_at"] < until]
    assert day


def test_a_sale_is_traced_as_the_command_line_does(call_as: Callable[[str], Caller]) -> None:
    from daozhang.app.answers import JOURNEY_COLUMNS
    from daozhang.app.scope import EVERYTHING
    from daozhang.app.trace import trace_sale
    from daozhang.app.trace_json import trace_json
    from daozhang.server.readings import reading_for

    reading = reading_for(EVERYTHING)
    assert reading is not None
    caller = call_as("ops")
    for status in ("overdue", "late", "on_time", "in_transit"):
        sale_id = caller.get(f"journeys?status={status}&limit=1")["items"][0]["sale_id"]
        told = caller.get(f"journeys/{sale_id}")
        trace = trace_sale(reading.engine(), sale_id, reading.about.as_of)
        assert trace is not None
        assert told == trace_json(trace)
        assert list(told["journey"]) == list(JOURNEY_COLUMNS)


def test_track_finds_and_offers(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    sale = caller.get("journeys?limit=1")["items"][0]
    exact = caller.get(f"track?q={sale['sale_id']}")
    assert (exact["found"], [s["sale_id"] for s in exact["sales"]]) == (True, [sale["sale_id"]])
    assert exact["sales"][0]["why"] == "exact"
    ending = caller.get(f"track?q={sale['sale_id'][-5:]}")
    assert not ending["found"]
    assert sale["sale_id"] in {s["sale_id"] for s in ending["sales"] if s["why"] == "ending"}
    assert caller.get("track?q='%20OR%201=1--")["sales"] == []


def test_a_file_is_sent_and_known_by_its_digest(
    token_as: Callable[..., Caller], call_as: Callable[[str], Caller]
) -> None:
    import hashlib

    from daozhang.server.models import Delivery
    from daozhang.server.receiving import waiting_path

    content = b"sale_id,amount\nS1,100\n" * 1000
    file = io.BytesIO(content)
    file.name = "../流水 2026.csv"
    receipt = token_as("provider", "files")("POST", "files", {"file": file})
    assert receipt.status_code == 201
    told = receipt.json()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["size_bytes"], told["way"], told["state"]) == (len(content), "api", "waiting")
    assert told["name"] == "流水 2026.csv"
    assert waiting_path(Delivery.objects.get(pk=told["file_id"])).read_bytes() == content
    assert call_as("provider").get("files")["items"] == [told]
    assert call_as("provider").get(f"files/{told['file_id']}") == told
    assert call_as("ops").get("files?limit=1&state=waiting")["items"] == [told]
    taken = whole(call_as("ops"), "files?state=taken&limit=7")
    assert len({r["file_id"] for r in taken}) == len(taken) > 7
    assert all(row["rows"] and row["format"] for row in taken if row["name"].endswith(".csv"))


def test_an_empty_file_is_refused(call_as: Callable[[str], Caller]) -> None:
    response = call_as("ops")("POST", "files", {"file": io.BytesIO(b"")})
    assert (response.status_code, response.json()["error"]["key"]) == (422, "file_empty")


def test_me(token_as: Callable[..., Caller], call_as: Callable[[str], Caller]) -> None:
    told = token_as("store", "read").get("me")
    assert told["role"] == "operations"
    assert told["rows"]["stores"] == ["ST00009"]
    assert not told["rows"]["all"]
    assert told["token"] == {"name": "a test's", "scopes": ["read"]}
    assert "people" not in told["rights"]
    assert call_as("admin").get("me")["rows"]["all"]
    assert call_as("admin").get("me")["token"] is None


def test_a_token_lives_and_ends(call_as: Callable[[str], Caller]) -> None:
    from django.test import Client

    from daozhang.server.models import ApiToken

    owner = call_as("finance")
    body = {"name": "till", "scopes": ["files", "read", "read"], "ends_at": "2099-01-01T00:00:00Z"}
    made = owner("POST", "tokens", body).json()
    assert made["scopes"] == ["files", "read"]
    kept = ApiToken.objects.get(pk=made["token_id"])
    assert made["secret"] not in (kept.secret_digest, kept.shown)
    program = Caller(Client(), {"Authorization": f"Bearer {made['secret']}"})
    assert program.get("me")["email"] == "finance@demo.example"
    (listed,) = owner.get("tokens")["items"]
    assert listed == {
        **{k: v for k, v in made.items() if k != "secret"},
        "used_at": listed["used_at"],
    }
    assert listed["used_at"] is not None
    assert owner("GET", "tokens?everyone=true").status_code == 403
    everyone = call_as("admin").get("tokens?everyone=true")["items"]
    assert made["token_id"] in {row["token_id"] for row in everyone}
    assert owner("DELETE", f"tokens/{made['token_id']}").status_code == 204
    assert program("GET", "me").json()["error"]["key"] == "token_invalid"
    past = owner("POST", "tokens", {**body, "ends_at": "2020-01-01T00:00:00+08:00"}).json()
    assert past["error"]["detail"]["fields"][0]["where"] == ["body", "ends_at"]


def test_a_token_that_ran_out_is_refused(token_as: Callable[..., Caller]) -> None:
    from datetime import timedelta

    from daozhang.server.clock import now
    from daozhang.server.models import ApiToken

    program = token_as("ops", "read")
    ApiToken.objects.filter(name="a test's").update(ends_at=now() - timedelta(seconds=1))
    assert program("GET", "me").json()["error"]["key"] == "token_invalid"


def test_somebody_is_invited_and_shut_out(call_as: Callable[[str], Caller]) -> None:
    from django.test import Client

    from daozhang.server.models import Person

    admin = call_as("admin")
    body = {
        "email": "New@Example.com", "role": "bank", "name": "new",
        "grants": [{"kind": "bank", "value": "CCB"}], "lang": "en",
    }  # fmt: skip
    made = admin("POST", "invitations", body).json()
    assert made["email"] == "new@example.com"
    (listed,) = admin.get("invitations")["items"]
    assert {**listed, "url": made["url"]} == made
    secret = made["url"].rstrip("/").rsplit("/", 1)[1]
    joined = Client().post(f"/invitation/{secret}/", {"password": "a-long-password-9"})
    assert joined.status_code == 302
    person = Person.objects.get(email="new@example.com")
    told = admin.get(f"people/{person.pk}")
    assert told["grants"] == [{"kind": "bank", "value": "CCB"}]
    assert admin.get("invitations")["items"] == []
    again = admin("POST", "invitations", body)
    assert (again.status_code, again.json()["error"]["key"]) == (409, "already_there")
    shut = admin("PATCH", f"people/{person.pk}", {"is_active": False})
    assert shut.json()["is_active"] is False
    own = Person.objects.get(email="admin@demo.example")
    refused = admin("PATCH", f"people/{own.pk}", {"is_active": False})
    assert (refused.status_code, refused.json()["error"]["key"]) == (409, "not_yourself")
    emails = [row["email"] for row in whole(admin, "people?limit=3")]
    assert emails == sorted(emails)
    assert len(emails) == Person.objects.count()


def test_the_audit_trail_is_listed_and_checked(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.models import AuditEntry

    auditor = call_as("auditor")
    rows = whole(auditor, "audit?limit=10")
    assert [row["number"] for row in rows] == list(range(len(rows), 0, -1))
    assert len(rows) == AuditEntry.objects.count() > 10
    joined = auditor.get("audit?action=person.joined&actor=demo")["items"]
    assert len(joined) == 7
    assert auditor.get("audit/verified") == {"whole": True, "broken": []}
    AuditEntry.objects.filter(number=3).update(actor="somebody else")
    assert auditor.get("audit/verified") == {
        "whole": False, "broken": [{"number": 3, "what": "changed"}],
    }  # fmt: skip


def test_nothing_tracked_yet_is_an_answer_too(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server.api import callers

    monkeypatch.setattr(callers, "reading_for", lambda scope: None)
    caller = call_as("ops")
    assert caller.get("overview")["as_of"] is None
    for address in ("incidents", "journeys"):
        assert caller.get(address) == {"items": [], "next": None}
    assert caller.get("track?q=1")["sales"] == []
    for address in ("upgrades", "providers", "banks"):
        assert caller.get(address) == {"items": []}
    assert caller.get("calendar")["days"] == []
    for address in ("incidents/INC-1", "incidents/INC-1/sales", "journeys/S1"):
        assert caller("GET", address).status_code == 404


def test_money_is_whole_and_instants_are_utc(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("admin")
    incident = caller.get("incidents?limit=1")["items"][0]["incident_id"]
    seen = 0
    for address in ("overview", "incidents", f"incidents/{incident}", f"incidents/{incident}/sales",
                    "journeys", "files", "people", "audit", "tokens", "upgrades",
                    "providers", "calendar?since=2026-04-13&until=2026-05-13"):  # fmt: skip
        for name, value in values_of(caller.get(address)):
            if value is None:
                continue
            if name.endswith("_minor"):
                assert type(value) is int, (address, name, value)
            if name.endswith("_at") or name in {"at", "as_of"}:
                assert INSTANT.fullmatch(value), (address, name, value)
                seen += 1
    assert seen > 100


def test_the_calendar_adds_up_to_what_was_promised(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    told = caller.get("calendar?since=2026-04-13&until=2026-06-30")
    assert (told["since"], told["until"]) == ("2026-04-13", "2026-06-30")
    by_day: dict[tuple[str, str], int] = {}
    for row in figures().by_day:
        if row["status"] not in {"cancelled", "failed"} and row["due_date"] is not None:
            key = (row["due_date"].isoformat(), row["currency"])
            by_day[key] = by_day.get(key, 0) + row["amount_minor"]
    assert {(d["day"], d["currency"]): d["promised_minor"] for d in told["days"]} == by_day
    for day in told["days"]:
        parts = sum(status["amount_minor"] for status in day["by_status"].values())
        assert parts == day["promised_minor"]
    around = caller.get("calendar")
    assert (around["since"], around["until"]) == ("2026-04-10", "2026-05-08")
    assert caller.get("calendar?until=2026-05-08") == around
    for query in ("since=2026-05-01&until=2026-04-30", "since=2026-01-01&until=2026-12-31"):
        (field,) = caller("GET", f"calendar?{query}").json()["error"]["detail"]["fields"]
        assert (field["where"], field["key"]) == (["query", "until"], "span")


def test_upgrades_tell_both_groups_and_the_verdict(call_as: Callable[[str], Caller]) -> None:
    (told,) = call_as("ops").get("upgrades", Accept_Language="en")["items"]
    assert told["release_id"] == "3.2.1"
    assert told["begun"] == 18
    assert told["gate"]["verdict"] in {"PASS", "FAIL", "WAIT"}
    assert told["gate"]["sentence"]
    assert all(effect["upgraded"]["due"] > 0 for effect in told["effects"])
    (part,) = call_as("provider").get("upgrades")["items"]
    assert part["gate"]["sentence"] is None
    assert {effect["provider_id"] for effect in part["effects"]} == {"HUATONG"}
    assert part["begun"] < told["begun"]


def test_providers_and_banks_stand_by_punctuality(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")
    for name, dimension in (("providers", "provider_id"), ("banks", "bank_id")):
        rows = caller.get(name)["items"]
        due = {"on_time", "late", "overdue"}
        assert sum(row["due"] for row in rows) == sum(
            row["sales"] for row in figures().by_status if row["status"] in due
        )
        ordered = [(row["currency"], row["high_permille"] or 1000) for row in rows]
        assert ordered == sorted(ordered), dimension
        assert all(row["findings"] is not None for row in rows)
    assert {row["id"] for row in call_as("provider").get("providers")["items"]} == {"HUATONG"}
    assert all(row["findings"] is None for row in call_as("store").get("providers")["items"])


def test_parts_are_small_enough(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("admin")
    lists = [op.path for op in operations() if op.name in {
        "incidents", "journeys", "files", "tokens", "people", "invitations", "audit",
    }]  # fmt: skip
    assert len(lists) == 7
    for address in lists:
        for limit in (0, 201, -1, 10**30):
            refused = caller("GET", f"{address}?limit={limit}")
            assert refused.status_code == 422, (address, limit)
        for cursor in CURSORS:
            refused = caller("GET", f"{address}?cursor={cursor}")
            if refused.status_code == 200:  # Another list's cursor of the same kind.
                assert cursor == "WzFd"
                continue
            (field,) = refused.json()["error"]["detail"]["fields"]
            assert field["where"] == ["query", "cursor"]
