"""Which SFTP hosts are spoken to: those whose keys an administrator has put down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import paramiko

__all__ = ["KnownOnly", "UnknownHostError"]


class UnknownHostError(Exception):
    """The key of a host is not known; its name is the message."""


class KnownOnly(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
    """Takes the keys of a ``known_hosts`` file and no others."""

    def __init__(self, path: Path) -> None:
        """Keep the path; it may not be there."""
        self._path = path

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002
        """Let a known key pass.

        Raises:
            UnknownHostError: the file does not have it.
        """
        known = paramiko.HostKeys(str(self._path) if self._path.is_file() else None)
        if not known.check(hostname, key):
            raise UnknownHostError(hostname)
