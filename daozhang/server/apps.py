"""The server as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ServerConfig"]


class ServerConfig(AppConfig):
    """One application: everything of the server."""

    name = "daozhang.server"
    label = "server"
