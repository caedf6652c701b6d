"""A process that has a server's code ready and forks what is to be killed: a kill costs no start.

``python stem.py DATA`` reads one JSON object a line: ``{"do": name, ...}`` forks and answers the
child's number, ``{"end": number, "wait": bool}`` answers its exit status (null: it still runs).
The second word ``drawn`` gives snapshots real pictures, which take longer than all else of them.
The stem itself never touches the database, so that a child begins as a new process would.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

EMAIL: Final = "sender@example.com"
SECRET: Final = "dz_sender"


def prepare() -> None:
    """Make the database's tables, somebody who sends files, and the bank that they come from."""
    from daozhang.server import entry
    from daozhang.server.clock import now
    from daozhang.server.models import ApiToken, Person
    from daozhang.server.people import digest_of

    entry.prepare()
    person = Person.objects.create_user(EMAIL, "-", role="administrator")
    ApiToken.objects.create(
        person=person, name="kills", secret_digest=digest_of(SECRET), shown="dz", made_at=now(),
        scopes=["files"],
    )  # fmt: skip


def furnish(folder: str, account: str) -> None:
    """Say where files are fetched, and when the bank's statement should be here."""
    from daozhang.server.models import Source

    Source.objects.create(name="till", address=f"file://{folder}/till", every_minutes=0)
    Source.objects.create(
        name="bank", address=f"file://{folder}/bank", every_minutes=0, account_id=account,
        expected_by="09:30",
    )  # fmt: skip


def work(*, once: bool) -> None:
    """Be a reconciler, of the newest facts: what is closed is taken from the snapshot before."""
    from daozhang.server import entry, reconciler

    live = replace(reconciler.config(), as_of=None)
    setattr(reconciler, "config", lambda: live)  # noqa: B010 - alarms keep the moment that is set
    entry.reconcile(once=once)


def send(paths: list[str], key: str) -> None:
    """Send files by the API, each under a key of its own, again and again until it is answered."""
    from django.test import Client

    for place, path in enumerate(map(Path, paths)):
        headers = {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": f"{key}-{place}"}
        while True:
            with path.open("rb") as file:
                answer = Client().post("/api/v1/files", {"file": file}, headers=headers)
            if answer.status_code == 201:
                break
            if answer.json()["error"]["key"] not in {"busy", "idempotency_in_progress"}:
                raise AssertionError(answer.content.decode())


def back_up(target: str) -> None:
    """Write a backup."""
    from daozhang.server.backup import back_up as run
    from daozhang.server.clock import now

    run(Path(target), now())


def kept(out: str) -> None:
    """Write down what the server has kept."""
    from daozhang.server.config import config
    from tests.server.kept import kept as found

    Path(out).write_text(json.dumps(found(config().data), default=str), encoding="utf-8")


def call(words: list[str], out: str) -> int:
    """Be the command line; what it says goes to a file."""
    from daozhang.cli.main import main

    with (
        Path(out).open("w", encoding="utf-8") as file,
        redirect_stdout(file),
        redirect_stderr(file),
    ):
        return main(words)


def pages(paths: list[str], out: str) -> None:
    """Write down what pages show to the one person that there is."""
    from django.test import Client

    from daozhang.server.models import Person

    client = Client()
    client.force_login(
        Person.objects.get(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    shown = []
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        page = re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
        shown.append(page.split("<main")[-1])
    Path(out).write_text(json.dumps(shown), encoding="utf-8")


DONE: Final[dict[str, Callable[..., int | None]]] = {
    one.__name__: one for one in (prepare, furnish, work, send, back_up, kept, call, pages)
}


def _forked(name: str, values: dict[str, Any]) -> int:
    number = os.fork()
    if number:
        return number
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)  # Answers are the stem's.
        status = DONE[name](**values) or 0
    except BaseException:  # noqa: BLE001 - whatever it is, the stem must not go on twice
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _ended(number: int, *, wait: bool) -> int | None:
    found, status = os.waitpid(number, 0 if wait else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _main() -> None:
    from daozhang.server import entry

    entry.IDLE_SECONDS = 0.05
    entry.set_up(Path(sys.argv[1]))
    import apprise  # noqa: F401 - as slow to import as all else together
    import holidays.countries  # noqa: F401 - hundreds of modules
    import pandas as _  # noqa: F401, ICN001 - Arrow looks for it
    from django.test import Client  # noqa: F401

    from daozhang.charts import pictures
    from daozhang.server import backup, pulling, reconciler, urls  # noqa: F401
    from daozhang.server.api import idempotency

    if "drawn" not in sys.argv:
        pictures.render = lambda chart, name, alt: f"<svg id={name!r}>{len(chart)} {alt}</svg>"
    pulling.SETTLE_SECONDS = 0.02
    # A call that was cut off is done again at once: nobody waits a quarter of an hour here.
    idempotency.ABANDONED = timedelta(0)
    for line in sys.stdin:
        asked = json.loads(line)
        if "end" in asked:
            answer: Any = _ended(asked["end"], wait=asked["wait"])
        else:
            answer = _forked(asked.pop("do"), asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
