"""Makes what the code knows into documentation: ``python -m docs.generate`` (``make docs``).

A page marks what is generated::

    <!-- begin: NAME (made by `make docs`) -->
    …
    <!-- end: NAME -->

With ``--check`` nothing is written and the status is 1 when a page is stale. With ``--pictures``
the pictures of the READMEs are made from a real report, which needs Chromium.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docs import _answers, _commands, _facts, _problems, _terms, _world
from docs._markdown import filled

__all__ = ["BLOCKS", "main", "pages", "stale"]

ROOT = Path(__file__).parent.parent

BLOCKS: Mapping[str, Callable[[], str]] = {
    "answer-files": _answers.answer_files,
    "calendar-names": _terms.calendar_names,
    "command-line": _commands.command_line,
    "fact-tables": _facts.fact_tables,
    "formats": _facts.formats,
    "incident-example": _answers.incident_example,
    "journey-columns": _answers.journey_columns,
    "problems": _problems.problem_table,
    "profiles": _facts.profiles,
    "reader-limits": _facts.reader_limits,
    "summary-example": _answers.summary_example,
    "summary-keys": _answers.summary_keys,
    "terms-example": _terms.example,
    "terms-keys": _terms.keys,
    "world-faults": _world.world_faults,
    "world-regions": _world.world_regions,
    "world-traps": _world.world_traps,
}
"""What can stand between markers, by the marker's name."""


FILLED_ELSEWHERE = {"benchmarks.md"}
"""Pages whose figures are measured, not derived: ``make bench`` fills them."""


def pages(root: Path = ROOT) -> list[Path]:
    """Return every page of documentation that is filled here."""
    found = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(page for page in found if page.name not in FILLED_ELSEWHERE)


def stale(root: Path = ROOT, *, write: bool = False) -> list[Path]:
    """Return the pages whose generated parts differ from what the code says now.

    Args:
        root: the repository's folder.
        write: put the new text in its place.
    """
    found = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        new = filled(text, BLOCKS)
        if new != text:
            found.append(page)
            if write:
                page.write_text(new, encoding="utf-8")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Make the pages anew, or say which are stale; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description="Make the docs.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page is stale")
    parser.add_argument("--pictures", action="store_true", help="make the pictures too")
    asked = parser.parse_args(argv)
    found = stale(write=not asked.check)
    for page in found:
        name = page.relative_to(ROOT).as_posix()
        sys.stdout.write(f"{name}: {'stale: run make docs' if asked.check else 'made anew'}\n")
    if asked.pictures:
        from docs._pictures import make_pictures  # noqa: PLC0415 - needs a browser

        make_pictures(ROOT / "docs" / "pictures")
    return int(asked.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
