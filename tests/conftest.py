"""Long proofs are deselected, not skipped, unless ``make soak`` asks for them.

Where several processes run the tests, each begins with its share of all in their order, and who is
done takes from the end of another's. So what takes long comes early: the tests of Spark first of
all and one after another, so that only one process starts a JVM, and at the head of the second
share those that start servers, kill them and look at all their pages.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.shared import drawn_once, shared_by_all

SLOW = {"test_postgres.py", "test_kill.py", "test_kills.py", "test_backup.py", "test_browser.py"}
"""What starts servers, kills most of them, and looks at all their pages."""

RUBBISH = 20_000
"""Objects after which the collector looks at the newest ones: Python's 700 is for less memory."""

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
"""How long one example takes says more of what else the machine does than of what is tested."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = [item for item in items if item.get_closest_marker("soak")]
    if long and "DAOZHANG_SOAK" not in os.environ:
        config.hook.pytest_deselected(items=long)
        left_out = set(long)
        items[:] = [item for item in items if item not in left_out]
    first = [item for item in items if item.get_closest_marker("spark")]
    second = [item for item in items if item.path.name in SLOW]
    early = {*first, *second}
    rest = [item for item in items if item not in early]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    place = max(len(items) // workers - len(first), 0) if workers > 1 else 0
    items[:] = [*first, *rest[:place], *second, *rest[place:]]


def pytest_collectstart() -> None:
    """Look for no garbage among what is imported and collected: it stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let no later garbage collection look through thousands of tests and what they imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(RUBBISH, *gc.get_threshold()[1:])
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def pictures_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where pictures are kept that were drawn once for all processes that run tests."""
    kept = os.environ.get("DAOZHANG_TEST_PICTURES")
    folder = Path(kept) if kept else shared_by_all(tmp_path_factory) / "pictures"
    with drawn_once(folder):
        yield folder
