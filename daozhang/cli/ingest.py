"""``daozhang ingest STORE FILE…``: adds files to a store."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from daozhang.app.ingest import ingest
from daozhang.app.intake import located_json
from daozhang.app.store import trouble
from daozhang.app.words_errors import WORDS
from daozhang.cli.common import UNUSABLE, print_json, progress_shown, say_error
from daozhang.store.parts import Ingested, StoreError

__all__ = ["run"]


def run(store: Path, files: Sequence[Path], *, lang: str, as_json: bool) -> int:
    """Print a receipt a file; 2 if no file was taken or already there."""
    good = 0
    try:
        with progress_shown(quiet=as_json) as (on_file, _):
            for result in ingest(store, list(_spread(files)), on_file, datetime.now(UTC)):
                good += result.status != "refused"
                if as_json:
                    print_json(_as_json(result))
                else:
                    _show(result, lang)
    except BrokenPipeError:
        raise
    except (StoreError, OSError) as error:
        say_error(trouble(error, lang), as_json=as_json)
        return UNUSABLE
    return 0 if good else UNUSABLE


def _show(result: Ingested, lang: str) -> None:
    words = WORDS[lang]
    rows = ", ".join(f"{count} {table}" for table, count in result.taken.rows.items())
    said = f"{result.file}: {words[f'ingest.{result.status}']}"
    sys.stdout.write(said + (f": {rows}" if rows else "") + "\n")
    for problem in result.taken.problems:
        sys.stdout.write(f"  {words[f'read.{problem.severity}']}: {problem.said(lang)}\n")


def _as_json(result: Ingested) -> dict[str, object]:
    return {
        "file": result.file,
        "status": result.status,
        "format": result.taken.format,
        "rows": result.taken.rows,
        "refused": result.taken.refused,
        "errors": [
            located_json(p, result.file) for p in result.taken.problems if p.severity == "error"
        ],
        "warnings": [
            located_json(p, result.file) for p in result.taken.problems if p.severity == "warning"
        ],
    }


def _spread(files: Iterable[Path]) -> Iterable[Path]:
    """A folder stands for the files in it, in the order of their names."""
    for path in files:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.is_file())
        else:
            yield path
