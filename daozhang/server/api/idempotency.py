"""A call that is made twice is done once: the header ``Idempotency-Key``.

Rules kept here: a key is one person's and means one call, whose answer is kept for a day; the same
key with another body is refused; of two at once, one is done and the other waits for its answer.
Errors are not kept: whoever puts the cause right may use the key again. Nor are secrets, which are
shown once: a repetition answers null for them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Annotated, Any, Final

from django.db import transaction
from django.http import HttpRequest
from ninja import Header
from ninja.responses import Status
from pydantic import BaseModel, StringConstraints

from daozhang.server.api.callers import Caller
from daozhang.server.api.errors import ApiError
from daozhang.server.clock import now
from daozhang.server.models import IdempotentCall

__all__ = ["Keep", "Key", "digest_of_call", "once", "once_keeping"]

KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=15)
"""A call that has not ended for so long was cut off: whoever comes next does it."""

MADE: Final = 201
"""What a call is answered that made something; only those are kept."""

WAIT_S: Final = 10.0
_LOOK_S: Final = 0.05

Key = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[!-~]{1,80}$")] | None,
    Header(
        None, alias="Idempotency-Key",
        description="Any text of your own; the same call with the same key is done once.",
    ),
]  # fmt: skip
"""The header's value."""


def digest_of_call(request: HttpRequest, parts: Iterable[bytes]) -> str:
    """Return what makes a call the same: its method, its address, its body."""
    hasher = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


Keep = Callable[[BaseModel], None]
"""Writes the answer of a call down, in the transaction of whoever calls it."""


def once(
    request: HttpRequest,
    caller: Caller,
    key: str | None,
    do: Callable[[], BaseModel],
    *,
    secrets: Iterable[str] = (),
) -> Status[Any]:
    """Do a call, or answer what it was answered before; what is done and the answer are one.

    Args:
        request: the call.
        caller: by whom.
        key: as it was sent; None: nothing is kept.
        do: does it, in the database alone, and returns the answer.
        secrets: names of the answer's fields that are not kept.

    Raises:
        ApiError: the key was used for another call, or the call goes on elsewhere.
    """

    def done(keep: Keep) -> BaseModel:
        with transaction.atomic():
            answer = do()
            keep(answer)
        return answer

    return _once(request, caller, key, done, lambda: [request.body], secrets)


def once_keeping(
    request: HttpRequest,
    caller: Caller,
    key: str | None,
    do: Callable[[Keep], BaseModel],
    *,
    parts: Callable[[], Iterable[bytes]] | None = None,
    secrets: Iterable[str] = (),
) -> Status[Any]:
    """Do a call that takes long, as receiving a file does, without holding up all other writers.

    Args:
        request: the call.
        caller: by whom.
        key: as it was sent; None: nothing is kept.
        do: does it and returns the answer, which it keeps in the transaction that makes it so.
        parts: yields the body; None: it is in memory.
        secrets: names of the answer's fields that are not kept.

    Raises:
        ApiError: as :func:`once`.
    """
    return _once(request, caller, key, do, parts or (lambda: [request.body]), secrets)


def _once(
    request: HttpRequest,
    caller: Caller,
    key: str | None,
    do: Callable[[Keep], BaseModel],
    parts: Callable[[], Iterable[bytes]],
    secrets: Iterable[str],
) -> Status[Any]:
    if key is None:
        return Status(MADE, do(lambda _: None))
    kept = _claim(caller, key, digest_of_call(request, parts()))
    if kept is not None:
        request.replayed = True  # type: ignore[attr-defined]
        return Status(MADE, kept)
    mine = IdempotentCall.objects.filter(person=caller.person, key=key)

    def keep(answer: BaseModel) -> None:
        body = {
            name: None if name in secrets else value
            for name, value in answer.model_dump(mode="json").items()
        }
        mine.update(status=MADE, body=body)

    try:
        return Status(MADE, do(keep))
    except BaseException:
        mine.filter(status=0).delete()
        raise


def _claim(caller: Caller, key: str, digest: str) -> Any | None:
    """Return the kept answer of a call; None: the call is the caller's to do now."""
    begun = time.monotonic()
    while True:
        at = now()
        with transaction.atomic():
            IdempotentCall.objects.filter(person=caller.person, at__lt=at - KEPT).delete()
            call, made = IdempotentCall.objects.get_or_create(
                person=caller.person, key=key,
                defaults={"digest": digest, "status": 0, "body": {}, "at": at},
            )  # fmt: skip
        if made:
            return None
        if call.digest != digest:
            raise ApiError("idempotency_key_reused")
        if call.status:
            return call.body
        abandoned = IdempotentCall.objects.filter(pk=call.pk, status=0, at__lt=at - ABANDONED)
        if abandoned.update(at=at):
            return None
        if time.monotonic() - begun >= WAIT_S:
            raise ApiError("idempotency_in_progress", retry_after_s=1)
        time.sleep(_LOOK_S)
