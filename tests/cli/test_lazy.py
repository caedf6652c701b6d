"""``daozhang --help`` answers at once: heavy libraries are imported when a command runs."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "duckdb", "pyarrow", "numpy", "lxml", "pandas", "pyspark", "holidays", "polars",
    "openpyxl", "python_calamine", "sqlglot", "vl_convert",
}  # fmt: skip

PROGRAM = """
import json, sys
sys.argv = ["daozhang", *sys.argv[1:]]
from daozhang.cli.main import main
status = main()
sys.stderr.write("\\n@" + json.dumps([status, sorted({m.partition(".")[0] for m in sys.modules})]))
"""


def loaded(*words: str) -> tuple[int, set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )
    status, modules = json.loads(done.stderr.rpartition("@")[2])
    return status, set(modules), done.stdout


def test_help_imports_nothing_heavy() -> None:
    """The command line: nothing heavy is imported before a command runs."""
    status, modules, said = loaded("--help")
    assert status == 0
    for command in ("check", "trace", "read", "init", "map", "ingest", "world"):
        assert command in said
    assert not modules & HEAVY


def test_help_of_a_command_and_the_version_import_nothing_heavy() -> None:
    """The command line: the same for a command's own help and for --version."""
    for words in (("check", "--help"), ("--version",)):
        status, modules, said = loaded(*words)
        assert (status, bool(said.strip())) == (0, True)
        assert not modules & HEAVY, words
