"""Pages: who may see them, whose rows they show, what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from daozhang.server.words_en import EN

ROLES = ("ops", "store", "finance", "provider", "bank", "admin", "auditor")


def _text(response: Any) -> str:
    return str(response.content.decode())


def test_nobody_sees_a_page_without_signing_in(server: object) -> None:
    from django.test import Client

    for path in ("/", "/late/", "/track/", "/settings/", "/audit/"):
        response = Client().get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_the_bad_upgrade_stands_on_the_first_page_and_leads_to_why(
    client_of: Callable[[str], Any],
) -> None:
    client = client_of("finance")
    page = _text(client.get("/?lang=en"))
    assert "The upgrade to 3.2.1 delays ¥" in page
    link = page.split('<p class="upgrade">')[1].split('href="')[1].split('"')[0]
    why = _text(client.get(link))
    assert EN["incident.why"] in why
    assert '<ul class="evidence">' in why


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everyone_has_an_overview_in_both_languages(
    client_of: Callable[[str], Any], name: str, lang: str
) -> None:
    response = client_of(name).get(f"/?lang={lang}")
    assert response.status_code == 200
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in _text(response)


def test_a_store_sees_its_own_sales_only(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.models import Person
    from daozhang.server.readings import reading_for
    from daozhang.server.rights import scope_of

    client = client_of("store")
    person = Person.objects.get(email="store@demo.example")
    own = scope_of(person).stores
    assert own is not None
    everything = client_of("admin")
    from daozhang.app.scope import EVERYTHING

    reading = reading_for(EVERYTHING)
    assert reading is not None
    engine = reading.engine()
    ((mine,),) = engine.rows(f"SELECT min(sale_id) FROM outcomes WHERE store_id IN ('{min(own)}')")
    ((foreign,),) = engine.rows(
        f"SELECT min(sale_id) FROM outcomes WHERE store_id NOT IN ('{min(own)}')"
    )
    assert client.get(f"/track/{mine}/").status_code == 200
    assert client.get(f"/track/{foreign}/").status_code == 404
    assert everything.get(f"/track/{foreign}/").status_code == 200


def test_audit_is_for_auditors_and_administrators(client_of: Callable[[str], Any]) -> None:
    for name in ROLES:
        expected = 200 if name in {"admin", "auditor"} else 403
        assert client_of(name).get("/audit/").status_code == expected


def test_the_audit_trail_shows_tampering(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.audit import verify
    from daozhang.server.models import AuditEntry

    assert list(verify()) == []
    entry = AuditEntry.objects.order_by("number")[2]
    AuditEntry.objects.filter(number=entry.number).update(actor="somebody else")
    assert [(b.number, b.what) for b in verify()] == [(entry.number, "changed")]
    AuditEntry.objects.filter(number=entry.number).update(actor=entry.actor)
    AuditEntry.objects.order_by("-number").first().delete()  # type: ignore[union-attr]
    assert [b.what for b in verify()] == ["cut off"]
