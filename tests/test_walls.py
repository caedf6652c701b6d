"""The import walls stand, and each of them has been seen to fail.

The walls are data: the section ``[tool.importlinter]`` of pyproject.toml.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's modules, to be damaged one import at a time."""
    folder = tmp_path_factory.mktemp("house")
    for path in (ROOT / "daozhang").rglob("*.py"):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


def test_the_walls_stand(house: Path) -> None:
    found = lint(house)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("module", "line", "wall"),
    [
        ("money/amounts.py", "import daozhang.facts", "A lower floor never imports a higher one"),
        ("journey/terms.py", "import daozhang.app.check", "A lower floor never imports a higher"),
        ("formats/camt.py", "import daozhang.store.parts", "A lower floor never imports a higher"),
        ("formats/camt.py", "import urllib.request", "nothing reaches for a network"),
        ("journey/fees.py", "import duckdb", "know neither DuckDB nor Spark"),
        ("charts/words.py", "import rich", "stay where they are loaded late"),
        ("app/check.py", "import django", "stay where they are loaded late"),
        ("cli/check.py", "import daozhang.server.models", "by its entry alone"),
    ],
    ids=["up", "two floors up", "sideways", "network", "engine", "late", "server", "entry"],
)
def test_a_forbidden_import_is_seen(house: Path, module: str, line: str, wall: str) -> None:
    path = house / "daozhang" / module
    sound = path.read_text(encoding="utf-8")
    path.write_text(f"{sound}\n{line}\n", encoding="utf-8")
    try:
        found = lint(house)
    finally:
        path.write_text(sound, encoding="utf-8")
    assert found.returncode == 1, found.stdout + found.stderr
    broken = [said for said in found.stdout.splitlines() if " BROKEN" in said]
    assert any(wall in said for said in broken), found.stdout


def test_a_package_without_a_floor_is_seen(house: Path) -> None:
    """A new package must be given its place before it can be merged."""
    new = house / "daozhang" / "newcomer"
    new.mkdir()
    (new / "__init__.py").write_text('"""A package nobody has placed."""\n', encoding="utf-8")
    try:
        found = lint(house)
    finally:
        shutil.rmtree(new)
    assert found.returncode == 1
    assert "newcomer" in found.stdout
