"""The gate's curve: one line of SVG a mark, well formed, and told in words."""

from lxml import etree

from bench.gate_curve import HARMS, Point, curve


def test_the_curve_is_a_small_picture_that_says_what_it_shows():
    points = [Point(halted=0.2 * k, upgraded=1 - 0.2 * k) for k in range(len(HARMS))]
    kinds = ("key", "batch", "account", "hold", "slow")
    drawn = curve({(fleet, kind): points for fleet in (300, 1000) for kind in kinds}, 40)
    root = etree.fromstring(drawn)
    assert "1,000 terminals, slow: 5% harmed 0% halted at 100%" in root.get("aria-label")
    lines = root.findall(".//{*}polyline")
    assert len(lines) == 20
    assert all(len(line.get("points").split()) == len(HARMS) for line in lines)
    assert len(drawn.encode()) < 20_000
    assert max(len(line) for line in drawn.splitlines()[1:]) < 300
