"""Long proofs are deselected, not skipped, unless ``make soak`` asks for them.

The tests of Spark come first and one after another: so one process runs them all, and only that
one starts a JVM, which takes it longer to get going than most tests take.
"""

from __future__ import annotations

import gc
import os

import pytest

# What is imported and collected stays: to look through it for garbage finds none, again and again.
gc.disable()
RUBBISH = 20_000
"""Objects after which the collector looks at the newest ones: Python's 700 is for less memory."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("spark") is None)
    if "DAOZHANG_SOAK" in os.environ:
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_collection_finish() -> None:
    """Let no later garbage collection look through thousands of tests and what they imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(RUBBISH, *gc.get_threshold()[1:])
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
