"""What machines ask: health, readiness, figures; and the style sheet."""

from __future__ import annotations

import shutil
from typing import Final

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control

from daozhang.server.config import config
from daozhang.server.metrics import CONTENT_TYPE_LATEST, exposed
from daozhang.server.pages_env import style
from daozhang.server.tokens import token_of

__all__ = ["live", "metrics", "ready", "style_sheet"]

FREE_BYTES_MIN: Final = 200 * 2**20


def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Say whether requests can be served: the database answers, the disk has room."""
    checks = {"database": _database(), "disk": _disk()}
    good = all(checks.values())
    return JsonResponse(
        {"status": "ok" if good else "failing", **checks}, status=200 if good else 503
    )


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _disk() -> bool:
    return shutil.disk_usage(config().data).free >= FREE_BYTES_MIN


def metrics(request: HttpRequest) -> HttpResponse:
    """Return figures for Prometheus, to this machine and to holders of a reading token only."""
    if request.META.get("REMOTE_ADDR") not in {"127.0.0.1", "::1"}:
        token = token_of(request)
        if token is None or "read" not in token.scopes:
            return HttpResponse(status=403)
    return HttpResponse(exposed(), content_type=CONTENT_TYPE_LATEST)


@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def style_sheet(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001
    """Return the style sheet; its name changes with its content."""
    return HttpResponse(style(), content_type="text/css; charset=utf-8")
