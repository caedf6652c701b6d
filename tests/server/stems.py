"""A server whose processes are forked: :mod:`tests.server.stem` from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.shared import SOAK

ROOT = Path(__file__).parents[2]
DRAWN = ("drawn",) if SOAK else ()
"""Whether snapshots have real pictures."""


class Stem:
    """One server: its data folder, its database, and what runs of it."""

    def __init__(self, folder: Path, database: str, as_of: str, notify: str = "") -> None:
        self.folder, self.data = folder, folder / "data"
        own = {
            "DAOZHANG_AS_OF": as_of, "DAOZHANG_DATABASE_URL": database,
            "DAOZHANG_NOTIFY": notify, "DAOZHANG_HOSTS": "testserver",
        }  # fmt: skip
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("DAOZHANG_", "DJANGO_"))}
        self._said = (folder / "said").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.stem", str(self.data), *DRAWN],
            cwd=ROOT, env={**clean, **own}, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._said,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)
        self._said.close()

    def _ask(self, **asked: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self.said()
        return json.loads(answer)

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")[-4000:]

    def start(self, what: str, **values: Any) -> int:
        return int(self._ask(do=what, **values))

    def ended(self, number: int, *, wait: bool = False) -> int | None:
        status: int | None = self._ask(end=number, wait=wait)
        return status

    def do(self, what: str, **values: Any) -> None:
        assert self.ended(self.start(what, **values), wait=True) == 0, self.said()

    def call(self, *words: str, expect: int = 0) -> str:
        """Call the command line on this server's data; return what it said."""
        out = self.folder / "called"
        ended = self.ended(
            self.start("call", words=[*words, "--data", str(self.data)], out=str(out)), wait=True
        )
        said = out.read_text(encoding="utf-8")
        assert ended == expect, said + self.said()
        return said

    def kept(self) -> dict[str, Any]:
        self.do("kept", out=str(self.folder / "kept.json"))
        found: dict[str, Any] = json.loads((self.folder / "kept.json").read_text(encoding="utf-8"))
        return found
