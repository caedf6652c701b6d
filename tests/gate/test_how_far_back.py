"""Evidence begins so far before a rollout: older sales say nothing more, and cost nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.gate import gather as module
from daozhang.gate.evidence import NEVER

if TYPE_CHECKING:
    from pathlib import Path

    from daozhang.gate.evidence import Evidence


def evidence(folder: Path, past: timedelta, patch: pytest.MonkeyPatch) -> Evidence:
    """Return the first release's evidence, from so far before it began."""
    patch.setattr(module, "PAST", past)
    with checked(folder, whole=True) as found:
        assert found.settings.book is not None
        release = module.releases(found.engine)[0]
        return module.gather(
            found.engine, release, found.settings.book.timezone, found.outcome.as_of
        )


def test_older_sales_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["world", str(tmp_path), "--seed", "4", "--faults", "F4", "--sales", "3000"]) == 0
    far = evidence(tmp_path / "in", module.PAST, monkeypatch)
    near = evidence(tmp_path / "in", timedelta(days=3), monkeypatch)
    upgraded = far.fleet.exposed_at[far.fleet.exposed_at != NEVER]
    begun = int(upgraded.min()) // 86_400
    sold = {o.key: o for o in far.outcomes}, {o.key: o for o in near.outcomes}
    for key, outcome in sold[1].items():
        before = sold[0][key]
        assert outcome.first_day >= begun - 4 > before.first_day, key
        # What befell since then is the same to the last row; where no term sets a deadline, peers
        # do, and of them there are fewer.
        if key in {"submit", "credit", "returned"}:
            assert harms(outcome, begun) == harms(before, begun), key
    assert harms(sold[1]["credit"], begun)
    assert np.array_equal(np.sort(far.due_seen), np.sort(near.due_seen))


def harms(outcome: module.Outcome, begun: int) -> list[tuple[int, int, int]]:
    """Return the harms since the rollout began: terminal, day and when it was seen."""
    late = outcome.harm_day > begun
    terminal = outcome.terminal[outcome.harm_unit[late]]
    return sorted(
        zip(terminal.tolist(), outcome.harm_day[late].tolist(), outcome.harm_seen[late].tolist(),
            strict=True)
    )  # fmt: skip
