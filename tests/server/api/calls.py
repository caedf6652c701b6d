"""Calls of the API, and what its own list of operations says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

ROLES = ("ops", "store", "finance", "provider", "bank", "admin", "auditor")
PARTS = ("store", "provider", "bank")
"""Who of them sees only some rows."""


@dataclass(frozen=True)
class Operation:
    """One operation as the API itself lists it."""

    name: str
    method: str
    path: str
    needs: Any


def operations() -> list[Operation]:
    """Every operation that the API has."""
    from daozhang.server.api.root import api

    return [
        Operation(op.operation_id, op.methods[0], f"/api/v1{path}", op.auth_callbacks[0])
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for op in view.operations
    ]


class Caller:
    """Calls by one person, by session or token."""

    def __init__(self, client: Any, headers: dict[str, str] | None = None) -> None:
        self.client = client
        self.headers = headers or {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the response; ``body`` is JSON, or a form with a file if it is a dict of files."""
        given = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        address = path if path.startswith("/") else f"/api/v1/{path}"
        if isinstance(body, dict) and any(hasattr(value, "read") for value in body.values()):
            return self.client.post(address, body, headers=given)
        data = b"" if body is None else json.dumps(body)
        return self.client.generic(
            method, address, data, content_type="application/json", headers=given
        )

    def get(self, path: str, **headers: str) -> Any:
        """Return the value that a GET answers; it must be a good one."""
        response = self("GET", path, **headers)
        assert response.status_code == 200, response.content.decode()
        return response.json()


@dataclass(frozen=True)
class Ids:
    """Things that exist: some are somebody's own, some are not."""

    sale: str
    incident: str
    file: int
    person: int
    token: int
    source: int
    release: str
    provider: str
    bank: str
