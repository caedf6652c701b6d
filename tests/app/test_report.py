"""The report: whole, safe, the same each time, and written in one step."""

import re
from itertools import pairwise

import pytest
from lxml import html

from daozhang.app.report import report_html, write_report
from daozhang.charts import LANGS
from tests.charts.made import CARD, HOSTILE, empty, quiet, sale, status, view

SECTIONS = {
    "attention", "money", "pictures", "breakdowns", "speed", "fees", "unexplained", "missing",
    "late_list", "files",
}  # fmt: skip


@pytest.fixture(scope="module", params=LANGS)
def page(request):
    return report_html(view(), request.param)


def test_the_page_has_every_part_in_the_order_that_it_is_read(page):
    tree = html.fromstring(page)
    ids = [i for i in tree.xpath("//section/@id") if i in SECTIONS]
    assert set(ids) == SECTIONS
    assert ids == [
        "attention", "money", "pictures", "breakdowns", "speed", "fees", "unexplained", "missing",
        "late_list", "files",
    ]  # fmt: skip
    assert len(tree.xpath("//h1")) == 1
    links = {href[1:] for href in tree.xpath("//nav/a/@href")}
    assert links <= set(tree.xpath("//@id"))


def test_every_heading_follows_its_level(page):
    levels = [int(node.tag[1]) for node in html.fromstring(page).iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_every_table_has_a_caption_and_headings_with_a_scope(page):
    tables = html.fromstring(page).xpath("//table")
    assert len(tables) >= 12
    for table in tables:
        (caption,) = table.xpath("caption")
        assert caption.text_content().strip()
        columns = len(table.xpath("thead/tr/th[@scope='col']"))
        for row in table.xpath("tbody/tr|tfoot/tr"):
            assert len(row) == columns
            assert row[0].get("scope") == "row"


def test_pictures_have_text_for_those_who_cannot_see_them(page):
    pictures = html.fromstring(page).xpath("//*[local-name()='svg'][@role='img']")
    assert len(pictures) == 14
    assert all(len(p.get("aria-label")) > 20 for p in pictures)


def test_the_page_asks_nothing_of_a_network_and_runs_nothing(page):
    tree = html.fromstring(page)
    assert not tree.xpath("//script|//iframe|//object|//embed|//form|//img|//base")
    asked = [v for n in tree.iter() for k, v in n.attrib.items() if k in ("href", "src", "action")]
    assert all(v.startswith("#") or v == "data:," for v in asked)
    assert not [k for n in tree.iter() for k in n.attrib if k.startswith("on")]
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_what_files_say_is_text_and_nothing_else(page):
    assert "<script" not in page
    assert "<b>通联" not in page
    assert "{{" not in page.replace("&{{7*7}}", "").replace("&amp;{{7*7}}", "")
    assert "49}}" not in page
    tree = html.fromstring(page)
    assert HOSTILE in tree.text_content()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e]", page)


def test_no_card_number_is_shown(page):
    assert CARD not in page
    assert "622588******6868" in page


def test_the_language_is_declared():
    assert '<html lang="zh-CN">' in report_html(view(empty()), "zh")
    assert '<html lang="en">' in report_html(view(empty()), "en")


def test_the_same_view_gives_the_same_page(page):
    lang = "zh" if '<html lang="zh-CN">' in page else "en"
    assert report_html(view(), lang) == page


def test_ids_are_used_once(page):
    ids = html.fromstring(page).xpath("//@id")
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("of", [quiet(), empty()], ids=["all on time", "no sales"])
def test_a_run_with_little_to_say_still_makes_a_page(lang, of):
    tree = html.fromstring(report_html(view(of, files=(), problems=()), lang))
    assert tree.xpath("string(//h1)")
    assert len(tree.xpath("//p[@class='empty']")) >= 3


def test_a_broken_identity_is_the_first_warning_on_the_page():
    tree = html.fromstring(report_html(view(quiet(), identities_ok=False), "en"))
    (warning,) = tree.xpath("//*[@role='alert']")
    assert "do not agree" in warning.text_content()


def test_only_the_first_sales_are_listed_and_the_rest_is_counted():
    rows = (status("overdue", 200, 900_000, 900_000, 0),)
    many = quiet(by_status=rows, late_list=tuple(sale(f"S{n:03}") for n in range(200)))
    tree = html.fromstring(report_html(view(many), "en"))
    assert len(tree.xpath("//section[@id='late_list']//tbody/tr")) == 20
    (more,) = tree.xpath("//section[@id='late_list']/p[@class='more']/text()")
    assert more == "180 more are in late_list.csv and journeys.parquet."


def test_the_page_says_what_lateness_costs_and_which_statement_is_missing():
    tree = html.fromstring(report_html(view(), "en"))
    (cost,) = tree.xpath("//p[@class='waited']/text()")
    assert "as if ¥894.67 had been missing for a day" in cost
    first = tree.xpath("//section[@id='attention']//tbody/tr[2]//small/text()")
    assert first[1:] == ["One of them: daozhang trace … S2", "1 still open"]
    for section, cell in (("attention", "th"), ("missing", "td[2]")):
        said = tree.xpath(f"//section[@id='{section}']//tr/{cell}//small/text()")
        assert said[-1] == f"{HOSTILE} at icbc: reaches 5 May, fetch from 6 May"


def test_the_page_of_a_run_on_time_speaks_of_no_waiting():
    assert not html.fromstring(report_html(view(quiet()), "en")).xpath("//p[@class='waited']")


def test_the_file_is_replaced_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write_report(path, view(empty()), "zh")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_nothing_is_left_behind_when_the_file_cannot_be_written(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match="report"):
        write_report(tmp_path / "report.html", view(empty()), "zh")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
