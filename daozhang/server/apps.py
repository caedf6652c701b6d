"""The server as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ServerConfig"]


class ServerConfig(AppConfig):
    """One application: everything of the server."""

    name = "daozhang.server"
    label = "server"

    def ready(self) -> None:
        """Let what people change about how they sign in be written down."""
        from daozhang.server import second_factor  # noqa: PLC0415 - it has models

        second_factor.listen()
