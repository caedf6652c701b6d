"""How people come in: invitation, password, second factor; and how others are kept out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "arrive-on-time"


def _login(client: Any, email: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password})


def test_an_invited_person_sets_a_password_and_sees_only_what_was_granted(
    client_of: Callable[[str], Any], data: Path
) -> None:
    from django.test import Client

    from daozhang.server.models import AuditEntry, Person
    from daozhang.server.rights import scope_of

    admin = client_of("admin")
    sent = admin.post(
        "/settings/",
        {"do": "invite", "email": "New@Demo.example", "name": "New", "role": "provider",
         "kind": "provider", "value": "RUIFU, LANQIAO"},
    )  # fmt: skip
    assert sent.status_code == 302
    page = admin.get("/settings/?lang=en").content.decode()
    link = re.search(r"/invitation/([\w-]+)", page)
    assert link is not None
    letters = "".join(p.read_text() for p in (data / "mail").iterdir())
    assert link[1] in letters
    assert link[1] not in admin.get("/settings/").content.decode(), "it is shown once"
    guest = Client()
    weak = guest.post(f"/invitation/{link[1]}/", {"password": "123"})
    assert weak.status_code == 200
    taken = guest.post(f"/invitation/{link[1]}/", {"password": "a-long-enough-one"})
    assert taken.status_code == 302
    again = guest.post(f"/invitation/{link[1]}/", {"password": "another-long-one"})
    assert again.status_code == 404, "an invitation is taken once"
    person = Person.objects.get(email="new@demo.example")
    assert scope_of(person).providers == {"RUIFU", "LANQIAO"}
    assert _login(guest, "new@demo.example", "a-long-enough-one").status_code == 302
    assert guest.get("/").status_code == 200
    actions = list(AuditEntry.objects.order_by("-number").values_list("action", flat=True)[:2])
    assert actions == ["person.joined", "person.invited"]


def test_an_invitation_runs_out(client_of: Callable[[str], Any]) -> None:
    from datetime import timedelta

    from daozhang.server.clock import now
    from daozhang.server.models import Person
    from daozhang.server.people import INVITATION_DAYS, invite, standing_invitation

    admin = Person.objects.get(email="admin@demo.example")
    at = now()
    secret = invite(
        at, admin, email="x@demo.example", name="", role="auditor", grants=(),
        url="http://x/", lang="zh",
    )  # fmt: skip
    assert standing_invitation(secret, at + timedelta(days=INVITATION_DAYS, seconds=-1))
    assert standing_invitation(secret, at + timedelta(days=INVITATION_DAYS)) is None
    assert standing_invitation(secret + "x", at) is None


def test_what_went_wrong_does_not_look_as_if_it_went_well(
    client_of: Callable[[str], Any],
) -> None:
    admin = client_of("admin")
    admin.post("/settings/?lang=en", {"do": "invite", "email": "nonsense", "role": "auditor"})
    page = admin.get("/settings/?lang=en").content.decode()
    assert '<p class="message message-error" role="alert">This is not a mail address' in page


def test_only_administrators_manage_people(client_of: Callable[[str], Any]) -> None:
    for name in ("ops", "store", "finance", "provider", "bank", "auditor"):
        answer = client_of(name).post(
            "/settings/", {"do": "invite", "email": "a@b.example", "role": "administrator"}
        )
        assert answer.status_code == 403


def test_who_is_shut_out_is_out_at_once(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.models import Person

    ops, admin = client_of("ops"), client_of("admin")
    assert ops.get("/").status_code == 200
    person = Person.objects.get(email="ops@demo.example")
    admin.post("/settings/", {"do": "stop", "person": person.pk})
    assert ops.get("/").status_code == 302
    myself = Person.objects.get(email="admin@demo.example")
    admin.post("/settings/", {"do": "stop", "person": myself.pk})
    assert Person.objects.get(pk=myself.pk).is_active, "nobody locks themselves out"


def test_a_second_factor_is_asked_for_once_it_is_set(server: Path) -> None:
    from allauth.mfa.totp.internal import auth
    from django.test import Client

    client = Client()
    assert _login(client, "finance@demo.example").status_code == 302
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]

    def code(counter: int) -> str:
        return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))

    counter = next(iter(auth.yield_hotp_counters_from_time()))
    set_up = client.post("/accounts/2fa/totp/activate/", {"code": code(counter)})
    assert set_up.status_code == 302
    fresh = Client()
    first = _login(fresh, "finance@demo.example")
    assert first["Location"].startswith("/accounts/2fa/authenticate/")
    assert fresh.get("/").status_code == 302, "a password alone is not enough"
    wrong = fresh.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert fresh.get("/").status_code == 302


def test_guessing_passwords_is_stopped(server: Path) -> None:
    from django.test import Client

    client = Client()
    answers = [_login(client, "auditor@demo.example", f"wrong-{n}").status_code for n in range(9)]
    assert set(answers) <= {200, 403, 429}
    _login(client, "auditor@demo.example")
    assert client.get("/").status_code == 302, "even the right one must wait now"
    assert _login(Client(REMOTE_ADDR="203.0.113.9"), "ops@demo.example").status_code == 302, (
        "others need not"
    )


def test_nobody_makes_an_account_for_themselves(server: Path) -> None:
    from django.test import Client

    from daozhang.server.models import Person

    Client().post(
        "/accounts/signup/",
        {"email": "me@x.example", "password1": "long-enough-pw", "password2": "long-enough-pw"},
    )
    assert not Person.objects.filter(email="me@x.example").exists()


def test_a_password_is_reset_by_letter(server: Path, data: Path) -> None:
    from django.test import Client

    before = set((data / "mail").glob("*")) if (data / "mail").is_dir() else set()
    answer = Client().post("/accounts/password/reset/", {"email": "ops@demo.example"})
    assert answer.status_code == 302
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@x.example"})
    assert unknown.status_code == 302, "who is here is not given away"
    letters = [p.read_text() for p in set((data / "mail").glob("*")) - before]
    assert any("/accounts/password/reset/key/" in text for text in letters)


def test_a_token_is_shown_once_and_can_be_revoked(client_of: Callable[[str], Any]) -> None:
    from django.test import RequestFactory

    from daozhang.server.tokens import token_of

    ops = client_of("ops")
    ops.post("/settings/", {"do": "token", "name": "till", "scopes": ["read", "everything"]})
    page = ops.get("/settings/").content.decode()
    secret = re.search(r"dz_[\w-]{20,}", page)
    assert secret is not None
    assert secret[0] not in ops.get("/settings/").content.decode()
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {secret[0]}"})
    token = token_of(request)
    assert token is not None
    assert token.scopes == ["read"]
    ops.post("/settings/", {"do": "revoke", "token": token.pk})
    assert token_of(request) is None


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_machines_can_ask_how_it_is(server: Path, path: str) -> None:
    from django.test import Client

    assert Client().get(path).json()["status"] == "ok"


def test_figures_for_prometheus_hold_the_state(server: Path) -> None:
    from django.test import Client

    text = Client().get("/metrics").content.decode()
    for name in ("daozhang_incidents_open", "daozhang_snapshot_sales", "daozhang_request_seconds"):
        assert name in text
    far = Client(REMOTE_ADDR="203.0.113.9")
    assert far.get("/metrics").status_code == 403


def test_the_policy_allows_no_other_host_and_no_inline_script(server: Path) -> None:
    from django.test import Client

    policy = Client().get("/accounts/login/")["Content-Security-Policy"]
    told = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert told["default-src"] == "'none'"
    assert told["script-src"] == "'self'"
    assert told["frame-ancestors"] == "'none'"
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in told["script-src"] + told["style-src"]
