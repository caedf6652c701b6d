"""The server on PostgreSQL: the same tests of pages, people and rights, on a private server.

They run in a process of their own, because a process has one database.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAME = ("test_pages.py", "test_people.py", "test_deploy.py", "api/test_limits.py")


def test_everything_holds_on_postgresql(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider",
            "--basetemp", str(tmp_path / "inner"),
            *(str(ROOT / "tests" / "server" / name) for name in SAME),
        ],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "DAOZHANG_"))},
            "DAOZHANG_TEST_POSTGRES": "1",
            # The server's lock lies in the temporary folder; another user's would be in the way.
            "TMPDIR": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
