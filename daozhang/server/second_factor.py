"""The second factor: who must have one, who has, and what becomes of it when a phone is lost.

Rules kept here: administrators say which roles must have one; whoever must and has none is led to
set it up before anything else, and cannot take it away; an administrator may reset somebody's but
never sees it; making a token needs a session, so that who must have one has it by then. Every
change is in the audit trail, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils.functional import lazy
from django.utils.translation import get_language

from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.models import Person, SecondFactorRule
from daozhang.server.words import say

__all__ = ["Adapter", "has_one", "lacks", "listen", "require", "required", "reset", "who_have"]

_MADE = {Authenticator.Type.TOTP: "second_factor.set_up",
         Authenticator.Type.RECOVERY_CODES: "recovery_codes.made"}  # fmt: skip


def has_one(person: Person) -> bool:
    """Return whether somebody has set up a second factor."""
    return bool(Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists())


def who_have() -> frozenset[int]:
    """Return the keys of all people who have one."""
    found = Authenticator.objects.filter(type=Authenticator.Type.TOTP)
    return frozenset(found.values_list("user_id", flat=True))


def required() -> frozenset[str]:
    """Return the roles whose people must have one."""
    return frozenset(SecondFactorRule.objects.values_list("role", flat=True))


def lacks(person: Person) -> bool:
    """Return whether somebody must set one up before they may go on."""
    return SecondFactorRule.objects.filter(role=person.role).exists() and not has_one(person)


def require(at: datetime, by: Person, roles: Collection[str]) -> None:
    """Let these roles need a second factor, and no others; what is so already stays so.

    Args:
        at: now, aware.
        by: who says so.
        roles: of :class:`daozhang.server.models.people.Role`.
    """
    with transaction.atomic():
        before = required()
        if before == frozenset(roles):
            return
        SecondFactorRule.objects.exclude(role__in=roles).delete()
        for role in sorted(set(roles) - before):
            SecondFactorRule.objects.create(role=role, since=at, by=by)
        audit.record(at, by.email, "second_factor.required", roles=sorted(roles))


def reset(at: datetime, by: str, person: Person) -> bool:
    """Take somebody's second factor and recovery codes away, and tell them by letter.

    Args:
        at: now, aware.
        by: who does it: an address, or ``command line``.
        person: whose it is.

    Returns:
        False if they had none, and nothing was done.
    """
    with transaction.atomic():
        gone, _ = Authenticator.objects.filter(user=person).delete()
        if not gone:
            return False
        audit.record(at, by, "second_factor.reset", person.email)
    lang = person.letter_lang
    send_mail(
        say(lang, "letter.reset.subject"), say(lang, "letter.reset", who=by), None, [person.email]
    )
    return True


def _in_words(key: str) -> str:
    return say("zh" if (get_language() or "").startswith("zh") else "en", key)


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What the library asks about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": lazy(_in_words, str)("factor.kept"),
        "incorrect_code": lazy(_in_words, str)("factor.wrong"),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return whether somebody may do without: not where their role must have one."""
        return not SecondFactorRule.objects.filter(role=authenticator.user.role).exists()


def listen() -> None:
    """Write down what people change about how they sign in, whichever page they do it on."""
    post_save.connect(_made, sender=Authenticator)
    post_delete.connect(_removed, sender=Authenticator)
    authenticator_used.connect(_used)
    password_changed.connect(_password_changed)
    password_reset.connect(_password_reset)


def _actor(person: Person) -> str:
    """Return who asks for the change, by this request or by the command line."""
    known = getattr(context.request, "user", None)
    return str(known.email) if isinstance(known, Person) else person.email


def _made(instance: Authenticator, *, created: bool, raw: bool, **_: Any) -> None:
    # A backup that is put back brings its own entries.
    if created and not raw and instance.type in _MADE:
        audit.record(now(), _actor(instance.user), _MADE[instance.type], instance.user.email)


def _removed(instance: Authenticator, origin: Any, **_: Any) -> None:
    # Of many at once, whoever removed them has written it down.
    if origin is instance and instance.type == Authenticator.Type.TOTP:
        audit.record(now(), _actor(instance.user), "second_factor.removed", instance.user.email)


def _used(user: Person, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record(now(), user.email, "recovery_codes.used", user.email)


def _password_changed(user: Person, **_: Any) -> None:
    audit.record(now(), user.email, "password.changed", user.email)


def _password_reset(user: Person, **_: Any) -> None:
    audit.record(now(), user.email, "password.reset", user.email)
