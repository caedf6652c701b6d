"""How the server begins: what the command line calls, and nothing else of the server.

Django is set up here, so that whoever imports another module has it ready.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daozhang.server.archive import DUMP, RefusedError, unpack

__all__ = [
    "RefusedError", "back_up", "manage", "prepare", "reconcile", "restore", "serve", "set_up",
    "wsgi_application",
]  # fmt: skip

IDLE_SECONDS: Final = 3.0
STOP_SECONDS: Final = 60
THREADS: Final = 8


def set_up(
    data: Path | None = None, env: Mapping[str, str] | None = None, *, least: int = logging.INFO
) -> None:
    """Set up Django for this process.

    Args:
        data: the data folder; None: what the environment says.
        env: settings that hold for this process and those it starts.
        least: level of the least that is logged.

    Raises:
        daozhang.server.config.ConfigError: a setting cannot be used.
    """
    if data is not None:
        os.environ["DAOZHANG_DATA"] = str(data)
    os.environ.update(env or {})
    os.environ["DJANGO_SETTINGS_MODULE"] = "daozhang.server.settings"
    import django

    django.setup()
    _log_structured(least)


def _log_structured(least: int) -> None:
    """One JSON object a line on standard error: times, events, no contents of files."""
    import structlog

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def prepare() -> None:
    """Bring the database to this version's shape."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def wsgi_application() -> Any:
    """Return the WSGI application."""
    set_up()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def manage(arguments: list[str]) -> None:
    """Run a management command of Django, such as ``check --deploy``."""
    set_up()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["daozhang", *arguments])


def reconcile(*, once: bool = False) -> None:
    """Work in the background until told to stop."""
    set_up()
    import structlog

    from daozhang.server.clock import now
    from daozhang.server.reconciler import Worker
    from daozhang.store.parts import StoreError

    log = structlog.get_logger("daozhang.reconciler")
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    parent = os.getppid()
    worker = Worker(now)
    while not stopping:
        try:
            busy = worker.once()
        except (OSError, StoreError) as error:
            # The disk may have room again, the other writer may be done: what waits still waits.
            log.warning("will try again", why=str(error))
            busy = False
        if once:
            break
        if os.getppid() != parent:  # Whoever started this worker is gone.
            break
        if not busy:
            time.sleep(IDLE_SECONDS)
    worker.release()


def serve(host: str, port: int, *, worker: bool = True) -> None:
    """Serve until interrupted, with a reconciler beside it."""
    import waitress

    application = wsgi_application()
    prepare()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # As if interrupted: tidy up and end.
    beside = _Beside() if worker else None
    try:
        waitress.serve(
            application, host=host, port=port, threads=THREADS, ident="daozhang",
            max_request_body_size=8 * 2**30, clear_untrusted_proxy_headers=True,
        )  # fmt: skip
    finally:
        if beside is not None:
            beside.stop()


class _Beside:
    """The reconciler beside a server: a process of its own, begun anew whenever it ends."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process = self._begun()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _begun(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "daozhang.cli", "reconcile"]
        return subprocess.Popen(command, env=dict(os.environ))  # noqa: S603 - this program

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._stopping.wait(IDLE_SECONDS):
                return
            self._process = self._begun()

    def stop(self) -> None:
        """End it after the work at hand; one that takes too long is killed, which does no harm."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join(timeout=STOP_SECONDS)


def back_up(data: Path, target: Path) -> int:
    """Write a backup of a data folder and its database; return how many bytes it holds.

    Raises:
        RefusedError: it cannot be made; the message says why.
        OSError: the disk is full or broken.
    """
    set_up(data)
    prepare()
    from daozhang.server.backup import back_up as run
    from daozhang.server.clock import now

    return run(target, now())


def restore(source: Path, data: Path) -> list[str]:
    """Put a backup back into a new data folder and an empty database, and prove it.

    Returns:
        What does not hold: of the store or of the audit trail; empty: all is as it was.

    Raises:
        RefusedError: it cannot be put back; nothing was changed.
        OSError: the disk is full or broken.
    """
    data = data.absolute()
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise RefusedError(f"{data} is not empty: name a new folder")
    partial = data.with_name(f".{data.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpack(source, partial)
    try:
        set_up(partial)
        prepare()
        from django.db import connections

        from daozhang.server import audit, backup
        from daozhang.server.clock import now

        wrong = _proved(partial / "store")
        backup.load(partial / DUMP)
        wrong += [f"audit entry {one.number}: {one.what}" for one in audit.verify()]
        audit.record(now(), "command line", "backup.restored", source.name)
        connections.close_all()
        (partial / DUMP).unlink()
        if data.is_dir():
            data.rmdir()
        partial.rename(data)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    os.environ["DAOZHANG_DATA"] = str(data)
    return wrong


def _proved(store: Path) -> list[str]:
    """Return what of a restored store is not as it was written; its empty folders are made."""
    from daozhang.facts import TABLES
    from daozhang.store.parts import Store, is_store

    if not is_store(store):
        return []
    for folder in ("tmp", "files", *(f"parts/{table}" for table in TABLES)):
        (store / folder).mkdir(parents=True, exist_ok=True)
    return [str(problem) for problem in Store.open(store).verify()]
