"""Every code that a located finding can have, found in the sources.

A code is a snake_case text that stands directly before its message: ``Problem(file, line, code,
message)``, ``RowError(code, message)``, ``(code, message)``. The message is shown as the source has
it, with ``…`` where a value of the user's file stands.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from docs._markdown import code, table

__all__ = ["found_codes", "problem_table"]

ROOT = Path(__file__).parent.parent
_CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+")
_TELLS = re.compile(
    r"(Problem|Error|Finding)$|\.(error|warn|problem|wrong|add)$|^(problem|_refused|_skipped)$"
)
_LETTERS_MIN = 15
_LINES_BESIDE = 6
_SPACES = re.compile(r"\s+")
_PACKAGES = {
    "calendars": "calendars", "facts": "file readers and store", "formats": "file readers",
    "store": "facts and store", "journey": "terms and facts", "cause": "what cannot be so",
    "app": "folder", "server": "server",
}  # fmt: skip


@cache
def found_codes() -> dict[str, list[tuple[str, str]]]:
    """Return for every code where it arises and what is said."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for package in _PACKAGES:
        for path in sorted((ROOT / "daozhang" / package).rglob("*.py")):
            if path.name in {"schema.py", "metrics.py", "reasons.py"}:
                continue  # Names of columns and figures, words of reasons: none is a code.
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # The server's other errors are of calls, and stand in pages of their own; causes speak
            # of actions and answers in words that look like codes.
            findings = _of_findings(tree) if package in ("server", "cause") else _in_tree(tree)
            for name, message in findings:
                found[name].append((package, message))
    return dict(sorted(found.items()))


def _of_findings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield only what stands in ``Problem(…)`` itself."""
    said = _assigned(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem":
            yield from _pairs(node.args, said, tells=True)


def _in_tree(tree: ast.Module) -> Iterator[tuple[str, str]]:
    said = _assigned(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            tells = bool(_TELLS.search(ast.unparse(node.func)))
            yield from _pairs(node.args, said, tells=tells)
            named = {k.arg: k.value for k in node.keywords}
            if "code" in named and "message" in named:
                yield from _pairs([named["code"], named["message"]], said, tells=True)
        elif isinstance(node, ast.Tuple):
            yield from _pairs(node.elts, said, tells=False)
        elif isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["code"]:
            for name in _constants(node.value):
                yield name, _beside(node.lineno, said)


Said = list[tuple[int, str, str]]
"""Line, name and message of every assignment of a message to a name."""


def _assigned(tree: ast.Module) -> Said:
    said = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _message(node.value, [])
            if text:
                said.append((node.lineno, node.targets[0].id, text))
    return sorted(said)


def _beside(line: int, said: Said) -> str:
    """Return the message that is assigned within a few lines of a code."""
    near = [(abs(at - line), text) for at, _, text in said if abs(at - line) <= _LINES_BESIDE]
    return min(near)[1] if near else ""


def _pairs(items: Sequence[ast.expr], said: Said, *, tells: bool) -> Iterator[tuple[str, str]]:
    for item, after in pairwise(items):
        names = _constants(item)
        if not names:
            continue
        message = _message(after, said if tells else [])
        if message is None and tells and isinstance(after, ast.Name | ast.Call):
            message = ""
        if message is not None and not message.startswith("SELECT ") and "WITH " not in message:
            for name in names:
                yield name, message


def _constants(node: ast.expr) -> list[str]:
    """Return the codes that an expression may be."""
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if _CODE.fullmatch(node.value) else []
    return []


def _message(node: ast.expr, said: Said) -> str | None:
    """Return a message with ``…`` for its values; None: this is no message."""
    if isinstance(node, ast.Name):
        before = [text for line, name, text in said if name == node.id and line <= node.lineno]
        return before[-1] if before else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if " " in node.value else None
    if isinstance(node, ast.JoinedStr):
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
        return text if " " in text else None
    return None


def _tells_most(message: str) -> tuple[bool, bool, int]:
    """Order messages: those that say something, then those that also say what to do, then short."""
    letters = sum(letter.isalpha() for letter in message)
    return letters > _LETTERS_MIN, ":" in message, -letters


def problem_table() -> str:
    """Return the table of codes, each with one of its messages."""
    rows = []
    for name, places in found_codes().items():
        where = ", ".join(dict.fromkeys(_PACKAGES[package] for package, _ in places))
        message = max((message for _, message in places), key=_tells_most)
        rows.append((code(name), where, _SPACES.sub(" ", message)))
    return table(("code", "from", "what is said"), rows)
