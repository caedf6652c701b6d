"""The server on PostgreSQL: the same tests of pages, people and rights, on a private server.

They run in a process of their own, because a process has one database; its rows are those of the
server on SQLite, moved as a backup moves them. Of the pages those are
run that ask the database or change it; a soak runs them all, and those of the deployment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOAK = "DAOZHANG_SOAK" in os.environ
PAGES = (
    "test_nobody_sees_a_page_without_signing_in", "test_a_store_sees_its_own_sales_only",
    "test_audit_is_for_auditors_and_administrators", "test_the_audit_trail_shows_tampering",
    "test_every_change_that_is_written_down_has_words",
    "test_a_token_that_acts_is_named_in_the_trail",
    "test_who_chose_no_language_is_answered_in_their_browsers",
)  # fmt: skip
SAME = ("test_people.py", "api/test_limits.py") + (
    ("test_pages.py", "test_deploy.py")
    if SOAK
    else tuple(f"test_pages.py::{name}" for name in PAGES)
)


def test_everything_holds_on_postgresql(tmp_path: Path, made: Path, pictures_folder: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider",
            "--basetemp", str(tmp_path / "inner"),
            *(f"tests/server/{name}" for name in SAME),
        ],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "DAOZHANG_"))},
            "DAOZHANG_TEST_POSTGRES": "1",
            "DAOZHANG_TEST_PICTURES": str(pictures_folder),
            "DAOZHANG_TEST_SERVER": str(made),
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
