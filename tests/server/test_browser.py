"""Every page in a real browser: both languages, wide and phone, quiet, accessible, by keyboard.

With ``DAOZHANG_SHOTS=FOLDER`` a picture of each page is put there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import chromium

SIZES = {"wide": (1280, 900), "phone": (390, 844)}
PEOPLE = ("admin", "bank")

pytestmark = [
    pytest.mark.browser,
    # The driver leaves its own pipes to be closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def sessions(live: str) -> dict[str, str]:
    """A signed-in session for some people, made before the browser's loop runs in this thread."""
    from django.test import Client

    from daozhang.server.models import Person

    made = {}
    for name in PEOPLE:
        client = Client()
        client.force_login(
            Person.objects.get(email=f"{name}@demo.example"),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        made[name] = client.cookies["sessionid"].value
    return made


@pytest.fixture(scope="module")
def addresses(live: str, sessions: dict[str, str]) -> dict[str, str]:
    """Each page of the menu and those behind it, by a short name."""
    from daozhang.app.scope import EVERYTHING
    from daozhang.server.readings import reading_for
    from daozhang.server.rights import PAGES

    reading = reading_for(EVERYTHING)
    assert reading is not None
    row = reading.figures.incidents[0]
    found = {name: f"/{name}/" if name != "overview" else "/" for name in PAGES}
    found |= {
        "incident": f"/late/{row['incident_id']}/",
        "sale": f"/track/{row['example']}/",
        "found": "/track/?q=0001",
    }
    return found


@pytest.fixture(scope="module")
def browser(sessions: dict[str, str], addresses: dict[str, str]) -> Iterator[Any]:
    with chromium() as started:
        yield started


def _tab(browser: Any, live: str, session: str | None, lang: str, size: str = "wide") -> Any:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=lang)
    cookies = [{"name": "lang", "value": lang, "url": live}]
    if session:
        cookies.append({"name": "sessionid", "value": session, "url": live})
    context.add_cookies(cookies)
    tab = context.new_page()
    tab.asked, tab.said = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("console", lambda m: tab.said.append(m.text) if m.type in {"error", "warning"} else None)
    tab.on("pageerror", lambda error: tab.said.append(str(error)))
    return tab


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_shows_fits_and_asks_nobody_else(
    browser: Any, live: str, sessions: dict[str, str], addresses: dict[str, str], lang: str,
    size: str,
) -> None:  # fmt: skip
    from axe_playwright_python.sync_playwright import Axe

    shots = os.environ.get("DAOZHANG_SHOTS")
    tab = _tab(browser, live, sessions["admin"], lang, size)
    for name, path in addresses.items():
        answer = tab.goto(live + path)
        assert answer.status == 200, f"{path}: {answer.status}"
        assert tab.locator("html").get_attribute("lang") == ("zh-CN" if lang == "zh" else "en")
        assert tab.locator("h1").count() == 1, f"{path}: one heading of the first rank"
        wider = tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, f"{path} is {wider} px too wide on a {size} screen"
        serious = [
            f"{path}: {found['id']} {found['nodes'][0]['target']}"
            for found in Axe().run(tab).response["violations"]
            if found["impact"] in {"serious", "critical"}
        ]
        assert not serious, serious
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=Path(shots) / f"{name}.{lang}.{size}.png", full_page=True)
    hosts = {urlsplit(url).netloc for url in tab.asked if not url.startswith("data:")}
    assert hosts == {urlsplit(live).netloc}
    assert tab.said == []
    tab.context.close()


def test_from_the_first_page_one_click_leads_to_why(
    browser: Any, live: str, sessions: dict[str, str]
) -> None:
    tab = _tab(browser, live, sessions["admin"], "en")
    tab.goto(live + "/")
    sentence = tab.locator(".upgrade a").first
    assert sentence.is_visible()
    assert "The upgrade to 3.2.1 delays ¥" in sentence.inner_text()
    box = sentence.bounding_box()
    assert box["y"] + box["height"] <= SIZES["wide"][1], "seen without scrolling"
    sentence.click()
    tab.wait_for_load_state()
    assert tab.locator(".evidence li").count() >= 2
    assert tab.locator(".first").is_visible()
    tab.context.close()


def test_the_keyboard_alone_signs_in_and_finds_a_sale(
    browser: Any, live: str, addresses: dict[str, str]
) -> None:
    tab = _tab(browser, live, None, "en")
    tab.goto(live + "/")
    assert "/accounts/login/" in tab.url
    tab.keyboard.press("Tab")
    while tab.evaluate("document.activeElement.name") != "login":
        tab.keyboard.press("Tab")
    tab.keyboard.type("ops@demo.example")
    tab.keyboard.press("Tab")
    tab.keyboard.type("arrive-on-time")
    tab.keyboard.press("Enter")
    tab.wait_for_url(live + "/")
    tab.wait_for_load_state()
    assert tab.locator("h1").is_visible()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    for _ in range(8):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "q":
            break
    shown = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown != "none", "where the keyboard is can be seen"
    sale_id = addresses["sale"].split("/")[2]
    tab.keyboard.type(sale_id)
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert sale_id in tab.locator("h1").inner_text()
    tab.context.close()


def test_a_bank_sees_no_page_that_is_not_its_own(
    browser: Any, live: str, sessions: dict[str, str], addresses: dict[str, str]
) -> None:
    tab = _tab(browser, live, sessions["bank"], "zh")
    tab.goto(live + "/")
    seen = set(tab.locator("nav.menu a").evaluate_all("all => all.map(a => a.pathname)"))
    assert addresses["audit"] not in seen
    assert addresses["terms"] not in seen
    assert tab.goto(live + addresses["audit"]).status == 403
    assert tab.locator("h1").inner_text() == "您的角色看不了这一页"
    tab.context.close()
