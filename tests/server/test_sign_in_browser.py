"""The whole way in, in a real browser: invited, password, second factor, out, in with a code.

What is needed is done on the pages, as people would: the administrator's too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import chromium
from tests.server.browsing import fit, own_host_only, tab_of

pytestmark = [
    pytest.mark.browser,
    # The driver leaves its own pipes to be closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

EMAIL, PASSWORD = "fresh@demo.example", "a-long-enough-one"
CODES = 10


@pytest.fixture(scope="module")
def tidied(live: str) -> Iterator[None]:
    """What the tests leave is taken away again, when no browser's loop runs any more."""
    from django.core.cache import cache

    cache.clear()  # Others may have tried wrong passwords from this address.
    yield
    from daozhang.server.models import Invitation, Person, SecondFactorRule

    SecondFactorRule.objects.all().delete()
    Person.objects.filter(email=EMAIL).delete()
    Invitation.objects.filter(email=EMAIL).delete()


@pytest.fixture(scope="module")
def browser(sessions: dict[str, str], tidied: None) -> Iterator[Any]:
    with chromium() as started:
        yield started


def _code(secret: str, steps: int = 0) -> str:
    from allauth.mfa.totp.internal import auth

    counter = int(auth.time.time()) // 30 + steps
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


def _send(tab: Any, button: str) -> None:
    with tab.expect_navigation():
        tab.click(button)


def _sign_in(tab: Any, live: str) -> None:
    tab.goto(live + "/accounts/login/?lang=en")
    tab.fill("#id_login", EMAIL)
    tab.fill("#id_password", PASSWORD)
    _send(tab, "main button")


def _invited(tab: Any, live: str) -> str:
    """Let the administrator demand a second factor and invite somebody; return the link's path."""
    tab.goto(live + "/settings/")
    tab.check("#second-factor input[value=auditor]")
    _send(tab, "#second-factor button")
    tab.fill("#email", EMAIL)
    tab.select_option("#role", "auditor")
    _send(tab, "form:has(#email) button")
    link = re.search(r"/invitation/[\w-]+/?", tab.inner_text(".message code"))
    assert link is not None
    return link[0].rstrip("/") + "/"


def test_invited_set_up_out_and_in_again_by_code_and_by_recovery_code(
    browser: Any, live: str, sessions: dict[str, str]
) -> None:
    admin = tab_of(browser, live, sessions["admin"], "en")
    invitation = _invited(admin, live)
    tab = tab_of(browser, live, None, "en", "phone")
    tab.goto(live + invitation)
    tab.fill("#password", PASSWORD)
    fit(tab, "invitation")
    _send(tab, "main button")

    _sign_in(tab, live)
    assert tab.url.endswith("/accounts/2fa/totp/activate/"), "led there before anything else"
    assert "Your role needs a second factor" in tab.inner_text("main")
    tab.goto(live + "/files/")
    assert tab.url.endswith("/accounts/2fa/totp/activate/")
    fit(tab, "set up")
    tab.fill("#id_code", "12")
    _send(tab, "main button")
    assert tab.locator("[role=alert]").is_visible()
    secret = tab.inner_text("#secret")
    tab.fill("#id_code", _code(secret))
    _send(tab, "main button")
    codes = tab.locator(".codes code").all_inner_texts()
    assert len(codes) == CODES
    fit(tab, "recovery codes")
    _send(tab, "a.button")
    assert tab.url == live + "/"
    _send(tab, ".me button")
    tab.goto(live + "/")
    assert "/accounts/login/" in tab.url

    _sign_in(tab, live)
    assert "/accounts/2fa/authenticate/" in tab.url, "a password is not enough now"
    fit(tab, "code")
    tab.fill("#id_code", _code(secret, steps=1))  # The one before was used up.
    _send(tab, "main form.form button")
    assert tab.url == live + "/"
    _send(tab, ".me button")

    for used in (False, True):
        _sign_in(tab, live)
        tab.fill("#id_code", codes[0])
        _send(tab, "main form.form button")
        assert (tab.url == live + "/") is not used, "each lets in once"
        if not used:
            _send(tab, ".me button")
    assert "The code is wrong" in tab.inner_text("[role=alert]")
    own_host_only(tab, live)
    tab.context.close()

    admin.goto(live + "/settings/")
    row = admin.locator("#people tr", has_text=EMAIL)
    assert "set up" in row.inner_text()
    with admin.expect_navigation():
        row.get_by_role("button", name=f"Reset the second factor of {EMAIL}").click()
    assert "was taken away" in admin.inner_text(".message")
    assert "not set up, must be" in admin.locator("#people tr", has_text=EMAIL).inner_text()
    admin.goto(live + "/audit/")
    trail = admin.inner_text("table")
    for said in ("reset a second factor", "used a recovery code", "set up a second factor",
                 "said who needs a second factor"):  # fmt: skip
        assert said in trail, said
    admin.context.close()
