"""``daozhang replay DIR|STORE``: what the gate would have said of a rollout, and when."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.padding import Padding

from daozhang.app.answers import write_whole
from daozhang.app.check import UnusableError
from daozhang.app.recovery import recoveries, recovery_json, write_recovery
from daozhang.app.replay import Replay, Teller, changes, replay, replay_json
from daozhang.charts import Lang
from daozhang.charts.guard import clean
from daozhang.cli.common import open_checked, print_json
from daozhang.cli.gate_errors import REFUSALS, refused
from daozhang.cli.recovery import print_recovery
from daozhang.gate import Settings
from daozhang.gate.recovery import Recovery

__all__ = ["run"]

_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_STYLES = {"PASS": "green", "FAIL": "bold red", "WAIT": "yellow"}


def run(
    source: Path,
    *,
    release: str | None,
    every: str,
    alpha: float,
    margin: float,
    out: Path | None,
    recovery: Path | None,
    html: Path | None,
    as_of: str | None,
    lang: str,
    as_json: bool,
) -> int:
    """Replay, write what was asked for, and return the exit status."""
    try:
        settings = Settings(alpha=alpha, margin=margin, every_s=_seconds(every))
        with open_checked(source, as_of, quiet=as_json, whole=True) as checked:
            found = replay(checked, settings, release)
            book = checked.settings.book
            assert book is not None, "nothing is answered without terms"
            zone, speaks = book.timezone, cast("Lang", lang)
            back = recoveries(checked, [one.evidence.fleet.release_id for one in found])
            if recovery is not None:
                write_recovery(back, recovery)
            if out is not None:
                told = _told(found, back, zone, speaks)
                text = json.dumps(told, ensure_ascii=False, indent=1)
                write_whole(out, text + "\n")
            if html is not None:
                # Pictures are drawn by a library that is slow to load.
                from daozhang.app.replay_page import replay_html

                write_whole(html, replay_html(found, zone, speaks))
            if as_json:
                print_json(_told(found, back, zone, speaks))
            else:
                _print(found, back, Teller(speaks, zone))
            return 0
    except BrokenPipeError:
        raise
    except REFUSALS as error:
        return refused(error, lang, as_json=as_json)


def _told(found: list[Replay], back: list[Recovery], zone: str, lang: Lang) -> list[dict[str, Any]]:
    """Return the contract's list, and of each release which stores are back at their level."""
    told = replay_json(found, zone, lang)
    for release, one in zip(told, back, strict=True):
        release["recovery"] = recovery_json(one, lang)
    return told


def _seconds(text: str) -> int:
    """Return the seconds of ``30m``, ``1h`` or ``1d``.

    Raises:
        UnusableError: it is none of these.
    """
    match = re.fullmatch(r"([0-9]{1,5})([mhd])", text.strip().lower())
    if match is None or int(match[1]) == 0:
        raise UnusableError("replay_bad_every", text=repr(text))
    return int(match[1]) * _UNITS[match[2]]


def _print(found: list[Replay], back: list[Recovery], teller: Teller) -> None:
    console = Console(file=sys.stdout, highlight=False)
    if not found:
        console.print(teller("none"))
    for one, recovered in zip(found, back, strict=True):
        fleet = one.evidence.fleet
        count = int((fleet.wave >= 0).sum())
        title = teller(
            "title", release=clean(fleet.release_id), terminals=count,
            since=teller.time(fleet.begun_at),
        )  # fmt: skip
        console.print(title, style="bold", markup=False)
        halted, passed = one.halted_at, one.passed_at
        said = [
            teller("never_halted") if halted is None else teller("halted", at=teller.time(halted)),
            teller("never_passed") if passed is None else teller("passed", at=teller.time(passed)),
        ]
        console.print("; ".join(said), markup=False)
        console.print(teller("looks", looks=len(one.looks)), markup=False, style="dim")
        for look in changes(one):
            style = _STYLES[look.verdict]
            console.print(f"  [{style}]{look.verdict}[/]  {teller.time(look.at)}")
            console.print(Padding(teller.why(one, look), (0, 0, 0, 8)), markup=False)
        print_recovery(console, recovered, teller.speech.lang)
        console.print()
