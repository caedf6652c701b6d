"""The pictures: right sums, one self-contained SVG each, and nothing by colour alone."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from daozhang.charts import LANGS, Speech
from daozhang.charts.paces import find_paces
from daozhang.charts.palette import DARK, LIGHT, PATTERNED
from daozhang.charts.picture_days import draw_days, periods
from daozhang.charts.picture_flow import draw_flow, flow_steps
from daozhang.charts.picture_legs import draw_legs
from daozhang.charts.picture_pace import draw_pace
from daozhang.charts.picture_places import draw_places
from daozhang.charts.pictures import NARROW, WIDE, draw_pictures
from daozhang.charts.shares import permille, wilson
from tests.charts.made import HOSTILE, empty, figures, keeps_schema, quiet

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module", params=LANGS)
def pictures(request):
    return draw_pictures(figures(), Speech(request.param, ZONE))


def test_there_is_one_picture_of_each_kind_and_currency(pictures):
    assert [(p.key, p.currency) for p in pictures] == [
        ("flow", "CNY"), ("days", "CNY"), ("pace", "CNY"), ("places", "CNY"), ("legs", "CNY"),
        ("flow", "USD"), ("days", "USD"), ("pace", "USD"), ("legs", "USD"),
    ]  # fmt: skip


def test_every_picture_is_a_whole_svg_that_asks_for_nothing(pictures):
    for picture in pictures:
        for svg in (picture.wide, picture.narrow):
            root = etree.fromstring(svg)
            assert root.get("role") == "img"
            assert root.get("aria-label") == picture.alt
            tags = {etree.QName(node).localname for node in root.iter()}
            assert not tags & {"script", "image", "foreignObject", "style", "a", "use"}
            assert not re.search(r"(href|src|@import|data:)", svg)
            # Only our own patterns are referred to.
            named = set(re.findall(r"url\(#([^)]+)\)", svg))
            assert named <= set(re.findall(r'id="([^"]+)"', svg))


@pytest.mark.parametrize("draw", [draw_flow, draw_days, draw_places, draw_pace, draw_legs])
def test_every_chart_keeps_the_schema(draw):
    for width in (NARROW, WIDE):
        sketch = draw(figures(), "CNY", Speech("zh", ZONE), width)
        keeps_schema(sketch.chart)
        assert sketch.chart.get("layer") or sketch.chart["vconcat"]


def test_ids_are_different_in_all_pictures_of_a_page(pictures):
    ids = [
        i for p in pictures for svg in (p.wide, p.narrow) for i in re.findall(r' id="(.+?)"', svg)
    ]
    assert len(ids) == len(set(ids))


def test_text_stays_text_and_is_escaped(pictures):
    places = next(p for p in pictures if p.key == "places")
    texts = "".join(etree.fromstring(places.wide).itertext())
    assert "工商银行" in texts
    assert HOSTILE[:20] in texts
    assert "<script" not in places.wide


def test_a_picture_says_in_words_what_it_shows(pictures):
    flow, days = pictures[0], pictures[1]
    for amount in ("¥5,639.00", "¥4,274.50"):
        assert amount in flow.alt
    for amount in ("¥4,000.00", "¥600.00", "¥700.00"):
        assert amount in days.alt


def test_nothing_is_drawn_of_nothing():
    assert draw_pictures(empty(), Speech("zh", ZONE)) == ()
    assert [p.key for p in draw_pictures(quiet(), Speech("zh", ZONE))] == ["flow"]


def test_the_steps_of_the_flow_add_up_to_what_was_sold():
    steps = {s.key: s.minor for s in flow_steps(figures(), "CNY")}
    assert steps == {
        "sold": 563_900, "returned": 11_600, "kept": 3_310, "captured": 2_990,
        "cleared": 40_000, "paid_out": 79_550, "to_deduct": 1_000, "credited": 427_450,
    }  # fmt: skip
    left = steps.pop("sold") + steps.pop("to_deduct") - steps.pop("credited")
    assert left == sum(steps.values())


@pytest.mark.parametrize(
    ("days", "kind", "bars"),
    [(1, "days", 1), (45, "days", 45), (46, "weeks", 7), (315, "weeks", 46), (316, "months", 11)],
)
def test_many_days_are_drawn_by_weeks_and_months(days, kind, bars):
    start = date(2026, 1, 1)
    found, first_of = periods([start + timedelta(days=n) for n in range(days)])
    assert found == kind
    assert len(set(first_of.values())) == bars


def parsed(picture, key):
    (found,) = [p for p in picture if (p.key, p.currency) == (key, "CNY")]
    return etree.fromstring(found.wide)


def test_the_flow_tells_its_amounts_and_whose_turn_it_is(pictures):
    texts = list(parsed(pictures, "flow").itertext())
    for step in flow_steps(figures(), "CNY"):
        amount = f"¥{step.minor / 100:,.2f}"
        assert any(text.endswith(amount) for text in texts), (step.key, amount)
    assert any("提供" in t or "provider" in t or "服务商" in t for t in texts)


def test_a_day_says_what_is_provisional_unknown_and_how_sure_its_share_is(pictures):
    """Provisional and unknown are patterns of their own; the range is drawn as a line."""
    (days,) = [p for p in pictures if (p.key, p.currency) == ("days", "CNY")]
    for name in ("provisional", "unknown", "overdue"):
        assert f"url(#days-cny-w-{name})" in days.wide
    assert ("暂" in days.note or "未核实" in days.note) or "not confirmed" in days.note
    assert any("%" in text for text in parsed(pictures, "days").itertext())
    usd = next(p for p in pictures if (p.key, p.currency) == ("days", "USD"))
    assert "url(#days-usd-w-provisional)" not in usd.wide


def test_the_curve_of_punctuality_is_drawn_with_what_is_still_open(pictures):
    root = parsed(pictures, "pace")
    svg = etree.tostring(root, encoding="unicode")
    texts = list(root.itertext())
    # 40 of 47 known sales came by their promise: 85.1 %, between 72.3 and 92.6 (Wilson).
    assert sum("85.1%" in text and "72.3%" in text and "92.6%" in text for text in texts) == 2
    assert "url(#pace-cny-w-open)" in svg
    stairs = [n.get("d") for n in root.iter("{*}path") if n.get("stroke-width") == "2.2"]
    assert len(stairs) == 2
    assert all(d.count("L") >= 4 for d in stairs)


def test_the_legs_are_drawn_with_their_spread(pictures):
    texts = " ".join(parsed(pictures, "legs").itertext())
    assert ("1天4小时" in texts) or ("1 d 4 h" in texts)
    assert ("6小时40分" in texts) or ("6 h 40 min" in texts)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 255, 367), (0, 10, 0, 278), (10, 10, 722, 1000), (1, 1, 206, 1000),
     (5, 10, 236, 764), (0, 1, 0, 794), (999_999, 1_000_000, 999, 1000)],
)  # fmt: skip
def test_a_share_of_few_is_told_with_a_wide_range(part, whole, low, high):
    """Wilson's interval, in thousandths, rounded outwards (81 of 263 is Newcombe's example)."""
    assert wilson(part, whole) == (low, high)
    assert low <= permille(part, whole) <= high


@pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share_is_refused(part, whole):
    with pytest.raises(ValueError, match="no share"):
        wilson(part, whole)


def test_money_that_has_not_come_leaves_the_curve_open_and_is_never_left_out():
    (icbc,) = find_paces(figures(), "bank_id", "CNY")
    assert (icbc.sales, icbc.on_time, icbc.late, icbc.overdue, icbc.unseen) == (47, 40, 3, 4, 5)
    assert icbc.reached(-240) == (30, 30)
    assert icbc.reached(0) == (40, 40)
    assert icbc.reached(1_500) == (43, 43)
    # From the shortest wait on, what waits may have come by then or not: nobody knows yet.
    assert icbc.reached(1_680) == (43, 44)
    assert icbc.reached(5_640) == (43, 47)
    assert (icbc.lag(50), icbc.lag(90), icbc.lag(95)) == (-240, 1_500, None)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


STATUSES = ("on_time", "late", "overdue", "unknown", "in_transit", "cancelled")


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_stands_out_from_the_page(status):
    assert contrast(LIGHT[status], "#ffffff") >= 3
    assert contrast(DARK[status], "#1a2128") >= 3


def test_what_asks_for_attention_has_a_pattern_of_its_own():
    assert set(PATTERNED) == {
        "late", "overdue", "unknown", "in_transit", "open", "provisional",
    }  # fmt: skip
    assert len(set(PATTERNED.values())) == len(PATTERNED)
    assert len({LIGHT[s] for s in STATUSES}) == len(STATUSES)
    assert LIGHT.keys() == DARK.keys()
