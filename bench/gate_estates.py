"""What the gate says of simulated estates: ``python -m bench.gate_estates``.

Each estate's releases go on being rolled out whatever the gate says. Writes the table of
``docs/gate.md`` with ``--write``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np

from daozhang.app.replay import Replay, replay
from daozhang.cli.common import open_checked
from daozhang.cli.main import main as daozhang
from daozhang.gate import Settings
from daozhang.world.faults import FAULTS

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- estates: made by bench/gate_estates.py -->", "<!-- end of estates -->"
CODES = ("F1", "F2", "F4", "F5", "F6", "F7", "F8", "F9")
TRAPS = (
    "outage_on_wave_day", "slow_bank_week", "holiday_week", "canary_of_one", "hold_without_notice",
    "late_statement", "cut_off_without_cost", "return_pending",
)  # fmt: skip
DAY = 86_400


def estates(codes: tuple[str, ...], traps: tuple[str, ...]) -> dict[str, list[str]]:
    """Return by name the words of the command line that make an estate."""
    made = {f"{code} `{FAULTS[code].mechanism}`": ["--faults", code] for code in codes}
    for trap in traps:
        more = ["--faults", "F4"] if trap == "return_pending" else []
        made[f"trap `{trap}`"] = ["--traps", trap, *more]
    return made


def told(words: list[str]) -> dict[str, Replay]:
    """Return the replay of each release of an estate."""
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        folder = Path(place) / "world"
        daozhang(["world", str(folder), "--seed", "3", "--sales", "30000", *words])
        with open_checked(folder / "in", None, quiet=True, whole=True) as checked:
            found = replay(checked, Settings())
    return {one.evidence.fleet.release_id: one for one in found}


def row(name: str, one: Replay, harmless: Replay | None) -> str:
    """Return a line of the table."""
    fleet = one.evidence.fleet
    changed = one.halted_at if one.halted_at is not None else one.passed_at
    when = "-"
    if changed is not None:
        upgraded = int(np.count_nonzero(fleet.exposed_at <= changed))
        when = f"day {(changed - fleet.begun_at) / DAY:.0f}, {upgraded} upgraded"
    last = int(fleet.exposed_at[fleet.wave == fleet.wave.max()].min())
    before = max((look for look in one.looks if look.at <= last), key=lambda look: look.at)
    said = f"{before.verdict}, {before.e_value:,.1f}" if fleet.wave.max() > 0 else "-"
    most = max(look.e_value for look in one.looks)
    money = max(look.at_risk_minor for look in one.looks) // 100
    other = "-" if harmless is None else harmless.looks[-1].verdict
    return (
        f"| {name} | {one.looks[-1].verdict} | {when} | {most:,.1f} | {said} | ¥{money:,} "
        f"| {other} |"
    )


def main() -> None:
    """Run the estates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/gate.md")
    args = parser.parse_args()
    began = time.process_time()
    lines = [
        (
            "| fault or trap | 3.2.1 | halted, or passed first | most evidence "
            "| before the last wave | late at most | 5.0.2 |"
        ),
        "| --- | --- | --- | ---: | --- | ---: | --- |",
    ]
    for name, words in estates(CODES, TRAPS).items():
        found = told(words)
        lines.append(row(name, found["3.2.1"], found.get("5.0.2")))
        print(lines[-1], flush=True)
    spent = time.process_time() - began
    text = "\n".join([*lines, "", f"All of it took {spent:,.0f} CPU seconds."])
    if args.write:
        head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
