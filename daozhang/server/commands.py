"""What the command line asks of the server besides serving.

Django must be set up before this is imported.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from django.db import IntegrityError, transaction

from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.demo import PASSWORD, furnish, people
from daozhang.server.models import Person
from daozhang.server.models.people import Role
from daozhang.server.reconciler import Worker
from daozhang.server.second_factor import reset

__all__ = ["CommandError", "add_person", "broken_audit", "make_demo", "reset_second_factor"]


class CommandError(Exception):
    """The command cannot be done; the message says why and what to do."""


def make_demo(estate: Path) -> list[tuple[str, str, str]]:
    """Take an estate's files, track its money and let one person a role in.

    Args:
        estate: the folder of files.

    Returns:
        Address, password, and role with its rows, of each person.
    """
    furnish(estate)
    worker = Worker(now)
    worker.once()
    worker.release()
    return [
        (person.email, PASSWORD, person.role + (f" ({rows})" if rows else ""))
        for person, rows in people()
    ]


def add_person(email: str, role: str) -> str:
    """Make somebody and return their password: for the first administrator.

    Raises:
        CommandError: there is no such role, or somebody of that address is there already.
    """
    if role not in Role.values:
        raise CommandError(f"a role is one of {', '.join(Role.values)}, not {role}")
    password = secrets.token_urlsafe(12)
    try:
        with transaction.atomic():
            Person.objects.create_user(email, password, role=role)
            audit.record(now(), "command line", "person.joined", email, role=role)
    except IntegrityError:
        raise CommandError(f"{email} is there already") from None
    return password


def broken_audit() -> list[str]:
    """Return where the audit trail does not hold together."""
    return [f"audit entry {one.number}: {one.what}" for one in audit.verify()]


def reset_second_factor(email: str) -> None:
    """Take somebody's second factor away: for the only administrator, whose phone is lost.

    Raises:
        CommandError: nobody has that address, or they have none.
    """
    person = Person.objects.filter(email=email.strip().lower()).first()
    if person is None:
        raise CommandError(f"nobody has the address {email}")
    if not reset(now(), "command line", person):
        raise CommandError(f"{email} has no second factor")
