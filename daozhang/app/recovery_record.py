"""Which stores are back after each release, kept with a snapshot as a page tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

from daozhang.app.answers import write_whole
from daozhang.app.check import Checked
from daozhang.app.recovery import RecoveryTeller, recoveries, worst
from daozhang.charts import Lang
from daozhang.gate.gather import releases
from daozhang.gate.recovery import Recovery

__all__ = ["FILE", "BackRecord", "back_records", "read_back", "write_back"]

FILE: Final = "recovery.json"


@dataclass(frozen=True, slots=True)
class BackRecord:
    """One release's stores.

    Attributes:
        release_id: as ``upgrades`` names it.
        said: language → how many stores are back, in a sentence.
        heads: language → headings of the table of all stores together.
        rows: language → its rows, each a list of a text and its verdict (``pass``, ``fail``,
            ``not yet`` or nothing).
        worst: language → what failed in the stores farthest from their level.
        waiting: language → why others are not back yet.
        stores: store → ``pass``, ``fail`` or ``not yet``.
    """

    release_id: str
    said: Mapping[str, str]
    heads: Mapping[str, list[str]]
    rows: Mapping[str, list[list[list[str]]]]
    worst: Mapping[str, list[str]]
    waiting: Mapping[str, list[str]]
    stores: Mapping[str, str]


def back_records(
    checked: Checked, kept: Mapping[str, BackRecord] = MappingProxyType({})
) -> list[BackRecord]:
    """Judge the stores of every release; none without one.

    Args:
        checked: the journeys of all that is known, with the tables behind them.
        kept: records of releases whose stores are not judged again.
    """
    every = releases(checked.engine)
    judged = recoveries(checked, [release for release in every if release not in kept])
    records = {one.release_id: _record(one) for one in judged}
    return [kept.get(release) or records[release] for release in every]


def _record(one: Recovery) -> BackRecord:
    langs: tuple[Lang, ...] = get_args(Lang)
    tellers = {lang: RecoveryTeller(lang) for lang in langs}
    tables = {lang: teller.table(one) for lang, teller in tellers.items()}
    return BackRecord(
        release_id=one.release_id,
        said={lang: teller.counted(one) for lang, teller in tellers.items()},
        heads={lang: heads for lang, (heads, _) in tables.items()},
        rows={
            lang: [[list(cell) for cell in row] for row in rows]
            for lang, (_, rows) in tables.items()
        },
        worst={
            lang: [teller.failed(store, cell) for store, cell in worst(one)]
            for lang, teller in tellers.items()
        },
        waiting={
            lang: [said for _, _, said in teller.waiting(one)] for lang, teller in tellers.items()
        },
        stores={store.store_id: store.verdict for store in one.stores},
    )


def write_back(path: Path, records: list[BackRecord]) -> None:
    """Write records as JSON, whole or not at all.

    Raises:
        OSError: the disk is full or broken.
    """
    told = [asdict(record) for record in records]
    write_whole(path, json.dumps(told, ensure_ascii=False) + "\n")


def read_back(path: Path) -> tuple[BackRecord, ...]:
    """Return the records that :func:`write_back` wrote; none if the file is not there."""
    if not path.is_file():
        return ()
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(BackRecord(**row) for row in rows)
