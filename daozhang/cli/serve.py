"""The server from the command line: serve, migrate, demo, reconcile, people, backup."""

from __future__ import annotations

import logging
import sys
from datetime import date
from pathlib import Path
from typing import Final

from daozhang.cli.common import UNUSABLE, say_error

__all__ = [
    "back_up",
    "demo",
    "migrate",
    "reconcile",
    "restore",
    "serve",
    "user_add",
    "user_reset",
    "verify_audit",
]

_DEMO_AS_OF: Final = "2026-04-25T18:00:00+08:00"
_DEMO_START: Final = date(2026, 4, 13)
_DEMO_FAULTS: Final = ("F8", "F4")
BROKEN: Final = 3
"""Exit status: the audit trail was tampered with."""


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


def migrate(data: Path) -> int:
    """Bring the database to this version's shape."""
    from daozhang.server import entry

    entry.set_up(data)
    entry.prepare()
    return 0


def demo(data: Path, host: str, port: int, *, sales: int, stay: bool) -> int:
    """Simulate a chain in the middle of a bad upgrade, track it, and serve it.

    Returns:
        The exit status; where ``stay`` is false, it is returned once the server could begin.
    """
    from daozhang.server import entry
    from daozhang.world import build

    address = f"http://{host}:{port}"
    # Whoever tries it is told the address before anything else.
    env = {"DAOZHANG_AS_OF": _DEMO_AS_OF, "DAOZHANG_URL": address}
    entry.set_up(data, env, least=logging.WARNING)
    entry.prepare()
    from daozhang.server import commands

    estate = data / "estate"
    if not (estate / "in").is_dir():
        build(
            estate, seed=7, faults=_DEMO_FAULTS, traps=(), regions=("CN",), sales=sales, days=28,
            start=_DEMO_START, format="csv",
        )  # fmt: skip
    people = commands.make_demo(estate / "in")
    sys.stdout.write(f"\n  {address}/\n\n")
    for email, password, role in people:
        sys.stdout.write(f"  {email:<24} {password}   {role}\n")
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
    from daozhang.server import commands

    try:
        password = commands.add_person(email, role)
    except commands.CommandError as error:
        say_error(str(error), as_json=False)
        return UNUSABLE
    sys.stdout.write(f"{email} {password}\n")
    return 0


def user_reset(data: Path, email: str) -> int:
    """Take somebody's second factor away, where no other administrator can."""
    from daozhang.server import entry

    entry.set_up(data)
    entry.prepare()
    from daozhang.server import commands

    try:
        commands.reset_second_factor(email)
    except commands.CommandError as error:
        say_error(str(error), as_json=False)
        return UNUSABLE
    sys.stdout.write(f"{email} signs in with the password alone\n")
    return 0


def verify_audit(data: Path) -> int:
    """Check the audit trail; 3 if it does not hold together."""
    from daozhang.server import entry

    entry.set_up(data)
    entry.prepare()
    from daozhang.server import commands

    broken = commands.broken_audit()
    for line in broken:
        sys.stderr.write(f"daozhang: {line}\n")
    if not broken:
        sys.stdout.write("the audit trail holds together\n")
    return BROKEN if broken else 0


def back_up(data: Path, target: Path) -> int:
    """Write a backup of a server, which may be running."""
    from daozhang.server import entry

    if not data.is_dir():
        say_error(f"{data} is no data folder", as_json=False)
        return UNUSABLE
    try:
        size = entry.back_up(data, target)
    except (entry.RefusedError, OSError) as error:
        say_error(str(error), as_json=False)
        return UNUSABLE
    sys.stdout.write(f"{target}: {size:,} bytes\n")
    return 0


def restore(source: Path, data: Path) -> int:
    """Put a backup back; 3 if what it holds does not hold together."""
    from daozhang.server import entry

    try:
        wrong = entry.restore(source, data)
    except (entry.RefusedError, OSError) as error:
        say_error(str(error), as_json=False)
        return UNUSABLE
    for line in wrong:
        sys.stderr.write(f"daozhang: {line}\n")
    if not wrong:
        sys.stdout.write(f"{data} is restored: store and audit trail hold together\n")
    return BROKEN if wrong else 0
