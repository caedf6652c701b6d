"""Every page × every role × own and foreign rows, from the server's own list of addresses.

A page that is added without saying here what it is asked for fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

PEOPLE = {
    "ops": "operations", "store": "operations", "finance": "finance", "provider": "provider",
    "bank": "bank", "admin": "administrator", "auditor": "auditor",
}  # fmt: skip
SAMPLES: dict[str, str | None] = {
    "incident": "incident_id", "incident_sales": "incident_id", "sale": "sale_id",
    "calendar_day": "day", "file": "file", "upgrade": "release", "upgrade_terminals": "release",
    "provider": "provider_id", "bank": "bank_id", "person": "person",
}  # fmt: skip
"""Page → what its address names; pages that are not here have addresses without names."""

BY_ROWS = {"incident", "incident_sales", "sale", "file", "provider", "bank"}
"""Pages about one thing: to whoever may not see its rows, it is not there (404)."""


def pages() -> Iterator[tuple[str, str]]:
    """Yield name and right of every page."""
    from django.urls import get_resolver

    for patterns in (get_resolver().url_patterns,):
        yield from _pages(patterns)


def _pages(patterns: Any) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _pages(pattern.url_patterns)
        elif getattr(pattern.callback, "right", None):
            yield pattern.name, pattern.callback.right


def _address(name: str, sample: dict[str, str]) -> str:
    from django.urls import reverse

    what = SAMPLES.get(name)
    return reverse(name, args=[sample[what]] if what else [])


def _sample(where: str) -> dict[str, str]:
    """Return something of each kind among the sales that a condition keeps."""
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.models import Delivery, Person
    from daozhang.server.readings import reading_for

    reading = reading_for(EVERYTHING)
    assert reading is not None
    engine = reading.engine()
    rows = engine.fetch(
        "SELECT l.sale_id, l.incident_id, l.provider_id, l.bank_id FROM listed AS l "
        f"WHERE l.incident_id IS NOT NULL AND {where} ORDER BY l.sale_id LIMIT 1"
    ).to_pylist()
    assert rows, f"the estate has late money where {where}"
    ((release,),) = engine.rows("SELECT min(release_id) FROM facts_upgrades")
    return {
        **{name: str(value) for name, value in rows[0].items()},
        "release": str(release), "day": "2026-04-23", "file": str(Delivery.objects.first().pk),  # type: ignore[union-attr]
        "person": str(Person.objects.first().pk),  # type: ignore[union-attr]
    }  # fmt: skip


def _ids(name: str) -> Any:
    from daozhang.server.models import Person
    from daozhang.server.rights import scope_of

    return scope_of(Person.objects.get(email=f"{name}@demo.example"))


def test_every_page_has_a_place_in_this_matrix(server: object) -> None:
    from django.urls import NoReverseMatch, reverse

    from daozhang.server.rights import ROLES

    found = dict(pages())
    assert len(found) >= 15
    known = {right for rights in ROLES.values() for right in rights}
    for name, right in found.items():
        assert right in known, f"{name} asks for {right}, which no role has"
        if name in SAMPLES:
            continue
        try:
            reverse(name)
        except NoReverseMatch:
            pytest.fail(f"the page {name} names something: say what in SAMPLES")
    assert set(SAMPLES) <= set(found), "SAMPLES names pages that are not there"


@pytest.mark.parametrize("name", PEOPLE)
def test_a_role_sees_its_pages_and_no_others(client_of: Callable[[str], Any], name: str) -> None:
    from daozhang.server.rights import ROLES

    client = client_of(name)
    scope = _ids(name)
    conditions = {
        "stores": "l.store_id", "providers": "l.provider_id", "accounts": "l.account_id",
    }  # fmt: skip
    own = " AND ".join(
        f"{column} IN ({', '.join(repr(i) for i in sorted(getattr(scope, kind)))})"
        for kind, column in conditions.items()
        if getattr(scope, kind) is not None
    )
    sample = _sample(own or "TRUE")
    for page, right in pages():
        if page == "file":
            continue
        allowed = right in ROLES[PEOPLE[name]]
        status = client.get(_address(page, sample)).status_code
        assert status == (200 if allowed else 403), f"{name} {page}: {status}"


@pytest.mark.parametrize("name", ["store", "provider", "bank"])
def test_foreign_rows_are_not_there(client_of: Callable[[str], Any], name: str) -> None:
    from daozhang.server.rights import ROLES

    client = client_of(name)
    scope = _ids(name)
    column, ids = next(
        (column, ids)
        for column, ids in (
            ("l.store_id", scope.stores), ("l.provider_id", scope.providers),
            ("l.account_id", scope.accounts),
        )
        if ids is not None
    )  # fmt: skip
    named = ", ".join(repr(i) for i in sorted(ids))
    mine = (
        "SELECT l2.{0} FROM listed AS l2 WHERE l2."
        + column[2:]
        + f" IN ({named}) AND l2.{{0}} IS NOT NULL"
    )
    foreign = _sample(
        f"{column} NOT IN ({named}) AND l.incident_id NOT IN ({mine.format('incident_id')})"
    )
    for page, right in pages():
        if page not in BY_ROWS - {"provider", "bank"} or right not in ROLES[PEOPLE[name]]:
            continue
        status = client.get(_address(page, foreign)).status_code
        assert status == 404, f"{name} sees a foreign {page}: {status}"


def test_whoever_has_no_rows_sees_none(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.models import Grant

    client = client_of("provider")
    Grant.objects.filter(person__email="provider@demo.example").delete()
    sample = _sample("TRUE")
    page = client.get("/?lang=en").content.decode()
    assert "Nothing has been tracked yet" in page
    for name in ("incident", "sale"):
        assert client.get(_address(name, sample)).status_code == 404
