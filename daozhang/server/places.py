"""Where files are fetched from: an address opened as a file system, secrets put in at that moment.

Rules kept here: an address in the database names its secrets and never holds them; a secret is a
file in ``DATA/secrets`` that only its owner may read, or ``DAOZHANG_SECRET_<NAME>``; an SFTP host
whose key is not in ``DATA/secrets/known_hosts`` is not spoken to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import fsspec

from daozhang.server.config import config

__all__ = ["KINDS", "Place", "PlaceError", "opened", "secret", "wrong_address"]

KINDS: Final = ("file", "sftp", "https", "http", "s3")
_SECRET: Final = re.compile(r"\{SECRET:([A-Za-z0-9_.-]{1,60})\}")
_TIMEOUT_SECONDS: Final = 30
_S3_OPTIONS: Final = frozenset({"key", "secret", "token", "endpoint_url", "anon"})


class PlaceError(Exception):
    """A place cannot be used; ``key`` names the sentence, ``detail`` is what it is about."""

    def __init__(self, key: str, detail: str = "") -> None:
        """Keep both."""
        super().__init__(f"{key}: {detail}")
        self.key = key
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Place:
    """An open place: a file system and the folder (or file, or pattern) in it."""

    files: Any
    path: str
    kind: str


def secret(name: str) -> str:
    """Return a secret by its name.

    Raises:
        PlaceError: there is none, or others than its owner may read the file.
    """
    path = config().data / "secrets" / name
    if not path.is_file():
        given = os.environ.get("DAOZHANG_SECRET_" + re.sub(r"\W", "_", name).upper())
        if given is None:
            raise PlaceError("no_secret", name)
        return given
    if path.stat().st_mode & 0o077:
        raise PlaceError("open_secret", name)
    return path.read_text(encoding="utf-8").strip()


def _filled(text: str) -> str:
    return _SECRET.sub(lambda found: secret(found[1]), text)


def wrong_address(address: str) -> str:
    """Return which sentence says what is wrong with an address; empty: nothing."""
    # Braces would end a host's name; secrets are not looked at here.
    parts = urlsplit(_SECRET.sub("secret", address))
    if parts.scheme not in KINDS:
        return "bad_kind"
    if parts.password is not None or parts.scheme == "s3":
        login = address.split("://", 1)[1].rpartition("@")[0]
        bare = [login.partition(":")[2]] if parts.password is not None else []
        query = dict(parse_qsl(urlsplit(address.replace("#", "")).query))
        bare += [query[name] for name in ("secret", "token") if name in query]
        if not all(_SECRET.fullmatch(one) for one in bare):
            return "bare_password"
    if parts.scheme == "file":
        own, path = config().data.resolve(), Path(unquote(parts.path)).resolve()
        return "own_folder" if path == own or own in path.parents or path in own.parents else ""
    return "" if parts.hostname else "no_host"


@contextmanager
def opened(address: str) -> Iterator[Place]:
    """Open an address; what is open is closed at the end.

    Raises:
        PlaceError: the address or a secret is wrong.
        Exception: whatever the library of the kind says of a place that cannot be reached.
    """
    wrong = wrong_address(address)
    if wrong:
        raise PlaceError(wrong)
    parts = urlsplit(_SECRET.sub(lambda found: "{" + found[1] + "}", address))
    kind = parts.scheme
    if kind == "file":
        yield Place(fsspec.filesystem("file"), unquote(parts.path), kind)
    elif kind == "sftp":
        with _sftp(address) as place:
            yield place
    elif kind == "s3":
        query = {k: _filled(v) for k, v in parse_qsl(urlsplit(address).query)}
        options = {k: v for k, v in query.items() if k in _S3_OPTIONS}
        made = fsspec.filesystem("s3", skip_instance_cache=True, **_s3(options))
        yield Place(made, f"{parts.netloc}{unquote(parts.path)}", kind)
    else:
        url = _SECRET.sub(lambda found: quote(secret(found[1]), safe=""), address)
        yield Place(fsspec.filesystem(kind, skip_instance_cache=True), url, kind)


def _s3(options: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = dict(options)
    endpoint = told.pop("endpoint_url", None)
    if endpoint:
        told["client_kwargs"] = {"endpoint_url": endpoint}
    if "anon" in told:
        told["anon"] = told["anon"] == "1"
    return told


@contextmanager
def _sftp(address: str) -> Iterator[Place]:
    from daozhang.server.host_keys import KnownOnly  # noqa: PLC0415 - paramiko is heavy

    login, _, rest = address.removeprefix("sftp://").rpartition("@")
    parts = urlsplit(f"sftp://{rest}")
    name, _, password = login.partition(":")
    options: dict[str, Any] = {
        "port": parts.port or 22,
        "username": _filled(unquote(name)) or None,
        "timeout": _TIMEOUT_SECONDS,
        "banner_timeout": _TIMEOUT_SECONDS,
        "auth_timeout": _TIMEOUT_SECONDS,
        "allow_agent": False,
        "look_for_keys": False,
        "host_key_policy": KnownOnly(config().data / "secrets" / "known_hosts"),
    }
    if password:
        options["password"] = _filled(unquote(password))
    key_file = dict(parse_qsl(parts.query)).get("key_file")
    if key_file:
        secret(key_file)  # It must be there, and closed to others.
        options["key_filename"] = str(config().data / "secrets" / key_file)
    made = fsspec.filesystem("sftp", skip_instance_cache=True, host=parts.hostname, **options)
    try:
        yield Place(made, unquote(parts.path), "sftp")
    finally:
        made.ftp.close()
        made.client.close()
