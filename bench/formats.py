"""How fast the format readers are, beside the best library for the format where there is one.

Run ``.venv/bin/python -m bench.formats [rows] [--write]``. Files are made here, in a temporary
folder; seconds are the process's own CPU seconds. A core of a shared machine does more or less
work in a second, depending on what its neighbours do: so a loop of plain Python is timed beside
each file, and figures are those of a core that needs 60 ms for it. The loop's time and the plain
figure are printed too. ``--write`` keeps the figures in ``docs/format_speeds.json``, which the
table of formats shows. A row is what a file repeats: an entry, a trade, a message of a trace.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.format_files import WRITERS
from daozhang.facts import Problem
from daozhang.formats import Facts, Options, read_file

SPEEDS = Path(__file__).parent.parent / "docs" / "format_speeds.json"


PACE_S = 0.060
"""What the loop of :func:`pace` takes on the core that figures are told for."""

LONG_S = 15
"""A contestant that takes longer than this in seconds is not run again."""

_MESSAGES = {"trace-2026-05-06.log": 2}
"""How many rows of a file give one fact that counts: an attempt is a message and its answer."""

_COUNTED = {"payouts.csv": {"payouts"}, "payments.csv": {"sales"}}
"""Files of which other tables than the usual count, so that each of their rows counts once."""


def ours(path: Path) -> int:
    rows = 0
    for item in read_file(path, Options(timezone="Asia/Shanghai", currency="EUR")):
        if isinstance(item, Problem) and item.severity == "error":
            raise SystemExit(f"the bench's own file is refused: {item}")
        counted = _COUNTED.get(path.name, {"settlements", "credits", "attempts"})
        if isinstance(item, Facts) and item.table in counted:
            rows += len(item.rows)
    if rows == 0:
        raise SystemExit(f"the bench's own file gave nothing: {path.name}")
    return rows * _MESSAGES.get(path.name, 1)


def with_mt940(path: Path) -> int:
    import mt940

    logging.disable(logging.CRITICAL)
    return len(mt940.parse(str(path)))


def with_pandas(path: Path) -> int:
    import pandas as pd

    return len(pd.read_csv(path, dtype=str))


def with_iso8583(path: Path) -> int:
    import iso8583

    from daozhang.formats._iso8583_specs import SPECS

    count = 0
    with path.open(encoding="ascii") as lines:
        for line in lines:
            iso8583.decode(bytes.fromhex(line.split()[2]), SPECS["bcd"])
            count += 1
    return count


def with_bai2(path: Path) -> int:
    from bai2 import bai2

    with path.open(encoding="utf-8") as lines:
        parsed = bai2.parse_from_file(lines, check_integrity=False)
    return sum(len(a.children) for g in parsed.children for a in g.children)


def with_ofxparse(path: Path) -> int:
    from ofxparse import OfxParser

    with path.open("rb") as stream:
        return len(OfxParser.parse(stream).account.statement.transactions)


OTHERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "mt940": ("mt-940", with_mt940),
    "bai2": ("bai2", with_bai2),
    "ofx": ("ofxparse", with_ofxparse),
    "iso8583": ("pyiso8583 (decoding only)", with_iso8583),
    "cmb_debit": ("pandas (texts only)", with_pandas),
    "adyen_settlement": ("pandas (texts only)", with_pandas),
    "stripe_balance": ("pandas (texts only)", with_pandas),
}


def pace() -> float:
    """Return the CPU seconds of a fixed piece of plain Python, the least of three runs."""
    least, words = 1e9, "a b c"
    for _ in range(3):
        started = time.process_time()
        found: dict[str, int] = {}
        for number in range(300_000):
            found[f"k{number % 1000}"] = number
            words.split()
        least = min(least, time.process_time() - started)
    return least


def timed(read: Callable[[Path], int], path: Path) -> tuple[int, float]:
    """Return a file's rows and the CPU seconds they took: the least of five runs."""
    least, spent, rows = 1e9, 0.0, 0
    for _ in range(5):
        started = time.process_time()
        rows = read(path)
        seconds = time.process_time() - started
        least, spent = min(least, seconds), spent + seconds
        if spent > LONG_S:
            break
    return rows, least


def main(rows: int, *, write: bool, only: set[str]) -> None:
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, writer) in WRITERS.items():
            if only and name not in only:
                continue
            path = Path(folder) / file
            writer(path, rows)
            size = path.stat().st_size / 1e6
            before = pace()
            count, plain = timed(ours, path)
            loop = min(before, pace())
            seconds = plain * PACE_S / loop
            said = (
                f"{name}: {count / seconds:,.0f} rows/s, {size / seconds:.1f} MB/s (plainly "
                f"{count / plain:,.0f} rows/s, the loop {loop * 1000:.0f} ms)"
            )
            found[name] = {"rows_s": round(count / seconds), "mb_s": round(size / seconds, 1)}
            if name in OTHERS:
                library, other = OTHERS[name]
                try:
                    theirs, their_seconds = timed(other, path)
                except ImportError:
                    said += f" ({library} is not installed)"
                except Exception as error:  # noqa: BLE001 (whatever another library does)
                    said += f" ({library} refuses the file: {error!r:.60})"
                else:
                    ratio = (count / plain) / (theirs / their_seconds)
                    rate = theirs / (their_seconds * PACE_S / loop)
                    said += f"; {library}: {rate:,.0f} rows/s, ours {ratio:.1f}x"
                    found[name] |= {"library": library, "ratio": round(ratio, 1)}
            print(said, flush=True)
            path.unlink()
    if write:
        before = json.loads(SPEEDS.read_text()) if SPEEDS.exists() else {}
        SPEEDS.write_text(json.dumps({**before, **found}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    numbers = [int(word) for word in words if word.isdigit()]
    main(
        numbers[0] if numbers else 100_000,
        write="--write" in sys.argv,
        only={word for word in words if not word.isdigit()},
    )
