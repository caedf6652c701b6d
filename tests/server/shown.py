"""What the tests of the money pages share: texts, tables and the rows that somebody may see."""

from __future__ import annotations

import csv
import io
from typing import Any

ROLES = ("ops", "store", "finance", "provider", "bank", "admin", "auditor")


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def table(response: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV answer."""
    assert response["Content-Type"].startswith("text/csv"), response["Content-Type"]
    content = b"".join(response) if response.streaming else response.content
    found = content.decode("utf-8-sig")
    assert found.count("\r\n") == found.count("\n")
    return list(csv.DictReader(io.StringIO(found)))


def reading_of(name: str) -> Any:
    """Return the snapshot as one of the demo's people may see it."""
    from daozhang.server.models import Person
    from daozhang.server.readings import reading_for
    from daozhang.server.rights import scope_of

    reading = reading_for(scope_of(Person.objects.get(email=f"{name}@demo.example")))
    assert reading is not None
    return reading


def statuses(client_of: Any, path: str) -> dict[str, int]:
    """Return what every role gets at an address."""
    return {name: client_of(name).get(path).status_code for name in ROLES}
