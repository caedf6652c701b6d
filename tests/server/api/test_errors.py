"""Errors: one shape, stable keys, both languages, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.calls import Caller


def refused(response: Any, status: int, key: str) -> dict[str, Any]:
    """The detail of an error that has the one shape."""
    assert response.status_code == status, response.content.decode()
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    told = response.json()
    assert set(told) == {"error"}
    assert set(told["error"]) == {"key", "message", "detail"}
    assert told["error"]["key"] == key
    assert told["error"]["message"]
    return dict(told["error"]["detail"])


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/me/", "/api/v9/me",
             "/api/v1/files/x", "/api/v1/files/-1", "/api/v1/files/99999999999999999999999999",
             "/api/v1/people/99999999999999999999999999", "/api/v1/incidents/INC-%00",
             "/api/v1/journeys/%00", "/api/v1/journeys/a/b/c", "/api/v1/incidents/'/sales"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_404(call_as: Callable[[str], Caller], path: str, method: str) -> None:
    response = call_as("admin")(method, path)
    if method == "POST" and response.status_code == 405:
        return
    refused(response, 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "OPTIONS", "TRACE"])
def test_405(call_as: Callable[[str], Caller], method: str) -> None:
    response = call_as("ops")(method, "me")
    refused(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET"
    assert response["X-Request-Id"]
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
def test_415(call_as: Callable[[str], Caller], kind: str) -> None:
    client = call_as("ops").client
    response = client.post("/api/v1/tokens", "name=x", content_type=kind)
    assert refused(response, 415, "unsupported_media_type") == {"needs": "application/json"}
    response = client.post("/api/v1/files", "{}", content_type="application/json")
    assert refused(response, 415, "unsupported_media_type") == {"needs": "multipart/form-data"}


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"NaN", b'{"name": Infinity, "scopes": []}', b"[" * 100_000]
)
def test_400(call_as: Callable[[str], Caller], body: bytes) -> None:
    client = call_as("ops").client
    response = client.post("/api/v1/tokens", body, content_type="application/json")
    refused(response, 400, "bad_request")


def test_a_broken_form_is_refused(call_as: Callable[[str], Caller]) -> None:
    client = call_as("ops").client
    response = client.post("/api/v1/files", b"x", content_type="multipart/form-data")
    refused(response, 400, "bad_request")


def test_413(call_as: Callable[[str], Caller]) -> None:
    client = call_as("ops").client
    body = b'{"name": "' + b"x" * (5 * 2**20) + b'", "scopes": ["read"]}'
    response = client.post("/api/v1/tokens", body, content_type="application/json")
    refused(response, 413, "too_large")


@pytest.mark.parametrize(
    ("body", "where", "key"),
    [
        (None, ["body"], "missing"),
        ([], ["body"], "model_attributes_type"),
        ({"scopes": ["read"]}, ["body", "name"], "missing"),
        ({"name": "x"}, ["body", "scopes"], "missing"),
        ({"name": "", "scopes": ["read"]}, ["body", "name"], "string_too_short"),
        ({"name": "x" * 81, "scopes": ["read"]}, ["body", "name"], "string_too_long"),
        ({"name": 1, "scopes": ["read"]}, ["body", "name"], "string_type"),
        ({"name": "a\u0000b", "scopes": ["read"]}, ["body", "name"], "control_character"),
        ({"name": "\ud800", "scopes": ["read"]}, ["body", "name"], "string_unicode"),
        ({"name": "x", "scopes": []}, ["body", "scopes"], "too_short"),
        ({"name": "x", "scopes": ["all"]}, ["body", "scopes", 0], "literal_error"),
        ({"name": "x", "scopes": ["read"], "more": 1}, ["body", "more"], "extra_forbidden"),
        ({"name": "x", "scopes": ["read"], "ends_at": "2099-01-01T00:00:00"},
         ["body", "ends_at"], "timezone_aware"),
        ({"name": "x", "scopes": ["read"], "ends_at": "soon"}, ["body", "ends_at"],
         "datetime_from_date_parsing"),
    ],
)  # fmt: skip
def test_422_says_where_and_why_in_both_languages(
    call_as: Callable[[str], Caller], body: Any, where: list[Any], key: str
) -> None:
    caller, said = call_as("ops"), set()
    for lang in ("en", "zh-CN,zh;q=0.9"):
        response = caller("POST", "tokens", body, Accept_Language=lang)
        (field,) = refused(response, 422, "validation_failed")["fields"]
        assert field["where"][: len(where)] == where
        assert field["key"] == key
        said.add(field["message"])
    assert len(said) == 2


@pytest.mark.parametrize(
    ("query", "name", "key"),
    [
        ("stauts=late", "stauts", "unknown_parameter"),
        ("status=gone", "status", "literal_error"),
        ("day=yesterday", "day", "date_from_datetime_parsing"),
        ("day=0001-01-01", "day", "greater_than_equal"),
        ("day=9999-12-31", "day", "less_than"),
        ("limit=ten", "limit", "int_parsing"),
        ("store_id=a%00b", "store_id", "control_character"),
    ],
)
def test_a_query_is_checked(
    call_as: Callable[[str], Caller], query: str, name: str, key: str
) -> None:
    (field,) = refused(call_as("ops")("GET", f"journeys?{query}"), 422, "validation_failed")[
        "fields"
    ]
    assert (field["where"], field["key"]) == (["query", name], key)


def test_500_tells_an_id_and_no_traceback(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from structlog.testing import capture_logs

    from daozhang.server.api import overview

    def fail(*_: Any) -> None:
        raise RuntimeError("the password is sesame")

    monkeypatch.setattr(overview, "draw_headline", fail)
    with capture_logs() as logs:
        response = call_as("ops")("GET", "overview")
    number = refused(response, 500, "unexpected")["id"]
    assert "sesame" not in response.content.decode()
    assert "Traceback" not in response.content.decode()
    (logged,) = (entry for entry in logs if entry["event"] == "unexpected")
    assert logged["id"] == number
    assert "sesame" in str(logged["exc_info"])


def test_500_outside_of_an_operation_has_the_shape_too(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server import middleware

    caller = call_as("ops")

    def fail(*_: Any) -> str:
        raise RuntimeError("sesame")

    monkeypatch.setattr(middleware, "lang_of", fail)
    response = caller("GET", "me")
    refused(response, 500, "unexpected")
    assert "sesame" not in response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "key"),
    [
        (OSError(28, "No space left on device"), 507, "no_room"),
        (OSError(5, "Input/output error"), 500, "unexpected"),
    ],
)
def test_a_full_disk_is_told(
    call_as: Callable[[str], Caller],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    key: str,
) -> None:
    import io

    from daozhang.server.api import files

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(files, "receive", fail)
    refused(call_as("ops")("POST", "files", {"file": io.BytesIO(b"x")}), status, key)


def test_a_busy_database_asks_for_patience(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from daozhang.server.api import overview

    def fail(*_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(overview, "draw_headline", fail)
    response = call_as("ops")("GET", "overview")
    refused(response, 503, "busy")
    assert response["Retry-After"] == "2"


def test_a_database_that_is_away_is_told_in_shape(
    call_as: Callable[[str], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth import middleware
    from django.db import OperationalError

    caller = call_as("ops")

    def fail(*_: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(middleware, "get_user", fail)
    refused(caller("GET", "me"), 500, "unexpected")


def test_a_host_that_is_not_ours_is_refused_in_shape(server: object) -> None:
    from django.test import Client

    response = Client(raise_request_exception=False).get("/api/v1/me", headers={"Host": "evil"})
    refused(response, 400, "bad_request")


def test_429_says_when_to_come_back(
    token_as: Callable[..., Caller], call_as: Callable[[str], Caller],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from daozhang.server.api import callers
    from daozhang.server.api.limits import Limiter

    at = [1000.0]
    monkeypatch.setattr(callers, "PEOPLE", Limiter(3, lambda: at[0]))
    one, two, other = token_as("ops", "read"), token_as("ops", "read"), call_as("bank")
    assert [one("GET", "me").status_code for _ in range(2)] == [200, 200]
    assert two("GET", "me").status_code == 200
    response = one("GET", "me")
    detail = refused(response, 429, "rate_limited")
    assert response["Retry-After"] == str(detail["retry_after_s"])
    assert two("GET", "me").status_code == 429, "a second token is no second allowance"
    assert other("GET", "me").status_code == 200
    at[0] += detail["retry_after_s"]
    assert one("GET", "me").status_code == 200


def test_guessing_tokens_is_slowed_down(
    server: object, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    from django.test import Client

    from daozhang.server.api import callers
    from daozhang.server.api.limits import STRANGERS_A_MINUTE, Limiter

    monkeypatch.setattr(callers, "STRANGERS", Limiter(STRANGERS_A_MINUTE, lambda: 0))
    guess = Caller(Client(), {"Authorization": "Bearer dz_guess"})
    codes = [guess("GET", "me").status_code for _ in range(STRANGERS_A_MINUTE + 1)]
    assert codes == [401] * STRANGERS_A_MINUTE + [429]


def test_limits_forget_who_has_not_come_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from daozhang.server.api import limits

    monkeypatch.setattr(limits, "BUCKETS_MAX", 3)
    limiter = limits.Limiter(5, lambda: 0.0)
    for number in range(10):
        limiter.take(f"person {number}")
    assert list(limiter._buckets) == ["person 7", "person 8", "person 9"]


def test_languages(call_as: Callable[[str], Caller]) -> None:
    caller = call_as("ops")  # Who chose no language.
    for query, header, wanted in (
        ("", "", "zh-CN"), ("", "en-GB,en;q=0.9,zh;q=0.1", "en"), ("", "de,zh-TW;q=0.5", "zh-CN"),
        ("", "de", "zh-CN"), ("?lang=en", "zh", "en"), ("?lang=zh", "en", "zh-CN"),
        ("?lang=fr", "en", "en"),
    ):  # fmt: skip
        response = caller("GET", f"nothing{query}", Accept_Language=header)
        assert response["Content-Language"] == wanted, (query, header)
        assert "lang" not in response.cookies
        assert ("nothing here" in response.json()["error"]["message"]) == (wanted == "en")


def test_every_key_has_its_words_in_both_languages(data: object) -> None:
    from daozhang.server.api.errors import STATUSES
    from daozhang.server.words_api_en import EN
    from daozhang.server.words_api_zh import ZH

    assert set(EN) == set(ZH)
    named = {key.removeprefix("api.error.") for key in EN if key.startswith("api.error.")}
    assert named == set(STATUSES)


def test_pages_keep_their_own_errors(call_as: Callable[[str], Caller]) -> None:
    response = call_as("ops").client.get("/nothing/")
    assert response.status_code == 404
    assert "application/json" not in response["Content-Type"]
