"""API tokens: a program's key, which may never more than the person who made it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.http import HttpRequest

from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.models import ApiToken, Person
from daozhang.server.people import digest_of

__all__ = ["SCOPES", "make_token", "revoke_token", "token_of"]

SCOPES: Final = ("read", "files", "incidents")
"""What a token may be good for: look, send files, write notes. It never may more than its owner."""

_USED_AGAIN: Final = timedelta(minutes=5)


def token_of(request: HttpRequest) -> ApiToken | None:
    """Return the standing token of an ``Authorization: Bearer …`` header; None: there is none."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    token = (
        ApiToken.objects.select_related("person")
        .filter(secret_digest=digest_of(secret.strip()), revoked_at=None)
        .first()
    )
    at = now()
    if token is None or not token.person.is_active or (token.ends_at and token.ends_at <= at):
        return None
    if token.used_at is None or at - token.used_at > _USED_AGAIN:
        ApiToken.objects.filter(pk=token.pk).update(used_at=at)
    return token


def make_token(
    at: datetime,
    person: Person,
    *,
    name: str,
    scopes: Sequence[str],
    ends_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; return it with its secret, of which only the digest is kept.

    Args:
        at: now, aware.
        person: whose it is.
        name: what it is for.
        scopes: of :data:`SCOPES`.
        ends_at: when it stops being valid; None: never.
    """
    secret = "dz_" + secrets.token_urlsafe(30)
    with transaction.atomic():
        token = ApiToken.objects.create(
            person=person, name=name, secret_digest=digest_of(secret), shown=secret[:8],
            scopes=list(scopes), made_at=at, ends_at=ends_at,
        )  # fmt: skip
        audit.record(at, person.email, "token.made", name, scopes=list(scopes))
    return token, secret


def revoke_token(at: datetime, by: Person, token: ApiToken) -> None:
    """Let a token be valid no longer; one that was revoked before stays as it is."""
    if token.revoked_at is not None:
        return
    with transaction.atomic():
        token.revoked_at = at
        token.save()
        audit.record(at, by.email, "token.revoked", token.name, person=token.person.email)
