"""``daozhang world OUT``: a simulated estate with its truth beside it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Literal, cast

from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.world import build

__all__ = ["run"]


def run(
    out: Path,
    *,
    seed: int,
    faults: Sequence[str],
    sales: int,
    days: int,
    start: str,
    form: str,
    as_json: bool,
) -> int:
    """Write the estate and say what is in it."""
    try:
        first = date.fromisoformat(start)
        summary = build(
            out,
            seed=seed,
            faults=faults,
            sales=sales,
            days=days,
            start=first,
            format=cast("Literal['csv', 'parquet']", form),
        )
    except (ValueError, OSError) as error:
        say_error(str(error), as_json=as_json)
        return UNUSABLE
    if as_json:
        print_json(asdict(summary))
    else:
        sys.stdout.write(f"{summary}\n")
    return 0
