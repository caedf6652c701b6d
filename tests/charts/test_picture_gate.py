"""The gate's pictures: what they say, in both languages, from bands that are right."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from daozhang.charts import LANGS, Speech
from daozhang.charts.canvas import render
from daozhang.charts.picture_gate import DAYS_DRAWN, draw_gate_days
from daozhang.charts.picture_gate_time import draw_gate_time
from daozhang.charts.pictures import NARROW, WIDE
from daozhang.gate.judge import Look
from daozhang.gate.shares import DayShares, Side
from tests.charts.made import keeps_schema

ZONE = ZoneInfo("Asia/Shanghai")
BEGUN = 20_560


def days(count=20, upgraded_from=5):
    others = Side(terminals=400, harmed=4, permille=10, part=2, whole=200)
    upgraded = Side(terminals=40, harmed=12, permille=300, part=9, whole=30)
    return tuple(
        DayShares(
            BEGUN + k, told=k < count - 2, upgraded=upgraded if k >= upgraded_from else None,
            others=others if k < count - 1 else None,
        )
        for k in range(count)
    )  # fmt: skip


def looks():
    first = Look(
        at=BEGUN * 86_400, verdict="WAIT", reason="money_not_due", exposed=20, seen=0, harmed=0,
        background=0.0, margin=0.15, e_value=1.0, clean=1.0, at_risk_minor=0, leading="",
        leading_exposed=0, leading_expected=0.0, leading_others=0,
    )  # fmt: skip
    later = replace(first, at=first.at + 86_400, e_value=9.5, exposed=50, at_risk_minor=123_400)
    halted = replace(later, at=later.at + 86_400, verdict="FAIL", reason="harm", e_value=4.2e7)
    return first, later, halted


def drawn(sketch):
    return etree.fromstring(render(sketch.chart, "x", sketch.alt))


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("lang", LANGS)
def test_both_sides_are_told_with_their_bands(lang, width):
    sketch = draw_gate_days(days(), BEGUN + 7, Speech(lang, ZONE), width)
    keeps_schema(sketch.chart)
    assert sketch.chart["layer"]
    for said in ("30%", "16.6%", "47.9%", "1%", "0.2%", "3.6%"):
        assert said in sketch.alt
    texts = list(drawn(sketch).itertext())
    for key in ("gate.begins", "gate.halted", "gate.key.upgraded", "gate.key.others"):
        assert any(t and t.strip("…") in Speech(lang, ZONE)(key) for t in texts)
    assert "{" not in sketch.alt + "".join(texts)


def test_nobody_left_is_said():
    sketch = draw_gate_days(days(), None, Speech("en", ZONE), WIDE)
    assert "others none" in sketch.alt


@pytest.mark.parametrize("halted", [None, BEGUN + 62])
def test_many_days_are_cut_where_it_matters(halted):
    many = days(count=120, upgraded_from=60)
    sketch = draw_gate_days(many, halted, Speech("en", ZONE), WIDE)
    assert sketch.alt.count("upgraded") <= DAYS_DRAWN
    texts = set(drawn(sketch).itertext())
    assert ("first upgrade" in texts) == ("stopped" in texts) == (halted is not None)


def test_a_band_that_leaves_the_picture_has_an_arrow():
    few = Side(terminals=2, harmed=0, permille=0, part=0, whole=2)
    one = (DayShares(BEGUN, told=True, upgraded=few, others=None), *days(upgraded_from=99)[1:])
    assert "↑" in set(drawn(draw_gate_days(one, None, Speech("en", ZONE), WIDE)).itertext())


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("lang", LANGS)
def test_the_looks_are_told_over_time(lang, width):
    sketch = draw_gate_time(looks(), 200, 200.0, "CNY", Speech(lang, ZONE), width)
    keeps_schema(sketch.chart)
    assert sketch.chart["layer"]
    for said in ("≥ 200", "¥1,234.00", "FAIL", "50", "200"):
        assert said in sketch.alt
    texts = " ".join(drawn(sketch).itertext())
    assert "FAIL" in texts
    assert "1e4" in texts
    assert "¥1,234.00" in texts


def test_nothing_is_drawn_of_nothing():
    speech = Speech("en", ZONE)
    assert draw_gate_days(days(upgraded_from=99), None, speech, WIDE) is None
    assert draw_gate_days((), None, speech, WIDE) is None
    assert draw_gate_time(looks()[:1], 200, 200.0, "CNY", speech, WIDE) is None
    assert draw_gate_time(looks(), 0, 200.0, "CNY", speech, WIDE) is None
