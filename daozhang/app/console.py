"""The answer for a terminal: the same words and tables as the report, 80 columns wide.

Rules kept here: a terminal that cannot show Chinese is answered in English and in plain ASCII; a
text from a user's file can neither colour the terminal nor move its cursor.
"""

from __future__ import annotations

from typing import Final, Literal
from zoneinfo import ZoneInfo

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

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
    pace_sheet,
    speed_sheet,
    unexplained_sheet,
)
from daozhang.charts.standing import draw_headline
from daozhang.charts.why import findings_sheet, why_sheet

__all__ = ["print_answer"]

_STYLES: Final = {
    "on_time": "green",
    "late": "yellow",
    "overdue": "bold red",
    "unknown": "magenta",
    "in_transit": "blue",
}
"""Status → how a terminal colours its name; the name itself says it too."""

_Shape = Literal["below", "behind", "bare"]
"""Where a cell's second line goes."""

INCIDENTS_PRINTED: Final = 6
"""How many incidents a terminal tells; the report tells more, ``incidents.json`` all."""

_GAP: Final = 2
"""Columns of a terminal between two columns of a table."""

_NAME_MIN: Final = 8
"""Fewest columns of a terminal that a name or a sentence gets in a table."""

_TONES: Final = {"good": "green", "bad": "red", "unsure": "magenta", "empty": "yellow"}

_PLAIN: Final = str.maketrans(
    {
        "¥": "CNY", "€": "EUR", "£": "GBP", "·": "-", "–": "-", "—": "-", "−": "-", "→": "->",
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

    def cell(self, cell: Cell, shape: _Shape, *, strong: bool) -> Text:
        """Return one cell; its second line below, behind or left out."""
        style = "bold" if strong else _STYLES.get(cell.status, "")
        shown = self.text(cell.text, style)
        if cell.below and shape == "below":
            shown.append(self.plain("".join(f"\n{line}" for line in cell.below)), style="dim")
        if cell.below and shape == "behind":
            # A sentence keeps its full stop; what has none is parted from the next.
            behind = "; ".join(cell.below).replace(".; ", ". ").replace("。; ", "。")
            shown.append(self.plain(f" ({behind})"), style="dim")
        return shown

    def sheet(self, sheet: Sheet, shape: _Shape = "below") -> None:
        """Print one table, or the sentence that stands for an empty one."""
        self.console.print()
        self.line(sheet.title, "bold")
        if not sheet.rows:
            self.line(sheet.empty, "dim")
            return
        if sheet.note:
            self.line(sheet.note, "dim")
        labels = [self.text(column.label) for column in sheet.columns]
        body = [[self.cell(c, shape, strong=False) for c in row] for row in sheet.rows]
        totals = [[self.cell(c, shape, strong=True) for c in row] for row in sheet.totals]
        widths = self._fitted(sheet, labels, body + totals)
        if widths:
            self._table(sheet, labels, widths, body=body, totals=totals)
        else:
            self._records(sheet, labels)
        if sheet.more:
            self.line(sheet.more, "dim")

    def _fitted(self, sheet: Sheet, labels: list[Text], rows: list[list[Text]]) -> list[int]:
        """Return how wide each column is; empty: they do not fit without cutting an amount."""
        room = self.console.width - _GAP * (len(labels) - 1)
        whole = [max(_width(row[n]) for row in rows) for n in range(len(labels))]
        full = [max(wide, _width(label)) for wide, label in zip(whole, labels, strict=True)]
        if sum(full) <= room:
            return full
        # First the headings give way, word by word, then names and sentences.
        words = [max(map(cell_len, label.plain.split()), default=0) for label in labels]
        widths = [
            max(wide, word) if column.right else max(word, min(wide, _NAME_MIN))
            for column, wide, word in zip(sheet.columns, whole, words, strict=True)
        ]
        spare = room - sum(widths)
        if spare < 0:
            return []
        for place in sorted(range(len(widths)), key=lambda n: full[n] - widths[n]):
            given = min(full[place] - widths[place], spare)
            widths[place] += given
            spare -= given
        return widths

    def _table(
        self,
        sheet: Sheet,
        labels: list[Text],
        widths: list[int],
        *,
        body: list[list[Text]],
        totals: list[list[Text]],
    ) -> None:
        table = Table(box=self.box, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
        for column, label, width in zip(sheet.columns, labels, widths, strict=True):
            justify: Literal["left", "right"] = "right" if column.right else "left"
            table.add_column(label, justify=justify, overflow="fold", width=width)
        for row in body:
            table.add_row(*row)
        if totals:
            table.add_section()
        for row in totals:
            table.add_row(*row)
        self.console.print(table)

    def _records(self, sheet: Sheet, labels: list[Text]) -> None:
        """Print each row as a name and what belongs to it, as a phone shows it."""
        for row in (*sheet.rows, *sheet.totals):
            self.console.print(self.cell(row[0], "behind", strong=True))
            said = Text(", " if self.speaks == "en" else "，").join(
                Text.assemble(label, " ", self.cell(cell, "behind", strong=False))
                for label, cell in zip(labels[1:], row[1:], strict=True)
                if cell.text
            )
            self.console.print(Padding(said, (0, 0, 0, 2)))


def _width(text: Text) -> int:
    """Return the columns of the widest line."""
    return max((cell_len(line) for line in text.plain.splitlines()), default=0)


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
    for line in (headline.arrived, headline.aside, *headline.others, *headline.waited):
        if line:
            printer.line(line)
    as_of = speech.time(figures.as_of, year=True)
    zone = speech("report.zone", zone=clean(view.timezone))
    printer.line(speech("report.subtitle_empty", as_of=as_of) + speech("word.space") + zone, "dim")
    if view.identities_ok:
        printer.line("✓ " + speech("report.identities_ok"), "dim")
        if view.refused:
            number = speech.count("rows", view.refused)
            printer.line("! " + speech("report.refused", number=number), "bold yellow")
    else:
        printer.line("✗ " + speech("report.identities_broken"), "bold red")
    for sheet in money_sheets(figures, speech):
        printer.sheet(sheet, "bare")
    printer.sheet(attention_sheet(view, speech))
    if figures.incidents:
        _print_why(printer, why_sheet(figures, speech))
    breakdowns = late_sheets(figures, speech)
    if breakdowns[0].rows:
        for sheet in breakdowns:
            printer.sheet(sheet, "behind")
    printer.sheet(pace_sheet(figures, speech), "bare")
    printer.sheet(speed_sheet(figures, speech))
    printer.sheet(fees_sheet(figures, speech), "bare")
    if figures.findings:
        printer.sheet(findings_sheet(figures, speech), "behind")
    for sheet in (
        unexplained_sheet(figures, speech),
        missing_sheet(view, speech),
        files_sheet(view, speech),
    ):
        printer.sheet(sheet)
    _print_problems(printer, view, speech)
    console.print()
    printer.line(speech("console.reports"), "dim")


def _print_why(printer: _Printer, sheet: Sheet) -> None:
    """Print each incident as a message: cause and money, what shows it, what to do."""
    printer.console.print()
    printer.line(sheet.title, "bold")
    printer.line(sheet.note, "dim")
    for why, money, expected, action in sheet.rows[:INCIDENTS_PRINTED]:
        printer.console.print()
        said = printer.text(f"{why.text}: {money.text} ({money.sub})", "bold")
        said.append(printer.plain(f"\n{why.sub}"), style="not bold")
        said.append(printer.plain(f"\n{expected.sub}; {expected.text}"), style="not bold")
        printer.console.print(said)
        for line in why.lines:
            printer.console.print(Padding(printer.text(f"· {line}", "dim"), (0, 0, 0, 2)))
        printer.line(f"→ {action.text} ({action.sub})")


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
