"""``daozhang waves DIR|STORE``: draws who is upgraded in which wave, and who is held back."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daozhang.app.answers import write_whole
from daozhang.app.check import UnusableError
from daozhang.app.waves import Drawn, draw_fleet, lot_csv, lot_json
from daozhang.app.words_gate import WORDS
from daozhang.charts import Lang
from daozhang.charts.guard import clean
from daozhang.cli.common import open_checked, print_json
from daozhang.cli.gate_errors import REFUSALS, refused

__all__ = ["run"]


def run(
    source: Path,
    *,
    release: str,
    where: Sequence[str],
    ends: str,
    held: float | None,
    salt: str,
    out: Path | None,
    as_of: str | None,
    lang: str,
    as_json: bool,
) -> int:
    """Draw, write what was asked for, and return the exit status."""
    try:
        shares = _shares(ends)
        chosen = _chosen(where)
        _refuse_unread(out)
        with open_checked(source, as_of, quiet=as_json, whole=True) as checked:
            drawn = draw_fleet(checked, release, where=chosen, ends=shares, held=held, salt=salt)
        if out is not None:
            write_whole(out, lot_csv(drawn))
        if as_json:
            print_json(lot_json(drawn))
        else:
            _print(drawn, out, cast("Lang", lang))
    except BrokenPipeError:
        raise
    except REFUSALS as error:
        return refused(error, lang, as_json=as_json)
    return 0


def _refuse_unread(out: Path | None) -> None:
    """Refuse a name under which nobody would read the lot.

    Raises:
        UnusableError: the file would not be taken for one of ``actions``.
    """
    if out is not None and not (out.name.startswith("actions") and out.suffix == ".csv"):
        raise UnusableError("waves_bad_name", name=out.name)


def _shares(text: str) -> list[float]:
    """Return the shares of ``10,19,50``.

    Raises:
        UnusableError: they are no percentages.
    """
    try:
        return [float(part) / 100 for part in text.split(",") if part.strip()]
    except ValueError:
        raise UnusableError("waves_bad_shares", text=repr(text)) from None


def _chosen(where: Sequence[str]) -> dict[str, str]:
    """Return the columns and values of ``model=A920``.

    Raises:
        UnusableError: one has no ``=``.
    """
    pairs = [text.partition("=") for text in where]
    for column, equals, value in pairs:
        if not equals or not column:
            raise UnusableError("waves_bad_where", text=repr(column + value))
    return {column.strip(): value.strip() for column, _, value in pairs}


def _print(drawn: Drawn, out: Path | None, lang: Lang) -> None:
    words, console = WORDS[lang], Console(file=sys.stdout, highlight=False)
    waves = drawn.waves
    count = sum(map(len, waves.every))
    title = words["waves.title"].format(release=clean(waves.release_id), terminals=count)
    console.print(title, style="bold", markup=False)
    if drawn.upgraded:
        console.print(words["waves.upgraded"].format(count=drawn.upgraded), markup=False)
    providers = sorted({place.provider for place in drawn.places.values()})
    table = Table(box=None, padding=(0, 1))
    for head in (words["waves.wave"], words["waves.terminals"], *map(clean, providers)):
        table.add_column(Text(head, style="dim"), justify="right")
    for number, wave in enumerate(waves.every, 1):
        last = waves.held and number == len(waves.every)
        name = words["waves.held"].format(number=number) if last else str(number)
        by_provider = Counter(drawn.places[terminal].provider for terminal in wave)
        cells = (name, str(len(wave)), *(str(by_provider[p]) for p in providers))
        table.add_row(*map(Text, cells))
    console.print(table)
    key = "waves.next" if out is None else "waves.written"
    console.print(words[key].format(file=out), markup=False)
