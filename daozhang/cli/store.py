"""``daozhang store [verify|compact] STORE``: what a store holds, its proof, its compaction."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daozhang.app.store import (
    compact,
    compacted_json,
    proof_json,
    show,
    shown_json,
    trouble,
    verify,
)
from daozhang.app.words_store import WORDS
from daozhang.cli.common import UNUSABLE, print_json, say_error
from daozhang.store.parts import StoreError

__all__ = ["run"]

DAMAGED: Final = 3
"""Exit status: the store does not hold what its receipts say."""

PROBLEMS_SHOWN: Final = 50
_KIB: Final = 1024


def run(words: Sequence[str], *, lang: str, as_json: bool) -> int:
    """Do what the words say; 2 when that cannot be done, 3 when ``verify`` finds damage."""
    actions = {"verify": _verify, "compact": _compact}
    if len(words) == 1:
        action, place = _show, words[0]
    elif len(words) == len(["verify", "STORE"]) and words[0] in actions:
        action, place = actions[words[0]], words[1]
    else:
        say_error(WORDS[lang]["store.usage"], as_json=as_json)
        return UNUSABLE
    try:
        return action(Path(place), lang, as_json=as_json)
    except BrokenPipeError:
        raise
    except (StoreError, OSError) as error:
        say_error(trouble(error, lang), as_json=as_json)
        return UNUSABLE


def _show(place: Path, lang: str, *, as_json: bool) -> int:
    held = show(place)
    said = shown_json(held)
    if as_json:
        print_json(said)
        return 0
    if not held.files:
        _say(lang, "none", store=place)
        return 0
    _say(lang, "files", files=held.files, last=held.last_ingested)
    for holding in held.holdings:
        days = ""
        if holding.first_day is not None:
            days = WORDS[lang]["store.days"].format(first=holding.first_day, last=holding.last_day)
        size = _size(holding.size_bytes)
        _say(
            lang, "table", table=holding.table, rows=holding.rows, parts=holding.parts, size=size,
            days=days,
        )  # fmt: skip
    rows = sum(holding.rows for holding in held.holdings)
    _say(lang, "total", rows=rows, parts=said["parts"], size=_size(said["size_bytes"]))
    key = "not_compacted" if said["not_compacted"] else "compacted"
    _say(lang, key, count=said["not_compacted"], store=place)
    return 0


def _verify(place: Path, lang: str, *, as_json: bool) -> int:
    proof = verify(place)
    if as_json:
        print_json(proof_json(proof))
    else:
        errors = sum(problem.severity == "error" for problem in proof.problems)
        key = "clean" if proof.clean else "damaged"
        _say(lang, key, files=proof.files, parts=proof.parts, rows=proof.rows, errors=errors)
        for problem in proof.problems[:PROBLEMS_SHOWN]:
            word = WORDS[lang][f"store.{problem.severity}"]
            sys.stdout.write(f"  {word}: {problem.said(lang)}\n")
        if len(proof.problems) > PROBLEMS_SHOWN:
            _say(lang, "more", count=len(proof.problems) - PROBLEMS_SHOWN)
    return 0 if proof.clean else DAMAGED


def _compact(place: Path, lang: str, *, as_json: bool) -> int:
    done = compact(place)
    if as_json:
        print_json(compacted_json(done))
        return 0
    for what in done:
        _say(
            lang, "merged", table=what.table, before=what.parts_before, after=what.parts_after,
            rows=what.rows,
        )  # fmt: skip
    if not done:
        _say(lang, "nothing_to_do")
    return 0


def _say(lang: str, key: str, **values: object) -> None:
    sys.stdout.write(WORDS[lang][f"store.{key}"].format(**values) + "\n")


def _size(count: int) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "KiB", "MiB"):
        if count < _KIB:
            return f"{count} {unit}"
        count = -(-count // _KIB)
    return f"{count} GiB"
