"""API tokens: a program's key, which may never more than the person who made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpRequest

from daozhang.server.clock import now
from daozhang.server.models import ApiToken
from daozhang.server.people import digest_of

__all__ = ["token_of"]

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
