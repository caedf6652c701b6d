"""How this server was started: the one place that reads its environment.

Every setting has a name ``DAOZHANG_…``; ``docs/operate`` lists them. Nothing is guessed: a value
that cannot be used stops the start with a sentence.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Config", "ConfigError", "config", "read_config"]

DATA: Final = "DAOZHANG_DATA"


class ConfigError(Exception):
    """A setting cannot be used; the message says which, and what to write."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a server was started with.

    Attributes:
        data: the data folder: database, store, snapshots, files on their way in.
        database_url: ``postgresql://…``; empty: SQLite in the data folder.
        secret: signs sessions; kept in the data folder unless given.
        public_url: under which address people reach it; https turns secure cookies on.
        hosts: names that requests may carry.
        as_of: answer as of this moment always (a demo, an audit); None: of the newest fact.
        mail_url: ``smtp://user:password@host:port``; empty: letters are put into ``DATA/mail``.
        mail_from: sender of letters.
        notify: Apprise addresses that alarms go to, one a line.
    """

    data: Path
    database_url: str
    secret: str
    public_url: str
    hosts: tuple[str, ...]
    as_of: datetime | None
    mail_url: str
    mail_from: str
    notify: tuple[str, ...]

    @property
    def https(self) -> bool:
        """People come by https, so that cookies may be kept to it."""
        return self.public_url.startswith("https://")

    @property
    def store(self) -> Path:
        """Where the facts lie."""
        return self.data / "store"

    @property
    def snapshots(self) -> Path:
        """Where what runs found is kept."""
        return self.data / "snapshots"

    @property
    def inbox(self) -> Path:
        """The watched folder: a file put here is taken in."""
        return self.data / "inbox"

    @property
    def waiting(self) -> Path:
        """Files that were received and are not in the store yet."""
        return self.data / "waiting"


def read_config(env: Mapping[str, str]) -> Config:
    """Return what an environment says.

    Raises:
        ConfigError: a value cannot be used.
    """
    data = Path(env.get(DATA) or "daozhang-data").absolute()
    data.mkdir(parents=True, exist_ok=True)
    public = env.get("DAOZHANG_URL", "http://localhost:8321").rstrip("/")
    if urlsplit(public).scheme not in {"http", "https"}:
        raise ConfigError(f"DAOZHANG_URL is {public!r}; write https://… or http://…")
    given = [host for host in env.get("DAOZHANG_HOSTS", "").split(",") if host]
    own = urlsplit(public).hostname or "localhost"
    return Config(
        data=data,
        database_url=env.get("DAOZHANG_DATABASE_URL", ""),
        secret=env.get("DAOZHANG_SECRET") or _kept_secret(data / "secret"),
        public_url=public,
        hosts=tuple(dict.fromkeys((own, "localhost", "127.0.0.1", *given))),
        as_of=_moment(env.get("DAOZHANG_AS_OF", "")),
        mail_url=env.get("DAOZHANG_MAIL_URL", ""),
        mail_from=env.get("DAOZHANG_MAIL_FROM", f"daozhang@{own}"),
        notify=tuple(line for line in env.get("DAOZHANG_NOTIFY", "").splitlines() if line),
    )


def _kept_secret(path: Path) -> str:
    """Return the secret kept in a file that only its owner can read; made the first time."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii")
        if not kept:
            raise ConfigError(f"{path} is empty; remove it, and all sessions end") from None
        return kept
    with os.fdopen(handle, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(f"DAOZHANG_AS_OF is {text!r}; write a moment with its offset (RFC 3339)")
    return moment


@cache
def config() -> Config:
    """Return what this process was started with."""
    return read_config(os.environ)
