"""Where the real sample files are, and how a test reads a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daozhang.facts import Problem
from daozhang.formats import Facts, Options, read_file

REPO_ROOT = Path(__file__).resolve().parents[2]
SAMPLES = REPO_ROOT.parent / "shared" / "samples"
DATA = Path(__file__).parent / "data"


class Reading:
    """Everything that one file gave."""

    def __init__(self, path: Path, options: Options | None = None, **kwargs):
        self.items = list(read_file(path, options or Options(), **kwargs))
        self.problems = [i for i in self.items if isinstance(i, Problem)]
        self.codes = [p.code for p in self.problems]
        self.errors = [p for p in self.problems if p.severity == "error"]

    def rows(self, table: str = "credits"):
        return [r for i in self.items if isinstance(i, Facts) and i.table == table for r in i.rows]

    def lines(self, table: str = "credits"):
        return [n for i in self.items if isinstance(i, Facts) and i.table == table for n in i.lines]


@pytest.fixture
def reading(tmp_path):
    """Read a text or bytes as a file: ``reading(content, name, options)``."""

    def read(content, name="file.txt", options=None, **kwargs):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Reading(path, options, **kwargs)

    return read


def sample_files(folder: str) -> list[Path]:
    found = sorted(p for p in (SAMPLES / folder).rglob("*") if p.is_file())
    return found or [SAMPLES / folder / "missing"]


def need(path: Path) -> Path:
    """Skip (fail in CI) when the folder of real files is not there."""
    if not path.exists():
        reason = f"the folder of real sample files is missing: {SAMPLES}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
