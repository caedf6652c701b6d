"""The answer for a terminal: the same words and tables as the report, 80 columns wide.

Rules kept here: a terminal that cannot show Chinese is answered in English and in plain ASCII; a
text from a user's file can neither colour the terminal nor move its cursor.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from daozhang.app.exports import write_tables
from daozhang.charts import Lang, ReportView, Speech
from daozhang.charts.guard import clean
from daozhang.charts.sheets import (
    Cell,
    Sheet,
    attention_sheet,
    late_sheets,
    money_sheets,
)
from daozhang.charts.sheets_more import (
    PROBLEMS_SHOWN,
    fees_sheet,
    files_sheet,
    missing_sheet,
    speed_sheet,
    unexplained_sheet,
)
from daozhang.charts.standing import draw_headline

__all__ = ["print_answer", "write_tables"]

_STYLES: Final = {
    "on_time": "green",
    "late": "yellow",
    "overdue": "bold red",
    "unknown": "magenta",
    "in_transit": "blue",
}
"""Status → how a terminal colours its name; the name itself says it too."""

_TONES: Final = {"good": "green", "bad": "red", "unsure": "magenta", "empty": "yellow"}

_PLAIN: Final = str.maketrans(
    {
        "¥": "CNY ", "€": "EUR ", "£": "GBP ", "·": "-", "–": "-", "—": "-", "−": "-", "→": "->",
        "…": "...", "✓": "OK:", "✗": "!!", "“": '"', "”": '"', "\ufffd": "?",
    }
)  # fmt: skip
"""What stands for a character that a terminal's encoding lacks."""


class _Printer:
    """One console, and what its encoding can show."""

    def __init__(self, console: Console, lang: Lang) -> None:
        self.console = console
        self.encoding = console.encoding or "ascii"
        self.speaks = lang
        if lang == "zh" and not self._can("到账"):
            self.speaks = "en"
        # Lines drawn with box characters need them all; ASCII is always there.
        self.box = box.SIMPLE_HEAD if self._can("─━│") else box.ASCII2

    def _can(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def plain(self, text: str) -> str:
        """Return the text in characters that the terminal has."""
        if self._can(text):
            return text
        swapped = "".join(c if self._can(c) else c.translate(_PLAIN) for c in text)
        return swapped.encode(self.encoding, "replace").decode(self.encoding)

    def text(self, text: str, style: str = "") -> Text:
        """Return a text without any markup of its own."""
        return Text(self.plain(text), style=style)

    def line(self, text: str, style: str = "") -> None:
        """Print a paragraph."""
        self.console.print(self.text(text, style))

    def cell(self, cell: Cell, *, subs: bool, strong: bool) -> Text:
        """Return one cell; its second line only where there is room for it."""
        style = "bold" if strong else _STYLES.get(cell.status, "")
        shown = self.text(cell.text, style)
        if cell.sub and subs:
            shown.append("\n" + self.plain(cell.sub), style="dim")
        return shown

    def sheet(self, sheet: Sheet, *, subs: bool = True) -> None:
        """Print one table, or the sentence that stands for an empty one."""
        self.console.print()
        self.line(sheet.title, "bold")
        if not sheet.rows:
            self.line(sheet.empty, "dim")
            return
        if sheet.note:
            self.line(sheet.note, "dim")
        table = Table(box=self.box, pad_edge=False, padding=(0, 1), show_edge=False)
        for place, column in enumerate(sheet.columns):
            table.add_column(
                self.text(column.label),
                justify="right" if column.right else "left",
                overflow="fold",
                # Amounts are never broken over two lines; names give way first.
                no_wrap=column.right,
                ratio=None,
                min_width=10 if place == 0 else None,
            )
        for row in sheet.rows:
            table.add_row(*(self.cell(c, subs=subs, strong=False) for c in row))
        for place, row in enumerate(sheet.totals):
            if place == 0:
                table.add_section()
            table.add_row(*(self.cell(c, subs=subs, strong=True) for c in row))
        self.console.print(table)
        if sheet.more:
            self.line(sheet.more, "dim")


def print_answer(console: Console, view: ReportView, lang: Lang) -> None:
    """Print where the money is, what to do, and the tables behind it.

    Args:
        console: where to; its encoding and width are respected.
        view: what to show.
        lang: ``zh`` or ``en``; English where the terminal has no Chinese.

    Raises:
        ZoneInfoNotFoundError: the view's time zone is not an IANA zone.
    """
    printer = _Printer(console, lang)
    speech = Speech(printer.speaks, ZoneInfo(view.timezone), view.names)
    figures = view.figures
    headline = draw_headline(figures, speech)
    if printer.speaks != lang:
        printer.line(speech("console.ascii"), "dim")
    said = Text(printer.plain(headline.sentence), style="bold")
    if headline.action:
        said.append(
            printer.plain(f"\n{speech('report.first')} → {headline.action}"), style="not bold"
        )
    frame = box.ROUNDED if printer.box is box.SIMPLE_HEAD else box.ASCII
    console.print(Panel(said, box=frame, border_style=_TONES[headline.tone]))
    for line in (headline.aside, *headline.others):
        if line:
            printer.line(line)
    as_of = speech.time(figures.as_of, year=True)
    zone = speech("report.zone", zone=clean(view.timezone))
    printer.line(speech("report.subtitle_empty", as_of=as_of) + speech("word.space") + zone, "dim")
    if view.identities_ok:
        printer.line("✓ " + speech("report.identities_ok"), "dim")
    else:
        printer.line("✗ " + speech("report.identities_broken"), "bold red")
    for sheet in money_sheets(figures, speech):
        printer.sheet(sheet, subs=False)
    printer.sheet(attention_sheet(view, speech))
    breakdowns = late_sheets(figures, speech)
    if breakdowns[0].rows:
        for sheet in breakdowns:
            printer.sheet(sheet)
    for sheet in (
        speed_sheet(figures, speech),
        fees_sheet(figures, speech),
        unexplained_sheet(figures, speech),
        missing_sheet(view, speech),
        files_sheet(view, speech),
    ):
        printer.sheet(sheet)
    _print_problems(printer, view, speech)
    console.print()
    printer.line(speech("console.reports"), "dim")


def _print_problems(printer: _Printer, view: ReportView, speech: Speech) -> None:
    if not view.problems:
        return
    printer.console.print()
    printer.line(speech("files.problems"), "bold")
    for problem in view.problems[:PROBLEMS_SHOWN]:
        printer.line(clean(problem, 400))
    hidden = (view.problems_total or len(view.problems)) - min(len(view.problems), PROBLEMS_SHOWN)
    if hidden > 0:
        printer.line(speech("files.problems_more", count=f"{hidden:,}"), "dim")
