"""Calls of the API: by session or token, and what its own list of operations says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

ROLES = ("ops", "store", "finance", "provider", "bank", "admin", "auditor")
PARTS = ("store", "provider", "bank")
"""Who of them sees only some rows."""


@dataclass(frozen=True)
class Operation:
    """One operation as the API itself lists it."""

    name: str
    method: str
    path: str
    needs: Any


def operations() -> list[Operation]:
    """Every operation that the API has."""
    from daozhang.server.api.root import api

    return [
        Operation(op.operation_id, op.methods[0], f"/api/v1{path}", op.auth_callbacks[0])
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for op in view.operations
    ]


class Caller:
    """Calls by one person, by session or token."""

    def __init__(self, client: Any, headers: dict[str, str] | None = None) -> None:
        self.client = client
        self.headers = headers or {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the response; ``body`` is JSON, or a form with a file if it is a dict of files."""
        given = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        address = path if path.startswith("/") else f"/api/v1/{path}"
        if isinstance(body, dict) and any(hasattr(value, "read") for value in body.values()):
            return self.client.post(address, body, headers=given)
        data = b"" if body is None else json.dumps(body)
        return self.client.generic(
            method, address, data, content_type="application/json", headers=given
        )

    def get(self, path: str, **headers: str) -> Any:
        """Return the value that a GET answers; it must be a good one."""
        response = self("GET", path, **headers)
        assert response.status_code == 200, response.content.decode()
        return response.json()


@pytest.fixture(autouse=True)
def nobody_asked_yet(data: object) -> Iterator[None]:
    """Each test begins with full buckets of calls."""
    from daozhang.server.api import limits

    for limiter in (limits.PEOPLE, limits.STRANGERS):
        limiter._buckets.clear()
    yield


@pytest.fixture
def call_as(client_of: Callable[[str], Any]) -> Callable[[str], Caller]:
    """Return who calls within a session: ops, store, finance, provider, bank, admin, auditor."""

    def made(name: str) -> Caller:
        client = client_of(name)
        client.raise_request_exception = False
        return Caller(client)

    return made


@pytest.fixture
def token_as(server: object) -> Callable[..., Caller]:
    """Return who calls with a new token of somebody's that is good for some scopes."""
    from django.test import Client

    from daozhang.server.clock import now
    from daozhang.server.models import Person
    from daozhang.server.tokens import make_token

    def made(name: str, *scopes: str) -> Caller:
        person = Person.objects.get(email=f"{name}@demo.example")
        _, secret = make_token(now(), person, name="a test's", scopes=scopes)
        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        return Caller(client, {"Authorization": f"Bearer {secret}"})

    return made


@dataclass(frozen=True)
class Ids:
    """Things that exist: some are somebody's own, some are not."""

    sale: str
    incident: str
    file: int
    person: int
    token: int


@pytest.fixture
def ids_of(server: object) -> Callable[[str, bool], Ids]:
    """Return ids of what is somebody's own, or of what is not.

    They are found in the whole snapshot by what was granted, not by the code that is tested.
    """
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.clock import now
    from daozhang.server.models import ApiToken, Delivery, Grant, Person
    from daozhang.server.readings import reading_for
    from daozhang.server.tokens import make_token

    reading = reading_for(EVERYTHING)
    assert reading is not None
    engine = reading.engine()

    def found(name: str, own: bool) -> Ids:
        person = Person.objects.get(email=f"{name}@demo.example")
        grants = list(Grant.objects.filter(person=person))
        inside = " AND ".join(f"{g.kind}_id = '{g.value}'" for g in grants) or "1 = 1"
        wanted = inside if own or not grants else f"NOT ({inside})"
        ((sale,),) = engine.rows(f"SELECT min(sale_id) FROM listed WHERE {wanted}")
        held = f"SELECT incident_id FROM listed WHERE {inside}"
        side = "IN" if own or not grants else "NOT IN"
        ((incident,),) = engine.rows(
            "SELECT min(incident_id) FROM incident_sales WHERE incident_id IS NOT NULL "
            f"AND incident_id {side} ({held} AND incident_id IS NOT NULL)"
        )
        other = Person.objects.exclude(pk=person.pk).order_by("pk").first()
        assert other is not None
        sender = person if own else other
        file = Delivery.objects.create(
            name="x.csv", digest="0" * 64, size=1, way="api", by=sender, received_at=now(),
        )  # fmt: skip
        token, _ = make_token(now(), sender, name="theirs", scopes=("read",))
        assert sale and incident
        assert ApiToken.objects.filter(pk=token.pk).exists()
        return Ids(str(sale), str(incident), file.pk, other.pk, token.pk)

    return found
