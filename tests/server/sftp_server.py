"""A small SFTP server in this process: one folder, one user with a password."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import paramiko


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("bank", "p@ss:w/rd")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


def _files(root: Path) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def _real(self, path: str) -> Path:
            return Path(str(root) + self.canonicalize(path))

        def list_folder(self, path: str) -> Any:
            try:
                paths = list(self._real(path).iterdir())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            found = []
            for one in paths:
                attributes = paramiko.SFTPAttributes.from_stat(one.stat())
                attributes.filename = one.name
                found.append(attributes)
            return found

        def stat(self, path: str) -> Any:
            try:
                return paramiko.SFTPAttributes.from_stat(self._real(path).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        lstat = stat

        def open(self, path: str, flags: int, attr: Any) -> Any:
            try:
                file = self._real(path).open("rb")
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            handle = paramiko.SFTPHandle(flags)
            handle.filename, handle.readfile = path, file
            return handle

    return Files


class SftpServer:
    """Answers on a free port until it is closed."""

    def __init__(self, root: Path) -> None:
        self.key = paramiko.ECDSAKey.generate()
        self._root = root
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files(self._root))
            self._transports.append(transport)
            try:
                transport.start_server(server=_Door())
            except (paramiko.SSHException, EOFError):
                continue  # Whoever called did not like the key.

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for transport in self._transports:
            transport.close()
        self._thread.join(timeout=5)
