"""``daozhang serve | demo | reconcile | user``: the server, from the command line."""

from __future__ import annotations

import secrets
import sys
from datetime import date
from pathlib import Path
from typing import Final

from daozhang.cli.common import UNUSABLE, say_error

__all__ = ["demo", "reconcile", "serve", "user_add", "verify_audit"]

_DEMO_AS_OF: Final = "2026-04-24T18:00:00+08:00"
_DEMO_START: Final = date(2026, 4, 13)
_DEMO_FAULTS: Final = ("F6", "F4", "F16")


def serve(data: Path, host: str, port: int, *, worker: bool) -> int:
    """Serve a data folder until interrupted."""
    from daozhang.server import entry

    entry.set_up(data)
    sys.stderr.write(f"daozhang: http://{host}:{port}/  ({data})\n")
    entry.serve(host, port, worker=worker)
    return 0


def reconcile(data: Path | None, *, once: bool) -> int:
    """Work in the background on a data folder."""
    from daozhang.server import entry

    entry.set_up(data)
    if once:
        entry.prepare()
    entry.reconcile(once=once)
    return 0


def demo(data: Path, host: str, port: int, *, sales: int, stay: bool) -> int:
    """Simulate a chain in the middle of a bad upgrade, track it, and serve it.

    Returns:
        The exit status; where ``stay`` is false, it is returned once the server could begin.
    """
    from daozhang.server import entry
    from daozhang.world import build

    address = f"http://{host}:{port}"
    entry.set_up(data, {"DAOZHANG_AS_OF": _DEMO_AS_OF, "DAOZHANG_URL": address})
    entry.prepare()
    from daozhang.server.clock import now
    from daozhang.server.demo import PASSWORD, furnish, people
    from daozhang.server.reconciler import Worker

    estate = data / "estate"
    if not (estate / "in").is_dir():
        build(
            estate, seed=7, faults=_DEMO_FAULTS, traps=(), regions=("CN",), sales=sales, days=28,
            start=_DEMO_START, format="csv",
        )  # fmt: skip
    furnish(estate / "in")
    worker = Worker(now)
    worker.once()
    worker.release()
    sys.stdout.write(f"\n  {address}/\n\n")
    for person, rows in people():
        told = f"  {person.email:<24} {PASSWORD}   {person.role}" + (f" ({rows})" if rows else "")
        sys.stdout.write(told + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()
    if stay:
        entry.serve(host, port)
    return 0


def user_add(data: Path, email: str, role: str) -> int:
    """Make somebody and print their password: for the first administrator."""
    from daozhang.server import entry

    entry.set_up(data)
    entry.prepare()
    from django.db import IntegrityError, transaction

    from daozhang.server import audit
    from daozhang.server.clock import now
    from daozhang.server.models import Person
    from daozhang.server.models.people import Role

    if role not in Role.values:
        say_error(f"a role is one of {', '.join(Role.values)}, not {role}", as_json=False)
        return UNUSABLE
    password = secrets.token_urlsafe(12)
    try:
        with transaction.atomic():
            Person.objects.create_user(email, password, role=role)
            audit.record(now(), "command line", "person.joined", email, role=role)
    except IntegrityError:
        say_error(f"{email} is there already", as_json=False)
        return UNUSABLE
    sys.stdout.write(f"{email} {password}\n")
    return 0


def verify_audit(data: Path) -> int:
    """Check the audit trail; 3 if it does not hold together."""
    from daozhang.server import entry

    entry.set_up(data)
    entry.prepare()
    from daozhang.server.audit import verify

    broken = list(verify())
    for one in broken:
        sys.stderr.write(f"daozhang: audit entry {one.number}: {one.what}\n")
    if not broken:
        sys.stdout.write("the audit trail holds together\n")
    return 3 if broken else 0
