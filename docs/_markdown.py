"""Markdown tables and the markers between which generated text stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["code", "explained", "filled", "table"]

_BLOCK = re.compile(
    r"(?P<begin><!-- begin: (?P<name>[a-z-]+)[^>]*-->\n)(?P<body>.*?)"
    r"(?P<end><!-- end: (?P=name) -->)",
    re.DOTALL,
)


def code(text: str) -> str:
    """Return a text as Markdown code; nothing for an empty one."""
    return f"`{text}`" if text else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = [list(header), ["---"] * len(header), *map(list, rows)]
    return "".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines
    )


def explained(meanings: Mapping[str, str], name: str, where: str) -> str:
    """Return what a name of the code means.

    Raises:
        LookupError: nobody explained it; the message says where to do so.
    """
    if name not in meanings:
        raise LookupError(f"{name!r} is not explained: add it to {where}")
    return meanings[name]


def filled(page: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """Return a page with every marked block made anew.

    Raises:
        KeyError: a marker names a block that nothing makes.
    """

    def make(match: re.Match[str]) -> str:
        return f"{match['begin']}\n{blocks[match['name']]().strip()}\n\n{match['end']}"

    return _BLOCK.sub(make, page)
