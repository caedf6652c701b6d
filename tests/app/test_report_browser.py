"""The report in a real browser: it fits, it shows, and it asks nothing of anyone."""

import re
from functools import cache

import pytest

from daozhang.app.report import write_report
from daozhang.charts import LANGS
from tests.browser import chromium
from tests.charts.made import INCIDENTS, figures, sale, unseen, view

WIDTHS = (1280, 390)

pytestmark = [
    pytest.mark.browser,
    # The driver leaves its own pipes to be closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return what writes the report in a language, once."""
    long = sale("S" * 60, payout_id="P" * 70, amount_minor=123_456_789_012)
    run = figures(
        late_list=(long, sale("S2")),
        incidents=({**INCIDENTS[0], "example": "S" * 60}, *INCIDENTS[1:]),
        unseen=tuple(unseen(f"{n}" + "A" * 50, bank_id="B" * 50) for n in range(9)),
    )

    @cache
    def write(lang):
        path = tmp_path_factory.mktemp("report") / f"{lang}.html"
        write_report(path, view(run), lang)
        return path

    return write


@pytest.fixture(scope="module", params=LANGS)
def report(request, written):
    return written(request.param)


@pytest.fixture(scope="module", params=WIDTHS)
def page(request, browser, report):
    """Return the open page, which tests look at and leave as it was."""
    tab = browser.new_page(viewport={"width": request.param, "height": 844})
    tab.asked = []
    tab.said = []
    tab.on("request", lambda r: tab.asked.append(r.url))
    tab.on("console", lambda m: tab.said.append(m.text))
    tab.on("pageerror", lambda e: tab.said.append(str(e)))
    tab.goto(report.as_uri())
    # What is folded away is looked at too.
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    yield tab
    tab.close()


def test_the_page_fits_and_asks_only_for_itself(page, report):
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    assert [url for url in page.asked if url != "data:,"] == [report.as_uri()]
    assert page.said == []


def test_nothing_sticks_out_of_the_page(page):
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width > 1 && box.right > innerWidth + 1 && !node.closest('svg');
        }).map(node => node.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def test_headline_and_tables_are_seen(page, tmp_path):
    assert page.locator("h1").is_visible()
    assert page.locator("h1").bounding_box()["y"] < 200
    tables = page.locator("table")
    assert tables.count() >= 12
    assert all(tables.nth(n).is_visible() for n in range(tables.count()))
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert (tmp_path / "report.png").stat().st_size > 50_000


def test_one_drawing_of_each_picture_is_seen_and_its_text_can_be_read(page):
    seen = page.evaluate(
        """() => [...document.querySelectorAll('.picture')].map(figure =>
            [...figure.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0)
            .map(s => Math.min(...[...s.querySelectorAll('text')]
                .map(t => t.getBoundingClientRect().height))))"""
    )
    assert len(seen) == 9
    for drawings in seen:
        assert len(drawings) == 1
        assert drawings[0] >= 10


def test_every_number_of_the_headline_is_in_a_table(page):
    said = page.locator("h1").inner_text() + page.locator("p.arrived").inner_text()
    held = " ".join(page.locator("table").all_inner_texts())
    numbers = re.findall(r"\d[\d,]*\.\d\d|\d+%|\d+(?= sales| 笔)", said)
    assert len(numbers) >= 5
    assert [n for n in numbers if n not in held] == []


def test_text_stands_out_in_light_and_dark(page):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        weak = page.evaluate(
            """() => {
            const parts = c => c.match(/[\\d.]+/g).map(Number);
            const lum = ([r, g, b]) => [r, g, b].map(v => v / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
            const behind = node => {
                for (let n = node; n; n = n.parentElement) {
                    const c = parts(getComputedStyle(n).backgroundColor);
                    if (c.length < 4 || c[3] > 0) return c;
                }
                return [255, 255, 255];
            };
            const found = [];
            for (const node of document.querySelectorAll('h1,h2,h3,p,li,th,td,small,a,text')) {
                if (!node.getBoundingClientRect().width) continue;
                const style = getComputedStyle(node);
                const ink = parts(node.tagName === 'text' ? style.fill : style.color);
                const [a, b] = [lum(ink), lum(behind(node))].sort((x, y) => y - x);
                if ((a + 0.05) / (b + 0.05) < 4.5) found.push(node.outerHTML.slice(0, 90));
            }
            return found; }"""
        )
        assert weak == [], scheme
    page.emulate_media(color_scheme="null")


def test_the_page_prints_on_a4(browser, report, tmp_path):
    tab = browser.new_page()
    tab.goto(report.as_uri())
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 703, "height": 1000})  # A4 less its margins, at 96 dpi
    assert tab.evaluate("document.documentElement.scrollWidth") <= 703
    paper = tab.pdf(prefer_css_page_size=True, print_background=True)
    folded = tab.evaluate(
        """() => [...document.querySelectorAll('details')].map(d =>
            d.querySelector('table, ul, dl').getBoundingClientRect().height)"""
    )
    tab.close()
    # What is folded on the screen is on the paper all the same.
    assert folded
    assert min(folded) > 20
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 18
    (tmp_path / "report.pdf").write_bytes(paper)


def test_no_row_and_no_picture_is_cut_on_paper(browser, report):
    tab = browser.new_page()
    tab.goto(report.as_uri())
    tab.emulate_media(media="print")
    whole = tab.evaluate(
        """() => [...document.querySelectorAll('tr, figure')].filter(node =>
            node.getBoundingClientRect().height > 0
            && getComputedStyle(node).breakInside !== 'avoid').length"""
    )
    tallest = tab.evaluate(
        "Math.max(...[...document.querySelectorAll('figure')].map(f => f.offsetHeight))"
    )
    paper = tab.evaluate("""() => getComputedStyle(document.body).backgroundColor""")
    tab.close()
    assert whole == 0
    assert tallest < 1000  # of the 1016 pixels of A4 less its margins
    assert paper == "rgb(255, 255, 255)"
