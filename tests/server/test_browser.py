"""Every page in a real browser: both languages, wide and phone, quiet, accessible, by keyboard.

With ``DAOZHANG_SHOTS=FOLDER`` a picture of each page is put there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.server.browsing import SIZES, fit, own_host_only, resized, tab_of

UPLOADED = "browser-test"
STEPS = 24
DEEPER: set[str] = set()
"""Pages behind those of the menu."""

FOCUSED = """(() => {
  window.reached = [];
  document.addEventListener("focusin", (event) => {
    const at = event.target, style = getComputedStyle(at);
    const seen = style.outlineStyle !== "none" || style.boxShadow !== "none";
    const name = at.className || at.id || at.getAttribute("href") || at.name || at.tagName;
    window.reached.push([name, seen]);
  });
})()"""
WATCHED = """(() => {
  window.went = [];
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.target.tagName !== "PROGRESS") continue;
      const place = [...document.querySelectorAll(".uploads progress")].indexOf(change.target);
      (window.went[place] ||= []).push(change.target.value);
    }
  }).observe(document.querySelector(".uploads"), { subtree: true, attributes: true });
})()"""

pytestmark = [
    pytest.mark.browser,
    # The driver leaves its own pipes to be closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


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
    party = reading.figures.pace[0]
    from daozhang.server.models import Delivery, Person

    deeper = {
        "day": "/calendar/2026-04-23/",
        "upgrade": "/upgrades/3.2.1/",
        "hours": "/upgrade-hours/",
        "provider": f"/providers/{party['provider_id']}/",
        "bank": f"/banks/{party['bank_id']}/",
        "whatif": f"/terms/?provider={party['provider_id']}&days=28&lag=0&basis=calendar",
        "sources": "/files/sources/",
        "file": f"/files/{Delivery.objects.earliest('id').pk}/",
        "person": f"/settings/people/{Person.objects.get(email='bank@demo.example').pk}/",
        "sales": "/sales/?status=late,overdue",
        "verified": "/audit/?verify=1",
        "password": "/accounts/password/change/",
        "factor": "/accounts/2fa/",
    }
    DEEPER.update(deeper.values())
    return found | deeper


@pytest.fixture(scope="module")
def tidied(live: str) -> Iterator[None]:
    """What tests of this module send is taken away again, when no browser's loop runs any more."""
    yield
    from daozhang.server.models import Delivery
    from daozhang.server.receiving import waiting_path

    for delivery in Delivery.objects.filter(name__startswith=UPLOADED):
        waiting_path(delivery).unlink()
        delivery.delete()


@pytest.fixture(scope="module")
def browser(
    sessions: dict[str, str], addresses: dict[str, str], tidied: None
) -> Iterator[Any]:  # fmt: skip
    with chromium() as started:
        yield started


LOOKS = (("zh", "phone", "light"), ("en", "wide", "dark"))
"""Language, screen and colours in which each page is searched for faults, contrast among them.

It is then shown on the other screen too, where it must fit; a soak searches there once more.
"""


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_every_page_shows_fits_and_asks_nobody_else(
    browser: Any, live: str, sessions: dict[str, str], addresses: dict[str, str],
    look: tuple[str, str, str],
) -> None:  # fmt: skip
    lang, size, scheme = look
    shots = os.environ.get("DAOZHANG_SHOTS")
    scheme = "light" if shots else scheme
    screens = sorted(SIZES, key=lambda screen: screen != size)
    tab = tab_of(browser, live, sessions["admin"], lang, size, scheme)
    for name, path in addresses.items():
        answer = tab.goto(live + path)
        assert answer.status == 200, f"{path}: {answer.status}"
        assert tab.locator("html").get_attribute("lang") == ("zh-CN" if lang == "zh" else "en")
        for screen in screens:
            resized(tab, screen)
            fit(tab, f"{path} on a {screen} screen", judged=screen == size)
            if shots:
                Path(shots).mkdir(parents=True, exist_ok=True)
                tab.screenshot(path=Path(shots) / f"{name}.{lang}.{screen}.png", full_page=True)
        resized(tab, size)
    own_host_only(tab, live)
    tab.context.close()


def test_the_keyboard_alone_walks_every_page_and_is_seen(
    browser: Any, live: str, sessions: dict[str, str], addresses: dict[str, str]
) -> None:
    tab = tab_of(browser, live, sessions["admin"], "en")
    for path in [path for path in addresses.values() if path not in DEEPER]:
        tab.goto(live + path)
        assert tab.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0
        tab.evaluate(FOCUSED)
        for _ in range(STEPS):
            tab.keyboard.press("Tab")
        reached = []
        for where, seen in tab.evaluate("window.reached"):
            assert seen, f"{path}: {where} has the keyboard, and that cannot be seen"
            reached.append(where)
        assert reached[0] == "skip"
        assert len(set(reached)) > STEPS // 2, f"{path}: the keyboard is caught in {reached[-1]}"
        tab.goto(live + path)
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        tab.keyboard.press("Tab")
        inside = tab.evaluate(
            "document.activeElement === document.body"
            " || !document.activeElement.closest('header, nav.menu')"
        )
        assert inside, f"{path}: the first link skips what every page has"
    tab.context.close()


def test_an_incident_is_printed_whole_and_without_what_cannot_be_clicked(
    browser: Any, live: str, sessions: dict[str, str], addresses: dict[str, str]
) -> None:
    tab = tab_of(browser, live, sessions["admin"], "zh")
    tab.goto(live + addresses["incident"])
    rows = tab.locator("table.fold tbody tr")
    assert rows.count() > 10
    assert not rows.nth(10).is_visible(), "folded on the screen"
    tab.locator(".unfold summary").first.press("Enter")
    assert rows.nth(10).is_visible(), "and unfolded by the keyboard"
    tab.locator(".unfold summary").first.press("Enter")
    tab.emulate_media(media="print")
    for hidden in ("header.bar", "nav.menu", "form", ".unfold"):
        assert tab.locator(f"{hidden} >> visible=true").count() == 0, hidden
    assert rows.nth(rows.count() - 1).is_visible()
    for shown in ("h1", ".first", ".evidence", ".bars", ".history"):
        assert tab.locator(shown).first.is_visible(), shown
    tab.context.close()


def test_several_files_are_sent_one_by_one_with_what_became_of_each(
    browser: Any, live: str, sessions: dict[str, str]
) -> None:
    tab = tab_of(browser, live, sessions["admin"], "en", "phone")
    tab.goto(live + "/files/")
    tab.evaluate(WATCHED)
    files = [
        {"name": f"{UPLOADED}-{name}", "mimeType": "text/csv", "buffer": content}
        for name, content in (
            ("one.csv", b"a,b\n" + b"1,2\n" * 500_000), ("empty.csv", b""), ("two.csv", b"c\n3\n"),
        )
    ]  # fmt: skip
    tab.set_input_files("#files", files)
    tab.click("form.upload button")
    tab.wait_for_selector(".uploads li.done:nth-child(3)")
    lines = tab.locator(".uploads li")
    assert [lines.nth(n).get_attribute("class") for n in range(3)] == ["done", "failed", "done"]
    told = lines.nth(1).inner_text()
    assert f"{UPLOADED}-empty.csv" in told
    assert "The file is empty" in told, "what was refused says why and what to do"
    for values in tab.evaluate("window.went"):
        assert values == sorted(values)
        assert values[-1] == 1
    assert tab.locator("form.upload button").is_enabled()
    tab.wait_for_selector(f"#deliveries a:has-text('{UPLOADED}-two.csv')", timeout=15_000)
    assert tab.locator(f"#deliveries a:has-text('{UPLOADED}-empty.csv')").count() == 0
    tab.click(f"#deliveries a:has-text('{UPLOADED}-two.csv')")
    tab.wait_for_load_state()
    receipt = tab.inner_text("#receipt")
    assert f"{UPLOADED}-two.csv" in receipt
    assert "4 B" in receipt
    assert "admin" in receipt
    fit(tab, "receipt")
    # The browser itself notes that one answer was a refusal.
    tab.said = [said for said in tab.said if "400" not in said]
    own_host_only(tab, live)
    tab.context.close()


def test_from_the_first_page_one_click_leads_to_why(
    browser: Any, live: str, sessions: dict[str, str]
) -> None:
    tab = tab_of(browser, live, sessions["admin"], "en")
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
    tab = tab_of(browser, live, None, "en")
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
    tab = tab_of(browser, live, sessions["bank"], "zh")
    tab.goto(live + "/")
    seen = set(tab.locator("nav.menu a").evaluate_all("all => all.map(a => a.pathname)"))
    assert addresses["audit"] not in seen
    assert addresses["terms"] not in seen
    assert tab.goto(live + addresses["audit"]).status == 403
    assert tab.locator("h1").inner_text() == "您的角色看不了这一页"
    tab.context.close()
