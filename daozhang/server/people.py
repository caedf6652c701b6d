"""How people come in: by invitation only, with their own password and a second factor."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest

from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.models import Grant, Invitation, Person
from daozhang.server.words import say

__all__ = [
    "Adapter",
    "accept",
    "change_person",
    "digest_of",
    "invite",
    "let_in",
    "standing_invitation",
]

INVITATION_DAYS: Final = 7
FRESH_SECONDS: Final = 300
"""For so long who signed in may change how they sign in."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: people are invited."""
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:  # noqa: ARG002
        """Return whether to ask for the password again: not of who has just signed in."""
        request = context.request
        if request is None:
            return True
        records = get_authentication_records(request, request.user)
        fresh = now().timestamp() - FRESH_SECONDS
        return not any(record["at"] > fresh for record in records)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: enough to know it again, not enough to use it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def invite(
    at: datetime,
    by: Person,
    *,
    email: str,
    name: str,
    role: str,
    grants: Sequence[tuple[str, str]],
    url: str,
    lang: str,
    along: Callable[[Invitation, str], None] | None = None,
) -> str:
    """Write an invitation, then send the letter; return the secret of its link.

    Args:
        at: now, aware.
        by: who invites.
        email: whom.
        name: how others will know them.
        role: one of :class:`daozhang.server.models.people.Role`.
        grants: (kind, id) of the rows that they may see.
        url: where invitations are taken; the secret is put behind it.
        lang: of the letter.
        along: is done with the invitation and the secret in hand, in its transaction.
    """
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        made = Invitation.objects.create(
            email=email.strip().lower(), name=name, role=role, grants=[list(g) for g in grants],
            secret_digest=digest_of(secret), invited_by=by, made_at=at,
            ends_at=at + timedelta(days=INVITATION_DAYS),
        )  # fmt: skip
        audit.record(at, by.email, "person.invited", email, role=role, grants=list(grants))
        if along is not None:
            along(made, secret)
    send_mail(
        say(lang, "letter.invited.subject", who=str(by)),
        say(lang, "letter.invited", who=str(by), url=url + secret, days=INVITATION_DAYS),
        None,
        [email],
    )
    return secret


def standing_invitation(secret: str, at: datetime) -> Invitation | None:
    """Return the invitation of a link, if it can still be taken."""
    found = Invitation.objects.filter(secret_digest=digest_of(secret), taken_at=None).first()
    return found if found is not None and found.ends_at > at else None


def accept(invitation: Invitation, password: str, at: datetime, lang: str) -> Person:
    """Make the invited person; the invitation is used up.

    Raises:
        django.db.IntegrityError: somebody of that address is there already.
    """
    with transaction.atomic():
        person = Person.objects.create_user(
            invitation.email, password, name=invitation.name, role=invitation.role, lang=lang
        )
        for kind, value in invitation.grants:
            Grant.objects.create(person=person, kind=kind, value=value)
        invitation.taken_at = at
        invitation.save()
        audit.record(at, person.email, "person.joined", person.email, role=person.role)
    return person


def let_in(at: datetime, by: Person, person: Person, *, is_active: bool) -> None:
    """Shut somebody out, or let them in again; what is so already stays so."""
    if person.is_active == is_active:
        return
    with transaction.atomic():
        person.is_active = is_active
        person.save()
        what = "person.let_in" if is_active else "person.shut_out"
        audit.record(at, by.email, what, person.email)


def change_person(
    at: datetime, by: Person, person: Person, *, role: str, grants: Sequence[tuple[str, str]]
) -> None:
    """Give somebody another role and other rows; what is so already stays so.

    Args:
        at: now, aware.
        by: who changes it.
        person: whom.
        role: one of :class:`daozhang.server.models.people.Role`.
        grants: (kind, id) of all the rows that they may see from now on.
    """
    with transaction.atomic():
        before = {(one.kind, one.value) for one in person.grants.all()}
        wanted = set(grants)
        if (person.role, before) == (role, wanted):
            return
        person.role = role
        person.save(update_fields=["role"])
        for kind, value in before - wanted:
            person.grants.filter(kind=kind, value=value).delete()
        for kind, value in sorted(wanted - before):
            Grant.objects.create(person=person, kind=kind, value=value)
        told = [list(one) for one in sorted(wanted)]
        audit.record(at, by.email, "person.changed", person.email, role=role, grants=told)
