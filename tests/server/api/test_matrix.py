"""Who may call what, on whose rows: every operation, every role, own and foreign rows.

The operations come from the API itself: one that stands in no table here fails.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.calls import PARTS, ROLES, Caller, Ids, operations

#                       ops  store fin. prov. bank admin auditor
OWN = {
    "overview":        (200, 200, 200, 200, 200, 200, 200),
    "incidents":       (200, 200, 200, 200, 200, 200, 200),
    "incident":        (200, 200, 200, 200, 200, 200, 200),
    "incident_sales":  (200, 200, 200, 200, 200, 200, 200),
    "add_note":        (201, 201, 201, 201, 201, 201, 403),
    "track":           (200, 200, 200, 200, 200, 200, 200),
    "journeys":        (200, 200, 200, 200, 200, 200, 200),
    "journey":         (200, 200, 200, 200, 200, 200, 200),
    "sales":           (200, 200, 200, 200, 200, 200, 200),
    "places":          (200, 200, 200, 200, 200, 200, 200),
    "calendar":        (200, 200, 200, 200, 200, 200, 200),
    "upgrades":        (200, 200, 200, 200, 403, 200, 200),
    "upgrade":         (200, 200, 200, 200, 403, 200, 200),
    "terminals":       (200, 200, 200, 200, 403, 200, 200),
    "quiet_hours":     (200, 200, 200, 200, 403, 200, 200),
    "provider":        (200, 200, 200, 200, 403, 200, 200),
    "bank":            (200, 200, 200, 200, 403, 200, 200),
    "terms":           (403, 403, 200, 403, 403, 200, 200),
    "what_if":         (403, 403, 200, 403, 403, 200, 200),
    "sources":         (403, 403, 403, 403, 403, 200, 403),
    "add_source":      (403, 403, 403, 403, 403, 201, 403),
    "change_source":   (403, 403, 403, 403, 403, 200, 403),
    "remove_source":   (403, 403, 403, 403, 403, 204, 403),
    "providers":       (200, 200, 200, 200, 403, 200, 200),
    "banks":           (200, 200, 200, 200, 403, 200, 200),
    "files":           (200, 200, 200, 200, 200, 200, 200),
    "file":            (200, 200, 200, 200, 200, 200, 200),
    "send_file":       (201, 201, 201, 201, 201, 201, 403),
    "me":              (200, 200, 200, 200, 200, 200, 200),
    "tokens":          (200, 200, 200, 200, 200, 200, 200),
    "make_token":      (201, 201, 201, 201, 201, 201, 201),
    "revoke_token":    (204, 204, 204, 204, 204, 204, 204),
    "people":          (403, 403, 403, 403, 403, 200, 403),
    "person":          (403, 403, 403, 403, 403, 200, 403),
    "change_person":   (403, 403, 403, 403, 403, 200, 403),
    "reset_second_factor":   (403, 403, 403, 403, 403, 204, 403),
    "second_factor":         (403, 403, 403, 403, 403, 200, 403),
    "require_second_factor": (403, 403, 403, 403, 403, 200, 403),
    "invitations":     (403, 403, 403, 403, 403, 200, 403),
    "invite":          (403, 403, 403, 403, 403, 201, 403),
    "audit":           (403, 403, 403, 403, 403, 200, 200),
    "audit_verified":  (403, 403, 403, 403, 403, 200, 200),
}  # fmt: skip
"""What is answered where the rows are the caller's own."""

FOREIGN = {
    "incident":        (200, 404, 200, 404, 404, 200, 200),
    "incident_sales":  (200, 404, 200, 404, 404, 200, 200),
    "add_note":        (201, 404, 201, 404, 404, 201, 403),
    "provider":        (200, 404, 200, 404, 403, 200, 200),
    "bank":            (200, 404, 200, 404, 403, 200, 200),
    "journey":         (200, 404, 200, 404, 404, 200, 200),
    "file":            (200, 404, 200, 404, 404, 200, 200),
    "revoke_token":    (404, 404, 404, 404, 404, 204, 404),
}  # fmt: skip
"""What is answered where they are somebody else's; who sees all rows has no foreign ones."""

SCOPES: dict[str, str | None] = {
    "add_note": "incidents", "send_file": "files", "make_token": None, "revoke_token": None,
    "change_person": None, "invite": None, "reset_second_factor": None,
    "require_second_factor": None, "add_source": None, "change_source": None,
    "remove_source": None,
}  # fmt: skip
"""What a token must be good for, where that is not looking; None: no token will do."""


def body_of(name: str) -> Any:
    """A body that is good."""
    return {
        "add_note": {"text": "asked the bank"},
        "make_token": {"name": "till", "scopes": ["read"]},
        "invite": {"email": "new@example.com", "role": "finance"},
        "change_person": {"is_active": False},
        "require_second_factor": {"roles": []},
        "add_source": {"name": "bank", "account_id": "A1", "expected_by": "09:30"},
        "change_source": {"enabled": False, "try_now": True},
        "send_file": {"file": io.BytesIO(b"a,b\n1,2\n")},
    }.get(name)


def path_of(path: str, ids: Ids) -> str:
    """An operation's address with ids in it."""
    values = {
        "incident_id": ids.incident, "path:sale_id": ids.sale, "int:file_id": ids.file,
        "int:token_id": ids.token, "int:person_id": ids.person, "int:source_id": ids.source,
        "path:release_id": ids.release, "path:provider_id": ids.provider, "path:bank_id": ids.bank,
    }  # fmt: skip
    for name, value in values.items():
        path = path.replace("{" + name + "}", str(value))
    assert "{" not in path, "an id that no test knows"
    queries = {
        "/track": "q=1234", "/terminals": f"release_id={ids.release}",
        "/terms/what-if": f"provider={ids.provider}&lag=1&basis=calendar&extra=0.05",
    }  # fmt: skip
    return next((f"{path}?{q}" for end, q in queries.items() if path.endswith(end)), path)


def test_every_operation_has_its_expectations(data: object) -> None:
    named = {operation.name for operation in operations()}
    assert len(named) == len(operations())
    assert set(OWN) == named
    assert set(FOREIGN) == {op.name for op in operations() if "{" in op.path} - {
        "person", "change_person", "reset_second_factor", "change_source", "remove_source",
        "upgrade",
    }  # fmt: skip
    assert set(SCOPES) <= named
    unsafe = {op.name for op in operations() if op.method != "GET"}
    assert unsafe == set(SCOPES), "what changes something says what token may do it"


@pytest.mark.parametrize("own", [True, False], ids=["own", "foreign"])
@pytest.mark.parametrize("role", ROLES)
def test_roles(
    call_as: Callable[[str], Caller],
    ids_of: Callable[[str, bool], Ids],
    role: str,
    own: bool,
) -> None:
    expected = OWN if own else {**OWN, **FOREIGN}
    caller, ids, wrong = call_as(role), ids_of(role, own), []
    for op in operations():
        response = caller(op.method, path_of(op.path, ids), body_of(op.name))
        wanted = expected[op.name][ROLES.index(role)]
        if response.status_code != wanted:
            wrong.append((op.name, wanted, response.status_code, response.content.decode()[:200]))
        if wanted >= 400:
            assert set(response.json()["error"]) == {"key", "message", "detail"}
    assert wrong == []


@pytest.mark.parametrize("scope", ["read", "files", "incidents"])
@pytest.mark.parametrize("role", ["admin", "auditor", "bank"])
def test_a_token_may_what_its_scope_and_its_person_may(
    token_as: Callable[..., Caller], ids_of: Callable[[str, bool], Ids], role: str, scope: str
) -> None:
    caller, ids, wrong = token_as(role, scope), ids_of(role, True), []
    for op in operations():
        response = caller(op.method, path_of(op.path, ids), body_of(op.name))
        wanted = OWN[op.name][ROLES.index(role)]
        key = None
        if SCOPES.get(op.name, "read") is None:
            wanted, key = 403, "session_needed"
        elif SCOPES.get(op.name, "read") != scope:
            wanted, key = 403, "token_scope"
        found = response.json()["error"]["key"] if response.status_code >= 400 else None
        if response.status_code != wanted or (key and found != key):
            wrong.append((op.name, wanted, response.status_code, key, found))
    assert wrong == []


def test_who_is_not_known_may_nothing(server: object, ids_of: Callable[[str, bool], Ids]) -> None:
    from django.test import Client

    from daozhang.server.api import limits

    stranger = Caller(Client(raise_request_exception=False, enforce_csrf_checks=True))
    ids = ids_of("admin", True)
    for op in operations():
        limits.STRANGERS._buckets.clear()
        for headers in ({}, {"Authorization": "Bearer dz_nobody"}, {"Authorization": "Basic eDp5"}):
            response = stranger(op.method, path_of(op.path, ids), body_of(op.name), **headers)
            assert response.status_code == 401, (op.name, headers)
            wanted = "token_invalid" if headers else "not_signed_in"
            assert response.json()["error"]["key"] == wanted
            assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_change_within_a_session_needs_the_csrf_token(
    server: object, ids_of: Callable[[str, bool], Ids]
) -> None:
    from django.test import Client

    from daozhang.server.models import Person

    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    admin = Person.objects.get(email="admin@demo.example")
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    caller, ids = Caller(client), ids_of("admin", True)
    for op in operations():
        response = caller(op.method, path_of(op.path, ids), body_of(op.name))
        if op.method == "GET":
            assert response.status_code == 200, op.name
        else:
            assert (response.status_code, response.json()["error"]["key"]) == (403, "csrf_failed")
    client.get("/settings/")
    secret = client.cookies["csrftoken"].value
    made = caller("POST", "tokens", body_of("make_token"), X_CSRFToken=secret)
    assert made.status_code == 201


@pytest.mark.parametrize("role", PARTS)
def test_lists_hold_own_rows_only(call_as: Callable[[str], Caller], role: str) -> None:
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.models import Grant
    from daozhang.server.readings import reading_for

    grant = Grant.objects.get(person__email=f"{role}@demo.example")
    reading = reading_for(EVERYTHING)
    assert reading is not None
    kept = f"{grant.kind}_id = '{grant.value}'"
    if grant.kind == "bank":
        kept = f"account_id IN (SELECT account_id FROM facts_accounts WHERE {kept})"
    owned = {row[0] for row in reading.engine().rows(f"SELECT sale_id FROM journeys WHERE {kept}")}
    assert owned
    caller = call_as(role)
    seen, address = set(), "journeys?limit=200"
    while address:
        page = caller.get(address)
        seen |= {row["sale_id"] for row in page["items"]}
        address = page["next"]
    assert seen == owned
    whole = call_as("admin")
    for row in whole.get("incidents")["items"]:
        sales, address = set(), f"incidents/{row['incident_id']}/sales"
        if caller("GET", address).status_code == 404:
            continue
        while address:
            page = caller.get(address)
            sales |= {sale["sale_id"] for sale in page["items"]}
            address = page["next"]
        assert sales <= owned
        told = caller.get(f"incidents/{row['incident_id']}")
        assert told["sales"] == len(sales)
        assert not any({"late_minor", "example"} & set(fact) for fact in told["evidence"])
        assert all(event["outstanding_minor"] is None for event in told["events"])
    assert caller.get("files")["items"] == []


def test_of_a_sale_others_evidence_is_not_told(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("store")
    late = caller.get("journeys?status=late&limit=1")["items"][0]["sale_id"]
    assert all(
        not {"late_minor", "example"} & set(fact)
        for fact in caller.get(f"journeys/{late}")["why"]["evidence"]
    )
    assert call_as("admin").get(f"journeys/{late}")["why"]["evidence"][0]["late_minor"] > 0


def test_nobody_shut_out_comes_in_by_session_or_token(
    call_as: Callable[[str], Caller], token_as: Callable[..., Caller]
) -> None:
    from daozhang.server.models import Person

    callers = call_as("bank"), token_as("bank", "read")
    assert [caller("GET", "me").status_code for caller in callers] == [200, 200]
    bank = Person.objects.get(email="bank@demo.example")
    call_as("admin")("PATCH", f"people/{bank.pk}", {"is_active": False})
    assert [caller("GET", "me").status_code for caller in callers] == [401, 401]
