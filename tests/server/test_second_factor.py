"""The second factor: who must have it is led to it, keeps it, and gets in again without a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SET_UP = "/accounts/2fa/totp/activate/"


def _person(name: str) -> Any:
    from daozhang.server.models import Person

    return Person.objects.get(email=f"{name}@demo.example")


def _give(name: str) -> Any:
    """Set one up for somebody, with recovery codes; return the recovery codes."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(_person(name), generate_totp_secret())
    return RecoveryCodes.activate(_person(name)).get_unused_codes()


def _require(client: Any, *roles: str) -> None:
    answer = client.post("/settings/", {"do": "require", "roles": roles})
    assert answer.status_code == 302


def _trail(count: int) -> list[tuple[str, str, str, Any]]:
    from daozhang.server.models import AuditEntry

    rows = AuditEntry.objects.order_by("-number")[:count]
    return [(row.actor, row.action, row.subject, row.detail) for row in rows]


def test_whoever_must_have_one_sees_nothing_before_it_is_set_up(
    client_of: Callable[[str], Any],
) -> None:
    from django.test import Client

    from daozhang.server.clock import now
    from daozhang.server.tokens import make_token

    admin, finance, ops = (client_of(name) for name in ("admin", "finance", "ops"))
    _, secret = make_token(now(), _person("finance"), name="till", scopes=("read",))
    _require(admin, "finance")
    for path in ("/", "/late/", "/files/", "/settings/", "/sales/", "/accounts/password/change/"):
        answer = finance.get(path)
        assert (answer.status_code, answer.get("Location")) == (302, SET_UP), path
    refused = finance.get("/api/v1/overview")
    assert (refused.status_code, refused.json()["error"]["key"]) == (403, "second_factor_needed")
    token = Client().get("/api/v1/overview", headers={"Authorization": f"Bearer {secret}"})
    assert token.status_code == 200, "a token that was made before stays good"
    assert ops.get("/").status_code == 200, "others need none"
    _give("finance")
    assert finance.get("/").status_code == 200
    assert finance.get("/api/v1/overview").status_code == 200
    _require(admin)
    assert _trail(1) == [("admin@demo.example", "second_factor.required", "", {"roles": []})]


def test_who_demands_it_of_themselves_must_have_it_too(client_of: Callable[[str], Any]) -> None:
    admin = client_of("admin")
    _require(admin, "administrator", "nonsense")
    assert admin.get("/settings/")["Location"] == SET_UP
    assert _trail(1)[0][3] == {"roles": ["administrator"]}


def test_what_is_required_already_leaves_no_second_entry(client_of: Callable[[str], Any]) -> None:
    admin = client_of("admin")
    _require(admin, "bank")
    before = _trail(1)
    _require(admin, "bank")
    assert _trail(1) == before


def test_it_cannot_be_taken_away_where_the_role_needs_it(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.second_factor import has_one

    finance, admin = client_of("finance"), client_of("admin")
    _give("finance")
    finance.post("/accounts/reauthenticate/", {"password": "arrive-on-time"})
    _require(admin, "finance")
    kept = finance.post("/accounts/2fa/totp/deactivate/?lang=en")
    assert "Your role needs a second factor" in kept.content.decode()
    assert has_one(_person("finance"))
    _require(admin)
    assert finance.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not has_one(_person("finance"))
    assert _trail(1)[0][1:3] == ("second_factor.removed", "finance@demo.example")


def test_an_administrator_resets_it_and_a_letter_says_so(
    client_of: Callable[[str], Any], data: Path
) -> None:
    from daozhang.server.second_factor import has_one

    admin, bank = client_of("admin"), _person("bank")
    _give("bank")
    page = admin.get("/settings/?lang=en").content.decode()
    assert 'aria-label="Reset the second factor of bank@demo.example"' in page
    letters = set((data / "mail").glob("*")) if (data / "mail").is_dir() else set()
    admin.post("/settings/", {"do": "reset", "person": bank.pk})
    assert not has_one(bank)
    assert _trail(1) == [("admin@demo.example", "second_factor.reset", "bank@demo.example", {})]
    fresh = "".join(p.read_text() for p in set((data / "mail").glob("*")) - letters)
    assert "To: bank@demo.example" in fresh
    admin.post("/settings/", {"do": "reset", "person": bank.pk})
    assert (
        "bank@demo.example has no second factor" in admin.get("/settings/?lang=en").content.decode()
    )
    _give("admin")
    admin.post("/settings/", {"do": "reset", "person": _person("admin").pk})
    assert has_one(_person("admin")), "one's own is taken away on one's own page"
    for name in ("ops", "auditor"):
        answer = client_of(name).post("/settings/", {"do": "reset", "person": bank.pk})
        assert answer.status_code == 403
        assert client_of(name).post("/settings/", {"do": "require"}).status_code == 403


def test_whoever_is_alone_with_the_server_resets_it_there(server: Path) -> None:
    import pytest

    from daozhang.server.commands import CommandError, reset_second_factor
    from daozhang.server.second_factor import has_one

    _give("admin")
    reset_second_factor("admin@demo.example")
    assert not has_one(_person("admin"))
    assert _trail(1)[0][:3] == ("command line", "second_factor.reset", "admin@demo.example")
    with pytest.raises(CommandError, match="has no second factor"):
        reset_second_factor("admin@demo.example")
    with pytest.raises(CommandError, match="nobody"):
        reset_second_factor("x@demo.example")


def test_somebody_gets_another_role_and_other_rows(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.rights import scope_of

    admin, person = client_of("admin"), _person("store")
    path = f"/settings/people/{person.pk}/"
    assert person.grants.get().value in admin.get(path).content.decode()
    admin.post(path, {"role": "finance", "store": "ST1, ST2", "provider": " "})
    changed = _person("store")
    assert (changed.role, scope_of(changed).stores) == ("finance", {"ST1", "ST2"})
    told = {"role": "finance", "grants": [["store", "ST1"], ["store", "ST2"]]}
    assert _trail(1) == [
        ("admin@demo.example", "person.changed", "store@demo.example", told)
    ]  # fmt: skip
    admin.post(path, {"role": "emperor", "store": ""})
    assert _person("store").role == "finance"
    myself = _person("admin")
    admin.post(f"/settings/people/{myself.pk}/", {"role": "bank"})
    assert _person("admin").role == "administrator"
    assert client_of("ops").post(path, {"role": "administrator"}).status_code == 403
