"""The house's own rules: small checks over every file, each seen to fail on a bad example.

A rule takes a file's name and text and yields ``(line, what is wrong and what to do)``. Refused
words stand here with a bar inside them, so that this file passes its own check.
"""

import ast
import io
import os
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
FILE_BYTES_MAX = 400_000

NOT_OURS = {
    "__pycache__", "build", "demo", "node_modules", "spark-warehouse", "htmlcov",
}  # fmt: skip
"""Folders that no one commits; hidden ones too, but for ``.ci``."""

TEXT = ("*.py", "*.md", "*.toml", "*.sql", "*.html", "*.css", "*.in", "*.svg", "Makefile", "run")
CODE = ("daozhang/*.py", "docs/*.py", "tests/*.py", "bench/*.py", "examples/*.py")
PACKAGE = ("daozhang/*.py",)

Found = Iterator[tuple[int, str]]
Check = Callable[[str, str], Found]


@dataclass(frozen=True)
class Rule:
    """One rule: where it holds, what it looks for, and examples that it must tell apart."""

    name: str
    where: tuple[str, ...]
    check: Check
    bad: tuple[str, ...]
    good: tuple[str, ...]
    but: tuple[str, ...] = ()

    def holds_for(self, name: str) -> bool:
        last = name.rpartition("/")[2]
        applies = any(fnmatch(name, form) or fnmatch(last, form) for form in self.where)
        return applies and not any(fnmatch(name, form) for form in self.but)


@cache
def shape(text: str) -> tuple[str | None, tuple[tuple[str, int, int], ...]]:
    """Return a module's docstring, and name, first line and length of each of its functions."""
    module = ast.parse(text)
    return ast.get_docstring(module), tuple(
        (node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def module_size(_: str, text: str) -> Found:
    lines = len(text.splitlines())
    if lines >= MODULE_LINES_MAX:
        yield lines, f"a module of {lines} lines: part it where it has two subjects"


def function_size(_: str, text: str) -> Found:
    for name, line, lines in shape(text)[1]:
        if lines >= FUNCTION_LINES_MAX:
            yield line, f"{name} has {lines} lines: keep the branches, move the leaves"


def module_docstring(_: str, text: str) -> Found:
    if not shape(text)[0]:
        yield 1, "no module docstring: say in one sentence what the module is for"


def sql_comment(_: str, text: str) -> Found:
    if not text.lstrip().startswith("-- "):
        yield 1, "an SQL file begins with a comment that says what a row of its result is"


def whole(text: str) -> str:
    """Take the bars out of a word that must not stand here as it is."""
    return text.replace("¦", "")


REFUSED = {
    re.compile(whole(pattern), flags): why
    for pattern, flags, why in (
        (r"(?<!\.)\bpro¦mpt(s|ed)?\b", re.IGNORECASE, "say: question"),
        (r"\bL¦LMs?\b", 0, "say what the thing does"),
        (r"\bA¦I[ -](assistant|agent|tool|model|generated)", 0, "say what the thing does"),
        (r"\bsub¦-?agents?\b", re.IGNORECASE, "say what it is, not how it was made"),
        (r"\bthis ses¦sion\b", re.IGNORECASE, "say what it is, not how it was made"),
        (r"\b(TO¦DO|FIX¦ME)\b", 0, "do it, or write an issue"),
        (r"\b(py¦pi|python¦hosted|npm¦js)\.(org|com)\b", 0, "name the package, not a host"),
    )
}
MACHINE_PATHS = re.compile(whole(r"(?<![\w.])/(wo¦rk|tm¦p|ro¦ot|home/\w+|Users/\w+)/"))


def said_in(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield what a file says to people: all of it; of Python, the comments and texts."""
    if not name.endswith(".py"):
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.COMMENT, tokenize.STRING}:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def refused_words(name: str, text: str) -> Found:
    if not any(pattern.search(text) for pattern in REFUSED):
        return  # Taking a file apart into tokens costs far more than looking.
    for number, line in said_in(name, text):
        for pattern, why in REFUSED.items():
            hit = pattern.search(line)
            if hit:
                yield number, f"{hit[0]!r}: {why}"


def machine_paths(_: str, text: str) -> Found:
    for number, line in enumerate(text.splitlines(), 1):
        hit = MACHINE_PATHS.search(line)
        if hit:
            yield number, f"{hit[0]!r} is a place on one machine: pass the place in"


def no_float(_: str, text: str) -> Found:
    """Money is whole minor units; a float that touches it loses some without a word."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the float {node.value}: use whole numbers or Fraction"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            yield node.lineno, "float(): use whole numbers or Fraction"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            sides = ast.unparse(node.left), ast.unparse(node.right)
            if any(re.search(r"_minor\b", side) for side in sides):
                yield node.lineno, "'/' on minor units: use money.share_of or money.allocate"


WORLDLY = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
    "time.time_ns", "time.localtime", "os.environ", "os.getenv", "os.getenvb",
}  # fmt: skip
LAST_WORDS = {name.rpartition(".")[2] for name in WORLDLY}


def no_world(_: str, text: str) -> Found:
    """Clock, environment and chance are passed in, so that an answer can be had again."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in LAST_WORDS:
            name = ast.unparse(node)
            if any(name == worldly or name.endswith(f".{worldly}") for worldly in WORLDLY):
                yield node.lineno, f"{name}: let the caller pass it in"
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module in {"random", "secrets", "uuid"}:
                yield node.lineno, f"import of {module}: pass a seed or an id in"


def one_title(_: str, text: str) -> Found:
    fenced = False
    titles = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif line.startswith("# ") and not fenced:
            titles.append(number)
    if len(titles) != 1:
        yield (titles[1:] or [1])[0], f"{len(titles)} titles in a page that needs one"


def ends_well(_: str, text: str) -> Found:
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield text.count("\n") + 1, "a file ends with one line break"
    if "\r" in text:
        yield 1, "CR line breaks"


_LONG_FUNCTION = "def f():\n" + "    pass\n" * FUNCTION_LINES_MAX
_SHORT_FUNCTION = "def f():\n" + "    pass\n" * (FUNCTION_LINES_MAX - 2)

RULES = (
    Rule("module size", CODE, module_size, ("x = 1\n" * 500,), ("x = 1\n" * 499,)),
    Rule("function size", CODE, function_size, (_LONG_FUNCTION,), (_SHORT_FUNCTION,)),
    Rule(
        "module docstring",
        ("daozhang/*.py", "docs/*.py", "bench/*.py"),
        module_docstring,
        ("import os\n", ""),
        ('"""What it is for."""\n',),
    ),
    Rule(
        "SQL begins with a comment",
        ("*.sql",),
        sql_comment,
        ("SELECT 1\n", "/* no */ SELECT 1"),
        ("-- One row.\nSELECT 1\n",),
    ),
    Rule(
        "refused words",
        TEXT,
        refused_words,
        (
            "the pro¦mpt says",
            "an L¦LM wrote it",
            "our A¦I assistant",
            "a sub¦-agent",
            "in this ses¦sion",
            "# TO¦DO: later",
            "from py¦pi.org",
        ),
        ("typer.pro¦mpt('Zone?')", "promptly", "the terminal's session key", "an AID of a card"),
    ),
    Rule(
        "machine paths",
        TEXT,
        machine_paths,
        ("see /wo¦rk/main", "open('/tm¦p/x')", "/ho¦me/me/data"),
        ("homework/main", "a/tmp/b", "https://example.org/home"),
        but=("tests/*",),
    ),
    Rule(
        "no float near money",
        ("daozhang/money/*.py", "daozhang/journey/*.py"),
        no_float,
        ("x = 0.5", "y = float(z)", "share = fee_minor / 2", "s = 1 / row.net_minor"),
        ("x = 5", "share = fee_minor // 2", "hours = span / hour"),
    ),
    Rule(
        "no clock, environment or chance below the command line",
        PACKAGE,
        no_world,
        (
            "import random",
            "from random import choice",
            "t = datetime.now(UTC)",
            "t = time.time()",
            "home = os.environ['HOME']",
            "d = datetime.date.today()",
            "from uuid import uuid4",
        ),
        ("t = moment.time()", "rng = np.random.default_rng(seed)", "now = passed_in"),
        but=("daozhang/cli/*", "daozhang/server/*"),
    ),
    Rule("one title a page", ("*.md",), one_title, ("# A\n\n# B\n", "text\n"), ("# A\n\n## B\n",)),
    Rule("files end well", TEXT, ends_well, ("x", "x\n\n", "x\r\n"), ("x\n", "")),
)


def is_ours(name: str) -> bool:
    hidden = name.startswith(".") and name not in {".ci", ".gitignore"}
    return not (hidden or name in NOT_OURS or name.endswith(".egg-info"))


@cache
def our_files() -> tuple[str, ...]:
    found = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = sorted(filter(is_ours, inner))
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in files]
    return tuple(sorted(name for name in found if is_ours(name.rpartition("/")[2])))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    broken = []
    looked_at = 0
    for name in our_files():
        if rule.holds_for(name) and not name.startswith("tests/formats/data/"):
            looked_at += 1
            text = (ROOT / name).read_bytes().decode("utf-8")
            broken += [f"{name}:{line}: {what}" for line, what in rule.check(name, text)]
    assert looked_at, f"no file is looked at for {rule.name!r}: the rule watches nothing"
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule in RULES for text in rule.bad], ids=lambda _: None
)
def test_a_rule_is_seen_to_fail(rule: Rule, text: str) -> None:
    assert list(rule.check("example", whole(text))), f"{rule.name!r} lets {text[:60]!r} pass"


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule in RULES for text in rule.good], ids=lambda _: None
)
def test_a_rule_lets_good_text_pass(rule: Rule, text: str) -> None:
    assert not list(rule.check("example", whole(text)))


def test_no_file_is_huge() -> None:
    """Samples, dumps and pictures by the megabyte belong elsewhere."""
    sizes = {name: (ROOT / name).stat().st_size for name in our_files()}
    assert not {name: size for name, size in sizes.items() if size > FILE_BYTES_MAX}
