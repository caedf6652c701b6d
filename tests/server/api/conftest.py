"""Who calls the API, by session or token, and things that are theirs or are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.calls import Caller, Ids


@pytest.fixture(autouse=True)
def nobody_asked_yet(data: object) -> None:
    """Each test begins with full buckets of calls."""
    from daozhang.server.api import limits

    for limiter in (limits.PEOPLE, limits.STRANGERS):
        limiter._buckets.clear()


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


@pytest.fixture
def ids_of(server: object) -> Callable[[str, bool], Ids]:
    """Return ids of what is somebody's own, or of what is not.

    They are found in the whole snapshot by what was granted, not by the code that is tested.
    """
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.clock import now
    from daozhang.server.models import ApiToken, Delivery, Grant, Person, Source
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
        assert sale
        assert incident
        assert ApiToken.objects.filter(pk=token.pk).exists()
        source = Source.objects.create(name=f"{name} {own}", address="file:///nowhere")
        (parties,) = engine.rows(
            "SELECT min(provider_id), min(bank_id), (SELECT min(release_id) FROM facts_upgrades) "
            f"FROM listed WHERE {wanted}"
        )
        provider, bank, release = (str(value) for value in parties)
        if wanted != inside and grants[0].kind != "bank":
            of = "FROM outcomes AS o LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id"
            seen = f"WHERE o.{inside}"
            ((unseen, elsewhere),) = engine.rows(
                f"SELECT (SELECT min(o.provider_id) {of} WHERE o.provider_id NOT IN "
                f"(SELECT o.provider_id {of} {seen})), (SELECT min(a.bank_id) {of} "
                f"WHERE a.bank_id NOT IN (SELECT a.bank_id {of} {seen} AND a.bank_id IS NOT NULL))"
            )
            provider, bank = str(unseen or "NOBODY"), str(elsewhere or "NOBODY")
        return Ids(
            str(sale), str(incident), file.pk, other.pk, token.pk, source.pk, release, provider,
            bank,
        )  # fmt: skip

    return found
