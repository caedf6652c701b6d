"""The page of the description in a real browser: under the policy, without another host."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.browser import chromium
from tests.server.api.calls import operations

pytestmark = [
    pytest.mark.browser,
    # The driver leaves its own pipes to be closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_the_page_shows_every_operation_and_asks_nobody_else(live: str) -> None:
    from django.test import Client

    from daozhang.server.models import Person

    client = Client()
    admin = Person.objects.get(email="admin@demo.example")
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies["sessionid"].value
    wanted = len(operations())
    hosts, complaints = set(), []
    with chromium() as browser:
        page = browser.new_page(locale="en")
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live}])
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live}/api/v1/docs")
        page.wait_for_selector(".opblock", timeout=20_000)
        assert page.locator(".opblock").count() == wanted
        page.locator("#operations-me-me").click()
        page.locator(".try-out__btn").click()
        page.locator("button.execute").click()
        page.wait_for_selector(".live-responses-table .response-col_status")
        told = page.locator(".live-responses-table").inner_text()
    assert "admin@demo.example" in told
    assert {host for host in hosts if host} == {urlsplit(live).netloc}
    assert complaints == []
