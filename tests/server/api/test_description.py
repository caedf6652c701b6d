"""The API's description is true, and its page works without a network and without inline script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.server.api.calls import operations

DOC = Path(__file__).resolve().parents[3] / "docs" / "operate" / "api.md"


def description(client: Any) -> dict[str, Any]:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    return dict(response.json())


def test_it_is_valid_and_whole(server: object) -> None:
    from django.test import Client
    from jsonschema import Draft202012Validator

    told = description(Client())
    assert told["openapi"].startswith("3.1")
    named = {op["operationId"]: op for path in told["paths"].values() for op in path.values()}
    assert set(named) == {op.name for op in operations()}
    for name, op in named.items():
        assert op["description"], name
        assert op["tags"], name
        assert op["security"] == [{"Bearer": []}, {"Session": []}]
        for status in ("401", "403", "422", "429", "500"):
            content = op["responses"][status]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    for operation in operations():
        keyed = [
            p for p in named[operation.name]["parameters"] if p["name"] == "Idempotency-Key"
        ]  # fmt: skip
        assert bool(keyed) == (operation.method == "POST"), operation.name
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert set(told["components"]["securitySchemes"]) == {"Bearer", "Session"}


def test_its_page_loads_only_what_lies_here(client_of: Callable[[str], Any]) -> None:
    client = client_of("ops")
    response = client.get("/api/v1/docs")
    page = response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src", 1)[1].split(";", 1)[0]
    for tag in re.findall(r"<script[^>]*>", page):
        assert 'src="/static/' in tag or 'type="application/json"' in tag
    assert "<style" not in page
    assert 'data-csrf-token=""' not in page
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 4
    for address in loaded:
        assert address.startswith("/static/")
        found = client.get(address)
        assert found.status_code == 200, address
        assert sum(len(part) for part in found.streaming_content) > 100


def test_every_error_key_stands_in_the_docs(data: object) -> None:
    from daozhang.server.api.errors import STATUSES
    from daozhang.server.words_api_en import EN

    page = DOC.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \| (.+) \|$", page, flags=re.MULTILINE)
    assert {key: int(status) for key, status, _ in rows} == STATUSES
    for key, _, said in rows:
        assert said == EN[f"api.error.{key}"], key


def test_every_operation_stands_in_the_docs(data: object) -> None:
    page = DOC.read_text(encoding="utf-8")
    for operation in operations():
        path = re.sub(r"\{\w+:", "{", operation.path.removeprefix("/api/v1"))
        scope = operation.needs.scope
        row = f"| `{operation.method} {path}` | {operation.needs.right} | {scope or '–'} |"
        assert row in page, row


def test_limits_in_the_docs_are_those_that_hold(data: object) -> None:
    from daozhang.server.api import idempotency, limits, paging

    page = DOC.read_text(encoding="utf-8")
    for said in (
        f"{limits.CALLS_A_MINUTE} calls a minute",
        f"{idempotency.KEPT.total_seconds() / 3600:.0f} hours",
        f"at most {paging.LIMIT_MAX}",
    ):
        assert said in page, said
