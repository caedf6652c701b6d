"""Shows which stores are back at their former level: a part of ``daozhang replay``'s answer."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from daozhang.app.recovery import RecoveryTeller, worst
from daozhang.charts import Lang
from daozhang.gate.recovery import Recovery

__all__ = ["print_recovery"]

_STYLES = {"pass": "green", "fail": "bold red", "not yet": "yellow"}


def print_recovery(console: Console, one: Recovery, lang: Lang) -> None:
    """Print a release's stores: how many are back, all together by method, the worst, the rest."""
    teller = RecoveryTeller(lang)
    console.print(teller.counted(one), markup=False)
    heads, rows = teller.table(one)
    if rows:
        table = Table(box=None, padding=(0, 1))
        for head in heads:
            table.add_column(Text(head, style="dim"))
        for row in rows:
            table.add_row(*(Text(said, style=_STYLES.get(verdict, "")) for said, verdict in row))
        console.print(Padding(table, (0, 0, 0, 1)))
    for store, cell in worst(one):
        console.print(Padding(teller.failed(store, cell), (0, 0, 0, 2)), markup=False)
    for _, _, said in teller.waiting(one):
        console.print(Padding(said, (0, 0, 0, 2)), markup=False, style="dim")
