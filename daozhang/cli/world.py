"""``daozhang world OUT``: a simulated estate with its truth beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Literal, cast

from daozhang.app.answers import utc_text
from daozhang.app.words_errors import WORDS
from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.money import format_minor
from daozhang.world import FAULTS, REGIONS, TRAPS, WorldSummary, build

__all__ = ["run"]


def run(
    out: Path,
    *,
    seed: int,
    faults: Sequence[str],
    traps: Sequence[str],
    regions: Sequence[str],
    sales: int,
    days: int,
    start: str,
    form: str,
    lang: str,
    as_json: bool,
) -> int:
    """Write the estate and say what is in it."""
    try:
        first = date.fromisoformat(start)
        with _progress(quiet=as_json) as progress:
            summary = build(
                out,
                seed=seed,
                faults=_all(faults, FAULTS),
                traps=_all(traps, TRAPS),
                regions=_all(regions, REGIONS),
                sales=sales,
                days=days,
                start=first,
                format=cast("Literal['csv', 'parquet']", form),
                progress=progress,
            )
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        say_error(str(error), as_json=as_json)
        return UNUSABLE
    if as_json:
        print_json({**asdict(summary), "as_of": utc_text(summary.as_of)})
    else:
        _show(summary, lang)
    return 0


def _all(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the names, or all that are known where the word ``all`` stands for them."""
    return list(known) if [name.lower() for name in names] == ["all"] else list(names)


def _show(summary: WorldSummary, lang: str) -> None:
    words = WORDS[lang]
    lines = [
        words["world.done"].format(sales=summary.sales, facts=summary.facts, truth=summary.truth)
    ]
    if summary.late_sales:
        money = ", ".join(
            format_minor(minor, currency) for currency, minor in summary.late_by_currency.items()
        )
        lines.append(words["world.late"].format(sales=summary.late_sales, money=money))
    lines += [
        words["world.fault"].format(fault=code, mechanism=FAULTS[code].mechanism, sales=count)
        for code, count in summary.late_by_fault.items()
    ]
    lines.append(words["world.next"].format(facts=summary.facts))
    sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar of days while an estate is made; nothing where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("world", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
