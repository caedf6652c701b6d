"""Generated calls, good and bad, against the application as a server runs it.

Nothing fails with 5xx, every answer has the shape that the description says, what the description
allows is taken but for reasons that only an operation can know, and what it forbids is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import booleans

from tests.server.api.calls import operations

SHORT = 4
LONG = 150

KNOWN_TO_OPERATIONS = {
    "cursor", "control_character", "past", "email", "string_too_short", "timezone_aware",
    "greater_than_equal", "less_than", "span", "source_address", "source_clock", "side", "terms",
}  # fmt: skip
"""Why a value that the description allows may be refused all the same."""


def app() -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def described() -> Any:
    import schemathesis

    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    return schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", app(), config=config, headers={"Host": "localhost"}
    )


@pytest.fixture
def headers(
    client_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Headers of an administrator's session, who may call everything, as often as tests like."""
    from django.core import signals
    from django.db import close_old_connections

    from daozhang.server.api import callers
    from daozhang.server.api.limits import Limiter

    monkeypatch.setattr(callers, "PEOPLE", Limiter(10**9))
    client = client_of("admin")
    client.get("/settings/")
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    # A server's request begins with connections made anew, which would end the test's transaction.
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield {
        "Host": "localhost",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": cookies["csrftoken"],
    }
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def existing() -> dict[str, Any]:
    """Ids of things that are there, by the names that addresses give them."""
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.models import Delivery, Person, Source
    from daozhang.server.readings import reading_for

    reading = reading_for(EVERYTHING)
    assert reading is not None
    ((sale,),) = reading.engine().rows("SELECT min(sale_id) FROM listed WHERE status = 'late'")
    return {
        "incident_id": reading.figures.incidents[0]["incident_id"],
        "sale_id": sale,
        "file_id": Delivery.objects.latest("id").pk,
        "person_id": Person.objects.get(email="bank@demo.example").pk,
        "source_id": Source.objects.create(name="a test's", address="file:///nowhere").pk,
        "provider_id": reading.figures.pace[0]["provider_id"],
        "bank_id": reading.figures.pace[0]["bank_id"],
        "release_id": "3.2.1",
    }


def run(headers: dict[str, str], positive: bool, examples: int) -> dict[str, set[int]]:
    """Call every operation with generated data; return which statuses each one answered."""
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    mode = GenerationMode.POSITIVE if positive else GenerationMode.NEGATIVE
    wanted = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        schemathesis.checks.not_a_server_error,
    ]
    if not positive:
        wanted.append(checks.negative_data_rejection)
    ids = existing()
    seen: dict[str, set[int]] = {}
    for result in described().get_all_operations():
        operation = result.ok()
        statuses = seen[operation.definition.raw["operationId"]] = set()
        try:
            try_one(operation, headers, ids, mode, examples, wanted, statuses)
        except Unsatisfiable:
            assert not positive, "something is always good"
        except Exception as error:
            error.add_note(f"of {operation.label}")
            raise
    return seen


def try_one(
    operation: Any, headers: dict[str, str], ids: dict[str, Any], mode: Any, examples: int,
    wanted: list[Any], statuses: set[int],
) -> None:  # fmt: skip
    """Call one operation, and keep which statuses it answers."""

    @given(case=operation.as_strategy(generation_mode=mode), real=booleans())
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples == SHORT,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def call(case: Any, *, real: bool) -> None:
        if mode.is_positive and real:
            there = {name: ids[name] for name in case.path_parameters or {} if name in ids}
            case.path_parameters = {**(case.path_parameters or {}), **there}
        cookies = dict(pair.split("=") for pair in headers["Cookie"].split("; "))
        response = case.call(
            headers={name: value for name, value in headers.items() if name != "Cookie"},
            cookies=cookies,
        )
        statuses.add(response.status_code)
        case.validate_response(response, checks=wanted)
        if mode.is_positive and response.status_code == 422:
            fields = response.json()["error"]["detail"].get("fields", ())
            assert {
                field["key"]
                for field in fields
                # An empty file is written by the generator as a form that ends before it.
                if field["where"] != ["file", "file"]
            } <= KNOWN_TO_OPERATIONS, fields

    call()


@pytest.mark.parametrize("positive", [True, False], ids=["good", "bad"])
def test_generated_calls(headers: dict[str, str], positive: bool) -> None:
    seen = run(headers, positive, SHORT)
    assert set(seen) == {operation.name for operation in operations()}
    if positive:
        assert {name for name, statuses in seen.items() if min(statuses) < 300} >= {
            "overview", "journeys", "journey", "incident", "me", "send_file",
        }  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize("positive", [True, False], ids=["good", "bad"])
def test_many_generated_calls(headers: dict[str, str], positive: bool) -> None:
    run(headers, positive, LONG)
