"""A call with an idempotency key is done once, whatever is repeated, at once or later."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.server.api.calls import Caller


def notes() -> int:
    from daozhang.server.models import IncidentEvent

    return IncidentEvent.objects.filter(kind="note").count()


def address_of(caller: Caller) -> str:
    return f"incidents/{caller.get('incidents?limit=1')['items'][0]['incident_id']}/notes"


def test_a_repetition_is_answered_and_not_done(call_as: Callable[[str], Caller]) -> None:
    caller, before = call_as("ops"), notes()
    address, body = address_of(caller), {"text": "asked"}
    first = caller("POST", address, body, Idempotency_Key="k-1")
    again = caller("POST", address, body, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert notes() == before + 1
    caller("POST", address, body, Idempotency_Key="k-2")
    caller("POST", address, body)
    caller("POST", address, body)
    assert notes() == before + 4


@pytest.mark.parametrize("what", ["body", "address"])
def test_another_call_with_the_same_key_is_refused(
    call_as: Callable[[str], Caller], what: str
) -> None:
    caller = call_as("ops")
    address, body = address_of(caller), {"text": "asked"}
    assert caller("POST", address, body, Idempotency_Key="k-1").status_code == 201
    if what == "body":
        again = caller("POST", address, {"text": "asked again"}, Idempotency_Key="k-1")
    else:
        token = {"name": "x", "scopes": ["read"]}
        again = caller("POST", "tokens", token, Idempotency_Key="k-1")
    assert again.status_code == 409
    assert again.json()["error"]["key"] == "idempotency_key_reused"


def test_keys_are_each_persons_own(call_as: Callable[[str], Caller]) -> None:
    before, body = notes(), {"text": "asked"}
    address = address_of(call_as("ops"))
    for name in ("ops", "finance", "admin"):
        assert call_as(name)("POST", address, body, Idempotency_Key="k-1").status_code == 201
    assert notes() == before + 3


def test_an_error_is_not_kept(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.models import IdempotentCall

    caller = call_as("ops")
    empty = caller("POST", "files", {"file": io.BytesIO(b"")}, Idempotency_Key="k-1")
    assert empty.status_code == 422
    assert not IdempotentCall.objects.filter(key="k-1").exists()
    full = caller("POST", "files", {"file": io.BytesIO(b"a")}, Idempotency_Key="k-1")
    assert full.status_code == 201


def test_a_file_is_known_by_name_and_content(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.models import Delivery

    caller, before = call_as("ops"), Delivery.objects.count()

    def send(content: bytes, name: str = "a.csv") -> Any:
        file = io.BytesIO(content)
        file.name = name
        return caller("POST", "files", {"file": file}, Idempotency_Key="k-1")

    first = send(b"a,b\n")
    # The boundary of the form is another one each time; the file is the same.
    assert send(b"a,b\n").json() == first.json()
    assert Delivery.objects.count() == before + 1
    assert send(b"a,c\n").status_code == 409
    assert send(b"a,b\n", "b.csv").status_code == 409


def test_secrets_are_not_kept(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.models import IdempotentCall

    admin = call_as("admin")
    for address, body, secret in (
        ("tokens", {"name": "x", "scopes": ["read"]}, "secret"),
        ("invitations", {"email": "new@example.com", "role": "finance"}, "url"),
    ):
        first = admin("POST", address, body, Idempotency_Key=address).json()
        again = admin("POST", address, body, Idempotency_Key=address).json()
        assert first[secret]
        assert again == {**first, secret: None}
        kept = IdempotentCall.objects.get(key=address)
        assert first[secret] not in str(kept.body)


@pytest.mark.parametrize("key", ["", "a b", "x" * 81, "ключ", "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(call_as: Callable[[str], Caller], key: str) -> None:
    caller = call_as("ops")
    body = {"name": "x", "scopes": ["read"]}
    response = caller("POST", "tokens", body, Idempotency_Key=key)
    assert response.status_code == 422
    (field,) = response.json()["error"]["detail"]["fields"]
    assert field["where"] == ["header", "Idempotency-Key"]


def test_keys_are_forgotten_after_a_day(call_as: Callable[[str], Caller]) -> None:
    from daozhang.server.api.idempotency import KEPT
    from daozhang.server.clock import now
    from daozhang.server.models import IdempotentCall

    caller, before = call_as("ops"), notes()
    address, body = address_of(caller), {"text": "asked"}
    caller("POST", address, body, Idempotency_Key="k-1")
    long_ago = now() - KEPT - timedelta(seconds=1)
    IdempotentCall.objects.filter(key="k-1").update(at=long_ago)
    caller("POST", address, body, Idempotency_Key="k-1")
    assert notes() == before + 2
    assert IdempotentCall.objects.filter(key="k-1").count() == 1


@pytest.fixture
def begun(server: object) -> Callable[[timedelta], None]:
    """Leave a call behind that has begun and not ended."""
    from daozhang.server.clock import now
    from daozhang.server.models import IdempotentCall

    def leave(ago: timedelta) -> None:
        IdempotentCall.objects.filter(key="k-1").update(status=0, body={}, at=now() - ago)

    return leave


def test_a_call_that_goes_on_is_waited_for_and_one_cut_off_is_done(
    call_as: Callable[[str], Caller],
    begun: Callable[[timedelta], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from daozhang.server.api import idempotency

    monkeypatch.setattr(idempotency, "WAIT_S", 0.1)
    caller, body = call_as("ops"), {"text": "asked"}
    address = address_of(caller)
    caller("POST", address, body, Idempotency_Key="k-1")
    before = notes()
    begun(timedelta(seconds=5))
    response = caller("POST", address, body, Idempotency_Key="k-1")
    assert response.status_code == 409
    assert response.json()["error"]["key"] == "idempotency_in_progress"
    assert response["Retry-After"] == "1"
    assert notes() == before
    begun(idempotency.ABANDONED + timedelta(seconds=1))
    assert caller("POST", address, body, Idempotency_Key="k-1").status_code == 201
    assert notes() == before + 1


@pytest.fixture
def committed(data: object) -> Iterator[Any]:
    """Somebody whose calls are written down for good, and taken away afterwards."""
    from daozhang.server.models import Delivery, IdempotentCall, IncidentEvent, Person

    person = Person.objects.get(email="ops@demo.example")
    yield person
    IncidentEvent.objects.filter(kind="note", by=person).delete()
    Delivery.objects.filter(by=person).delete()
    IdempotentCall.objects.filter(person=person).delete()
    person.tokens.all().delete()


@pytest.mark.parametrize("kind", ["note", "file"])
def test_two_at_once_are_done_once(committed: Any, kind: str) -> None:
    from django.db import connections
    from django.test import Client

    from daozhang.server.clock import now
    from daozhang.server.models import Delivery
    from daozhang.server.tokens import make_token

    _, secret = make_token(now(), committed, name="two", scopes=["read", "files", "incidents"])
    headers = {"Authorization": f"Bearer {secret}"}
    address = address_of(Caller(Client(), headers)) if kind == "note" else "files"
    together, answers = threading.Barrier(4), []

    def call() -> None:
        caller = Caller(Client(), headers)
        body: Any = {"text": "asked"}
        if kind == "file":
            body = {"file": io.BytesIO(b"a,b\n" * 10_000)}
        together.wait()
        answers.append(caller("POST", address, body, Idempotency_Key=f"two-{kind}"))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [201] * 4
    assert len({a.content for a in answers}) == 1
    assert sorted("Idempotent-Replayed" in a for a in answers) == [False, True, True, True]
    done = Delivery.objects.filter(by=committed).count() if kind == "file" else notes()
    assert done == 1


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("name", "address", "body"),
    [
        ("ops", "files", {"file": b"a,b\n"}),
        ("ops", "incidents/{}/notes", {"text": "asked"}),
        ("admin", "tokens", {"name": "x", "scopes": ["read"]}),
        ("admin", "invitations", {"email": "new@example.com", "role": "finance"}),
    ],
)
def test_what_is_done_and_its_answer_are_written_together(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch, name: str, address: str,
    body: dict[str, Any],
) -> None:  # fmt: skip
    from django.conf import settings
    from django.db import models

    from daozhang.server.models import (
        ApiToken,
        AuditEntry,
        Delivery,
        IdempotentCall,
        IncidentEvent,
        Invitation,
    )  # fmt: skip

    def made() -> list[int]:
        kinds = (ApiToken, AuditEntry, Delivery, IncidentEvent, Invitation)
        letters = list(Path(settings.EMAIL_FILE_PATH).glob("*"))
        return [len(letters), *(kind._default_manager.count() for kind in kinds)]

    caller = call_as(name)
    if "{}" in address:
        address = address_of(caller)
    body = {k: io.BytesIO(v) if isinstance(v, bytes) else v for k, v in body.items()}
    before, update = made(), models.QuerySet.update

    def die(rows: Any, **values: Any) -> Any:
        if rows.model is IdempotentCall and values.get("status") == 201:
            raise Died
        return update(rows, **values)

    monkeypatch.setattr(models.QuerySet, "update", die)
    with pytest.raises(Died):
        caller("POST", address, body, Idempotency_Key="k-1")
    assert made() == before


def test_a_letter_that_does_not_go_out_invites_nobody_twice(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server import people
    from daozhang.server.models import Invitation

    def die(*_: Any) -> None:
        raise Died

    caller, before = call_as("admin"), Invitation.objects.count()
    body = {"email": "new@example.com", "role": "finance"}
    monkeypatch.setattr(people, "send_mail", die)
    with pytest.raises(Died):
        caller("POST", "invitations", body, Idempotency_Key="k-1")
    again = caller("POST", "invitations", body, Idempotency_Key="k-1")
    assert again.status_code == 201
    assert again["Idempotent-Replayed"] == "true"
    assert Invitation.objects.count() == before + 1
