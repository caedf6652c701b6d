"""The page of a replay: its sentence, its pictures, both languages, and no request."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from lxml import html

from daozhang.app import replay_page
from daozhang.app.replay import Replay
from daozhang.app.replay_page import replay_html
from daozhang.app.words_gate import WORDS as GATE_WORDS
from daozhang.app.words_gate_page import WORDS
from daozhang.charts import LANGS
from daozhang.gate import Judge, Settings
from daozhang.gate.judge import Reason
from daozhang.world.rollouts import Rollout, simulate
from tests.browser import chromium

ZONE = "Asia/Shanghai"
WIDTHS = (1280, 390)


def replayed(seed, **plan):
    settings = Settings(every_s=6 * 3600)
    waves = {"waves": (0.1, 0.19, 0.5, 1.0), "starts": (0, 3)}
    evidence = simulate(seed, Rollout(**(waves | plan))).evidence
    judge = Judge(evidence, settings)
    looks = judge.looks(evidence.fleet.begun_at, evidence.until)
    return Replay(evidence, settings, tuple(looks), judge)


@pytest.fixture(scope="module")
def both():
    return [replayed(3, harms=0.4, others=100), replayed(4, others=100, starts=(0, 3, 6, 9))]


def text_of(page):
    return re.sub(r"\s+", " ", html.fromstring(page).text_content())


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_says_the_verdict_the_money_and_what_to_do(both, lang):
    bad = both[0]
    page = replay_html([bad], ZONE, lang)
    said = text_of(page)
    halted = next(look for look in bad.looks if look.verdict == "FAIL")
    head = html.fromstring(page).find(".//h1").text_content()
    assert "9.9" in head
    assert f"{halted.exposed}" in head
    assert {"en": "Stop", "zh": "应停止"}[lang] in head
    for step in WORDS[lang]["next.harm"].split("\n"):
        assert step.split("{")[0] in said
    most = max(look.at_risk_minor for look in bad.looks)
    assert f"¥{most / 100:,.2f}" in said
    assert len(html.fromstring(page).findall(".//figure")) == 2
    assert "{" not in html.fromstring(page).find(".//main").text_content()


@pytest.mark.parametrize("lang", LANGS)
def test_several_releases_have_a_sentence_each(both, lang):
    page = html.fromstring(replay_html(both, ZONE, lang))
    assert len(page.findall(".//h1")) == 1
    assert len(page.findall(".//h2")) == 2
    assert len(page.findall(".//figure")) == 4
    links = [a.get("href") for a in page.iter("a")]
    assert links == ["#r0", "#r1"]
    assert all(page.get_element_by_id(link[1:]) is not None for link in links)


@pytest.mark.parametrize("lang", LANGS)
def test_no_release_is_said(lang):
    assert WORDS[lang]["none"] in text_of(replay_html([], ZONE, lang))


def test_what_a_file_says_is_shown_as_text(both):
    evidence = both[0].evidence
    evil = replace(evidence.fleet, release_id="<script>alert(1)</script>")
    page = replay_html([replace(both[0], evidence=replace(evidence, fleet=evil))], ZONE, "en")
    assert "<script" not in page
    assert "&lt;script" in page


@pytest.mark.parametrize("lang", LANGS)
def test_every_reason_has_its_sentence_and_its_steps(lang):
    for reason in get_args(Reason):
        assert WORDS[lang][f"head.{reason}"]
        assert WORDS[lang][f"next.{reason}"]
        assert GATE_WORDS[lang][reason]


def test_both_languages_say_the_same_and_nothing_is_unused():
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    code = Path(replay_page.__file__).read_text(encoding="utf-8")
    page = (Path(replay_page.__file__).parent / "replay.html").read_text(encoding="utf-8")
    whole = {
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } | set(re.findall(r'say\("([a-z_.]+)"', page))
    families = ("head.", "next.", "against.")
    for key, text in WORDS["en"].items():
        assert key in whole or key.startswith(families), key
        assert _places(text) == _places(WORDS["zh"][key]), key


def _places(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.mark.browser
# The driver leaves its own pipes to be closed by the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lang", LANGS)
def test_in_a_browser_it_fits_and_asks_nobody(both, browser, tmp_path, lang, width):
    path = tmp_path / "replay.html"
    path.write_text(replay_html(both, ZONE, lang), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 844})
    asked, said = [], []
    tab.on("request", lambda r: asked.append(r.url))
    tab.on("console", lambda m: said.append(m.text))
    tab.on("pageerror", lambda e: said.append(str(e)))
    tab.goto(path.as_uri())
    assert [url for url in asked if url != "data:,"] == [path.as_uri()]
    assert said == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.locator("h1").is_visible()
    assert tab.locator("h2").first.inner_text().startswith({"en": "Stop 9.9", "zh": "9.9"}[lang])
    seen = tab.evaluate(
        """() => [...document.querySelectorAll('.picture')].map(figure =>
            [...figure.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0)
            .map(s => Math.min(...[...s.querySelectorAll('text')]
                .map(t => t.getBoundingClientRect().height))))"""
    )
    assert len(seen) == 4
    assert all(len(drawings) == 1 and drawings[0] >= 10 for drawings in seen)
    outside = tab.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width > 1 && box.right > innerWidth + 1 && !node.closest('svg');
        }).map(node => node.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    tab.close()
