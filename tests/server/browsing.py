"""What browser tests share: a tab that notes what it asks for, and what every page must be."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

SOAK = "DAOZHANG_SOAK" in os.environ
SIZES = {"wide": (1280, 900), "phone": (390, 844)}

SEARCHED = "() => axe.run({resultTypes: ['violations']}).then(told => told.violations)"
"""What is in order is not handed over: there is much of it."""


def tab_of(browser: Any, live: str, session: str | None, lang: str, size: str = "wide",
           scheme: str = "light") -> Any:  # fmt: skip
    """Return a tab of a session of its own; ``asked`` and ``said`` note its requests and errors."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale=lang, color_scheme=scheme
    )
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


def resized(tab: Any, size: str) -> None:
    """Show the same page on a screen of another size, laid out anew."""
    width, height = SIZES[size]
    tab.set_viewport_size({"width": width, "height": height})
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => done(innerWidth)))")
    assert tab.evaluate("innerWidth") == width


def fit(tab: Any, path: str, *, judged: bool = True) -> None:
    """Assert that a page is not wider than its screen, has one first heading and no bad fault.

    ``judged``: whether it is searched for faults, which takes longer than all else; a soak
    searches every time.
    """
    from axe_playwright_python.sync_playwright import Axe

    assert tab.locator("h1").count() == 1, f"{path}: one heading of the first rank"
    wider = tab.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wider <= 0, f"{path} is {wider} px too wide"
    if not (judged or SOAK):
        return
    tab.evaluate(Axe().axe_script)
    serious = [
        f"{path}: {found['id']} {found['nodes'][0]['target']} {found['nodes'][0]['html'][:80]}"
        for found in tab.evaluate(SEARCHED)
        if found["impact"] in {"serious", "critical"}
    ]
    assert not serious, serious


def own_host_only(tab: Any, live: str) -> None:
    """Assert that nothing was asked of another host and the browser had nothing to complain of."""
    hosts = {urlsplit(url).netloc for url in tab.asked if not url.startswith(("data:", "blob:"))}
    assert hosts <= {urlsplit(live).netloc}
    assert tab.said == []
