"""What was promised for each due day, week or month, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Spec
from daozhang.charts.palette import INK, LIGHT
from daozhang.charts.shares import permille, wilson
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.charts.standing import STATUSES
from daozhang.journey.figures import Figures
from daozhang.money import digits_of

__all__ = ["draw_days", "periods"]

DAYS_MAX: Final = 45
"""More due days than these are drawn by weeks."""

WEEKS_MAX: Final = 45
"""More weeks than these are drawn by months."""

_SHOWN: Final = ("on_time", "late", "overdue", "unknown", "in_transit")
_KNOWN: Final = ("on_time", "late", "overdue")
_EXTENT: Final = 42
_EDGE: Final = 62
_UNITS: Final = {"zh": (100_000_000, 10_000, 1), "en": (1_000_000, 1000, 1)}


def periods(days: list[date]) -> tuple[str, dict[date, date]]:
    """Return what the bars stand for and, for each day, the first day of its bar."""
    if not days:
        return "days", {}
    reach = (max(days) - min(days)).days + 1
    if reach <= DAYS_MAX:
        return "days", {day: day for day in days}
    if reach <= WEEKS_MAX * 7:
        return "weeks", {day: day - timedelta(days=day.weekday()) for day in days}
    return "months", {day: day.replace(day=1) for day in days}


def draw_days(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw one currency's promises by due day; None: nothing was promised."""
    rows = [r for r in figures.by_day if r["currency"] == currency and r["status"] in _SHOWN]
    if not rows:
        return None
    kind, first_of = periods([row["due_date"] for row in rows])
    sums: dict[tuple[date, str], int] = defaultdict(int)
    counts: dict[tuple[date, str], int] = defaultdict(int)
    provisional: dict[date, int] = defaultdict(int)
    for row in rows:
        bar = first_of[row["due_date"]]
        sums[bar, row["status"]] += row["amount_minor"]
        counts[bar, row["status"]] += row["sales"]
        provisional[bar] += row["provisional_minor"]
    bars = sorted({day for day, _ in sums})
    labels = {day: _label(day, kind, speech) for day in bars}
    title = {
        "days": "picture.days.title",
        "weeks": "picture.days.title_weeks",
        "months": "picture.days.title_months",
    }[kind]
    note = speech("picture.days.note")
    if any(provisional.values()):
        note += speech("word.space") + speech("picture.days.provisional")
    upper = _bars(sums, bars, labels, currency, provisional, speech=speech, width=width)
    lower = _shares(counts, bars, labels, speech, width)
    return Sketch(
        title=speech(title),
        note=note,
        alt=_alt(sums, bars, labels, currency, speech),
        chart={"vconcat": [upper, lower], "spacing": 52, "bounds": "flush"},
    )


def _shares(
    counts: dict[tuple[date, str], int],
    bars: list[date],
    labels: dict[date, str],
    speech: Speech,
    width: int,
) -> Spec:
    """Return how much of each bar's sales came by the promise, with the range few of them leave."""
    marks = []
    for bar in bars:
        on_time, whole = counts[bar, "on_time"], sum(counts[bar, s] for s in _KNOWN)
        if whole:
            low, high = wilson(on_time, whole)
            marks.append(
                {"d": labels[bar], "y": permille(on_time, whole), "low": low, "high": high}
            )
    x: Spec = {
        "field": "d", "type": "nominal", "axis": None,
        "sort": [labels[bar] for bar in bars],
        "scale": {
            "domain": [labels[bar] for bar in bars], "paddingInner": 0.25, "paddingOuter": 0.15,
        },
    }  # fmt: skip
    axis = {
        "title": speech("picture.days.share"), "titleAngle": 0, "titleAlign": "left",
        "titleAnchor": "end", "titleY": -12, "titleX": -30,
        "labelExpr": "datum.value / 10 + '%'", "values": [0, 500, 1000],
        "domain": False, "ticks": False, "minExtent": _EXTENT, "maxExtent": _EXTENT,
    }  # fmt: skip
    upright = {"type": "quantitative", "axis": axis, "scale": {"domain": [0, 1000]}}
    ranges = {
        "mark": {"type": "rule", "color": LIGHT["half"], "strokeWidth": 4},
        "encoding": {"x": x, "y": {"field": "low", **upright}, "y2": {"field": "high"}},
    }
    points = {
        "mark": {
            "type": "point", "color": LIGHT["on_time"], "filled": True, "size": 42, "opacity": 1,
        },
        "encoding": {"x": x, "y": {"field": "y", **upright}},
    }  # fmt: skip
    return {
        "data": {"values": marks}, "layer": [ranges, points],
        "width": width - _EDGE, "height": 64,
    }  # fmt: skip


def _label(day: date, kind: str, speech: Speech) -> str:
    if kind == "months":
        return f"{day:%Y-%m}"
    return speech.day(day)


def _alt(
    sums: dict[tuple[date, str], int],
    bars: list[date],
    labels: dict[date, str],
    currency: str,
    speech: Speech,
) -> str:
    totals = {
        status: sum(minor for (_, own), minor in sums.items() if own == status) for status in _SHOWN
    }
    parts = [
        speech("picture.colon", name=speech(f"status.{s}"), amount=speech.money(m, currency))
        for s, m in totals.items()
        if m
    ]
    reach = speech("word.from_to", a=labels[bars[0]], b=labels[bars[-1]])
    return speech("picture.days.alt", parts=speech("word.comma").join([reach, *parts]))


def _bars(
    sums: dict[tuple[date, str], int],
    bars: list[date],
    labels: dict[date, str],
    currency: str,
    provisional: dict[date, int],
    *,
    speech: Speech,
    width: int,
) -> Spec:
    narrow = width < NARROW_BELOW
    top = max(sum(m for (d, _), m in sums.items() if d == day) for day in bars)
    scale = 10 ** digits_of(currency)
    unit = next(u for u in _UNITS[speech.lang] if u == 1 or top >= u * scale)
    segments, ticks = _marks(sums, bars, labels, speech)
    used = [s for s in STATUSES if s in _SHOWN and any(own == s for _, own in sums)]
    # On a phone every label that does not fit is left out, never turned on its side.
    step = max(1, -(-len(bars) * (52 if speech.lang == "en" else 58) // (width - _EDGE)))
    shown = [labels[day] for place, day in enumerate(bars) if place % step == 0]
    x: Spec = {
        "field": "d", "type": "nominal", "sort": [labels[day] for day in bars],
        "axis": {
            "title": None, "labelAngle": 0, "values": shown, "ticks": False, "labelPadding": 6,
        },
        "scale": {"paddingInner": 0.25, "paddingOuter": 0.15},
    }  # fmt: skip
    y: Spec = {
        "field": "y", "type": "quantitative",
        "axis": {
            "title": speech(f"axis.money.{unit}", currency=currency),
            "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -14,
            "titleX": -30, "labelExpr": f"format(datum.value / {unit * scale}, ',~r')",
            "tickCount": 4, "domain": False, "ticks": False,
            "minExtent": _EXTENT, "maxExtent": _EXTENT,
        },
    }  # fmt: skip
    stacks: Spec = {
        "data": {"values": segments},
        "mark": {"type": "bar"},
        "encoding": {"x": x, "y": y, "y2": {"field": "y2"}, "color": _colour(used, speech, narrow)},
    }
    promised: Spec = {
        "data": {"values": ticks},
        "mark": {
            "type": "tick", "color": INK, "thickness": 2, "bandSize": 0, "width": {"band": 1.15},
        },
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    net = [{"d": labels[bar], "y": minor} for bar, minor in provisional.items() if minor]
    nets: Spec = {
        "data": {"values": net},
        "mark": {"type": "bar", "color": LIGHT["provisional"]},
        "encoding": {"x": x, "y": y},
    }
    layers = [stacks, nets, promised] if net else [stacks, promised]
    return {"layer": layers, "width": width - _EDGE, "height": 190 if narrow else 230}


def _colour(used: Sequence[str], speech: Speech, narrow: bool) -> Spec:
    """Return the channel that tells statuses apart, with its legend."""
    return {
        "field": "s", "type": "nominal",
        "scale": {
            "domain": [speech(f"status.{s}") for s in used], "range": [LIGHT[s] for s in used],
        },
        "legend": {
            "title": None, "orient": "bottom", "direction": "horizontal",
            "columns": 3 if narrow else 0, "symbolType": "square", "symbolSize": 180,
            "labelFontSize": 12, "symbolStrokeWidth": 0,
        },
    }  # fmt: skip


def _marks(
    sums: dict[tuple[date, str], int], bars: list[date], labels: dict[date, str], speech: Speech
) -> tuple[list[Spec], list[Spec]]:
    """Return the stacked segments and the line of what was promised, in minor units."""
    # Lower statuses are drawn first: the base of every bar is what has arrived.
    segments = []
    ticks = []
    for day in bars:
        below = 0
        for status in _SHOWN:
            minor = sums.get((day, status), 0)
            if minor:
                segments.append(
                    {
                        "d": labels[day],
                        "y": below,
                        "y2": below + minor,
                        "s": speech(f"status.{status}"),
                    }
                )
            below += minor
        ticks.append({"d": labels[day], "y": below})
    return segments, ticks
