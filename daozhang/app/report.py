"""The answer as one HTML file that anyone can open, print, keep and send on.

Rules kept here: the file asks nothing of any network and runs no script (its own policy forbids
both); everything from a user's file is escaped; it is written beside its place and then renamed,
so that a reader never sees half of it.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from daozhang.charts import FileLine, Lang, ReportView, Speech
from daozhang.charts.guard import clean
from daozhang.charts.palette import DARK, FONTS, INK, LIGHT, LINE, MUTED, PATTERNED, pattern_defs
from daozhang.charts.pictures import CURRENCIES_DRAWN, Picture, draw_pictures
from daozhang.charts.sheets import Sheet, attention_sheet, late_sheets, money_sheets
from daozhang.charts.sheets_more import (
    PROBLEMS_SHOWN,
    fees_sheet,
    files_sheet,
    late_list_sheet,
    missing_sheet,
    pace_sheet,
    speed_sheet,
    unexplained_sheet,
)
from daozhang.charts.sources import sources_of
from daozhang.charts.standing import STATUSES, draw_headline, standings
from daozhang.charts.why import findings_sheet, why_sheet

__all__ = ["FileLine", "ReportView", "report_html", "style", "write_report"]

_GLOSSARY: Final = tuple(
    f"glossary.{name}"
    for name in (
        "promise", "cutoff", "cycle", "provisional", "batch", "clearing", "payout", "returned",
        "rrn", "kept", "chargeback", "unexplained", "range", "checked",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Card:
    """One status of the main currency, as the first thing that is seen after the headline."""

    status: str
    label: str
    amount: str
    sales: str


def write_report(path: Path, view: ReportView, lang: Lang, tables: Path | None = None) -> None:
    """Write the report of one run as a single HTML file, replacing an older one whole.

    Args:
        path: the file; its folder must be there.
        view: what to show.
        lang: ``zh`` or ``en``.
        tables: the folder of the CSV tables; they are linked where it lies beside the file or
            below, so that both can be moved together.

    Raises:
        OSError: the file cannot be written.
    """
    beside = None if tables is None else _beside(tables.resolve(), path.resolve().parent)
    text = report_html(view, lang, beside)
    handle, name = tempfile.mkstemp(prefix=".report-", suffix=".tmp", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _beside(folder: Path, page: Path) -> str | None:
    """Return the beginning of links from a page to files in a folder; None: it is elsewhere."""
    if not folder.is_relative_to(page):
        return None
    inner = folder.relative_to(page).as_posix()
    return "" if inner == "." else quote(inner) + "/"


def report_html(view: ReportView, lang: Lang, tables: str | None = None) -> str:
    """Return the report as HTML; pure: the same view gives the same text.

    Args:
        view: what to show.
        lang: ``zh`` or ``en``.
        tables: what stands before a CSV file's name in a link to it; None: they are not linked.

    Raises:
        ZoneInfoNotFoundError: the view's time zone is not an IANA zone.
    """
    figures = view.figures
    speech = Speech(lang, ZoneInfo(view.timezone), view.names)
    pictures = draw_pictures(figures, speech)
    drawn: dict[str, list[Picture]] = {}
    for picture in (picture for picture in pictures if picture.key != "flow"):
        drawn.setdefault(picture.currency, []).append(picture)
    sheets = _behind(view, speech)
    hidden = (view.problems_total or len(view.problems)) - min(len(view.problems), PROBLEMS_SHOWN)
    return _template().render(
        say=speech,
        lang="zh-CN" if lang == "zh" else "en",
        style=Markup(style()),  # noqa: S704 - our own file and colours; nothing of a user's
        defs=Markup(pattern_defs("key")),  # noqa: S704 - our own constants
        subtitle=_subtitle(view, speech),
        identities_ok=view.identities_ok,
        refused=speech("report.refused", number=speech.count("rows", view.refused))
        if view.refused
        else "",
        zone=speech("report.zone", zone=clean(view.timezone)),
        headline=draw_headline(figures, speech),
        cards=_cards(view, speech),
        money=money_sheets(figures, speech),
        attention=attention_sheet(view, speech),
        why=why_sheet(figures, speech),
        flows=[picture for picture in pictures if picture.key == "flow"],
        pictures=drawn,
        # Rendered from our own marks with every text escaped by the renderer.
        svg=Markup,
        pictures_rest=speech("report.pictures_rest", count=CURRENCIES_DRAWN)
        if len(standings(figures)) > CURRENCIES_DRAWN
        else "",
        breakdowns=late_sheets(figures, speech),
        sheets=sheets,
        opened=_opened(view),
        source=partial(_source, speech, tables, len(standings(figures)) > 1),
        linked=tables is not None,
        glossary=[(speech(key), speech(f"{key}.means")) for key in _GLOSSARY],
        statuses=STATUSES,
        problems=[clean(problem, 400) for problem in view.problems[:PROBLEMS_SHOWN]],
        problems_more=speech("files.problems_more", count=f"{hidden:,}") if hidden > 0 else "",
    )


def _behind(view: ReportView, speech: Speech) -> tuple[Sheet, ...]:
    figures = view.figures
    return (
        pace_sheet(figures, speech),
        speed_sheet(figures, speech),
        fees_sheet(figures, speech),
        findings_sheet(figures, speech),
        unexplained_sheet(figures, speech),
        missing_sheet(view, speech),
        late_list_sheet(figures, speech),
        files_sheet(view, speech),
    )


def _opened(view: ReportView) -> set[str]:
    """Return the tables that ask for a look and stand open; the others open when asked."""
    figures = view.figures
    opened = {"unexplained", "missing", "late_list"}
    if any(row["fee_minor"] != row["fee_expected_minor"] for row in figures.fees):
        opened.add("fees")
    if view.refused:
        opened.add("files")
    return opened


def _source(
    speech: Speech, tables: str | None, several: bool, key: str, currency: str = ""
) -> Markup:
    """Return the line that says where the rows are; with the currency if there are several."""
    said = []
    for file, how in sources_of(key, currency if several else ""):
        name = Markup("<code>{}</code>").format(file)
        if tables is not None:
            name = Markup('<a href="{}">{}</a>').format(tables + file, name)
        said.append(
            Markup(speech("source.filter", file="{}", filter="{}")).format(name, how)  # noqa: S704
            if how
            else name
        )
    files = Markup(escape(speech("word.semicolon"))).join(said)  # noqa: S704 - escaped here
    return Markup(speech("source.rows", files="{}")).format(files)  # noqa: S704 - our own words


def _subtitle(view: ReportView, speech: Speech) -> str:
    figures = view.figures
    as_of = speech.time(figures.as_of, year=True)
    if figures.first_sale is None or figures.last_sale is None:
        return speech("report.subtitle_empty", as_of=as_of)
    return speech(
        "report.subtitle",
        first=speech.time(figures.first_sale, year=True),
        last=speech.time(figures.last_sale, year=True),
        as_of=as_of,
    )


def _cards(view: ReportView, speech: Speech) -> tuple[_Card, ...]:
    found = standings(view.figures)
    if not found:
        return ()
    main = found[0]
    return tuple(
        _Card(
            status=status,
            label=speech(f"status.{status}"),
            amount=speech.money(
                main.overdue_minor if status == "overdue" else row["amount_minor"], main.currency
            ),
            sales=speech.count("sales", row["sales"]),
        )
        for status in ("on_time", "late", "overdue", "unknown", "in_transit")
        if (row := main.rows.get(status)) is not None
    )


@cache
def _template() -> Template:
    text = (resources.files("daozhang.app") / "report.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


@cache
def style() -> str:
    """Return the style sheet of all pages, with the colours of both schemes as variables."""
    text = (resources.files("daozhang.app") / "report.css").read_text(encoding="utf-8")

    def variables(colours: dict[str, str]) -> str:
        return "".join(f"--{meaning}:{colour};" for meaning, colour in colours.items())

    # Pictures carry the colours of a light page; on a dark one the page overrules them.
    recoloured = "".join(
        f'.picture [fill="{colour}"]{{fill:var(--{meaning})}}' for meaning, colour in LIGHT.items()
    )
    keys = "".join(f".key-{status} rect{{fill:url(#key-{status})}}" for status in PATTERNED)
    fonts = ",".join(f'"{font.strip()}"' for font in FONTS.split(",")[:-1])
    return (
        f":root{{{variables(LIGHT)}--fonts:{fonts}}}"
        f"@media (prefers-color-scheme:dark){{@media screen{{:root{{{variables(DARK)}}}}}}}"
        f"{recoloured}{keys}"
        f'.picture [fill="{INK}"]{{fill:var(--ink)}}.picture [fill="{MUTED}"]{{fill:var(--muted)}}'
        f'.picture [stroke="{LINE}"]{{stroke:var(--line)}}'
        f'.picture [stroke="{INK}"]{{stroke:var(--ink)}}'
        f"{text}"
    )
