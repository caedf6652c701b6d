"""Is a store back at its former level within the days allowed: pass, fail or not yet (R52, R53).

A *cell* is a store, a payment method and a measure. It is asked at fixed looks
(:attr:`RecoverySettings.looks`): the time allowed itself, then longer stretches of days after it,
which show the level that was reached by then. The first look at which its own days answer stands,
whatever comes later: a store that was back and is harmed afterwards is another story.

*Pass* is an equivalence test (:mod:`daozhang.stats.equivalence`): the interval of the change lies
inside the margins. Volume is held on either side; of the others only the worse side, since money
that comes sooner has not failed to come back. The looks share the error, so a store that stands at
a margin for good passes with probability ``wrong_pass`` at most, however often one asks. A store
passes only if all its cells do. This is an intersection-union test (Berger 1982): a store that is
harmed in one cell passes no easier for the others, so nothing has to be corrected.

*Fail* says that harm is shown: the interval lies on the worse side of no change, and the estimate
beyond the margin. A store fails if any cell does, so this is corrected by the number of cells and
looks (Bonferroni): a store whose levels are what they were fails with probability ``wrong_fail``
at most. In the time allowed only its last three days can fail it: to be down first and back by the
seventh day is what is allowed.

*Not yet* is the rest, with its reason.

A cell that counts too little for the time allowed to show it by itself nine times in ten is *thin*;
its days before the upgrade decide that. It leans on all the release's stores laid together: where
these pass and its own days show no harm, it passes, on trust: its own later days may still fail it.
What ``wrong_pass`` promises holds for cells that answer by themselves; what a single store lost of
a thin method is seen when its own days show it, and not before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from daozhang.gate.recovery_cell import VERDICTS, Cell, Reason, Verdict, judge
from daozhang.gate.recovery_days import StoreDays
from daozhang.gate.recovery_series import Series, Stores, lay_together
from daozhang.gate.recovery_settings import MEASURES, Measure, RecoverySettings

__all__ = ["ANSWERS", "Cell", "Recovery", "StoreRecovery", "Verdict", "recovery"]

COUNTED: Final = 5.0
"""A method is asked for in a store that counted so much of it before."""

ANSWERS: Final[tuple[Reason, ...]] = (
    "silent", "other_upgrade", "no_past", "few_days", "near", "wide", "thin", "too_soon",
)  # fmt: skip
"""Why not yet, the most telling first."""

ALONE: Final = {"too_soon", "silent", "no_past"}
"""Why not yet, where other stores cannot speak for one."""


@dataclass(frozen=True, slots=True)
class StoreRecovery:
    """One store's cells and what follows from them.

    Attributes:
        store_id: which.
        first_day: local day of its first upgrade, in days since 1970.
        last_day: local day on which the last of its terminals was done.
        cells: by method and measure.
    """

    store_id: str
    first_day: int
    last_day: int
    cells: tuple[Cell, ...]

    @property
    def verdict(self) -> Verdict:
        """Fail if any cell fails, pass if all pass."""
        found = {cell.verdict for cell in self.cells}
        if "fail" in found:
            return "fail"
        return "pass" if found == {"pass"} else "not yet"

    @property
    def alone(self) -> bool:
        """Whether it passes by its own numbers, without leaning on other stores."""
        return all(cell.verdict == "pass" and cell.reason != "together" for cell in self.cells)

    @property
    def telling(self) -> Cell | None:
        """The cell that says most: the worst that failed, else why it is not yet."""
        failed = [cell for cell in self.cells if cell.verdict == "fail"]
        if failed:
            return max(failed, key=lambda cell: abs(cell.change.value) / cell.margin)
        waits = [cell for cell in self.cells if cell.verdict == "not yet"]
        return min(waits, key=lambda cell: ANSWERS.index(cell.reason), default=None)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a release's stores are back at.

    Attributes:
        release_id: which release.
        settings: how sure.
        told_until: the last local day whose numbers were in, in days since 1970.
        stores: in order of their ids.
        together: all of them laid over each other, by method and measure.
    """

    release_id: str
    settings: RecoverySettings
    told_until: int
    stores: tuple[StoreRecovery, ...]
    together: tuple[Cell, ...]

    @property
    def counted(self) -> dict[Verdict, int]:
        """How many stores passed, failed and did not yet do either."""
        found = Counter(store.verdict for store in self.stores)
        return {verdict: found[verdict] for verdict in VERDICTS}


def recovery(days: StoreDays, release_id: str, settings: RecoverySettings) -> Recovery:
    """Judge every store of a release.

    Args:
        days: daily numbers as of a moment.
        release_id: one that ``days.spans`` names.
        settings: margins and errors.
    """
    stores = Stores(days, release_id, settings)
    asked = [(method, measure) for method in range(len(days.methods)) for measure in MEASURES]
    kept = {
        store: [k for k in asked if k == (0, "volume") or stores.counted(store, *k) >= COUNTED]
        for store in stores.upgraded
    }
    cells: dict[int, list[Cell]] = {store: [] for store in kept}
    together = []
    for key in asked:
        pool = _together(stores, key, len(asked))
        together += [pool] if pool is not None else []
        for store, keys in kept.items():
            if key in keys:
                cells[store].append(_cell(stores, store, key, len(keys), pool))
        stores.forget()
    found = [
        StoreRecovery(
            days.stores[store], int(stores.first[store]), int(stores.last[store]), tuple(of)
        )
        for store, of in cells.items()
    ]
    return Recovery(release_id, settings, days.told_until, tuple(found), tuple(together))


def _together(stores: Stores, key: tuple[int, Measure], cells: int) -> Cell | None:
    def at(end: int) -> Series | None:
        parts = [
            series
            for store in stores.upgraded
            if stores.ready(store, key[1], end)
            and (series := stores.series(store, *key, end)) is not None
            and series.after_weight.any()
        ]
        return lay_together(parts, key[1])

    if at(stores.settings.days) is None:
        return None
    name = stores.days.methods[key[0]]
    return judge(name, key[1], at, stores.settings, cells)


def _cell(
    stores: Stores, store: int, key: tuple[int, Measure], cells: int, together: Cell | None
) -> Cell:
    def at(end: int) -> Series | None:
        if not stores.ready(store, key[1], end):
            return None
        return stores.series(store, *key, end)

    settings = stores.settings
    found = judge(stores.days.methods[key[0]], key[1], at, settings, cells)
    if found.verdict == "not yet" and stores.other_upgrade(store, settings.days):
        return replace(found, reason="other_upgrade")
    if found.own or found.verdict != "not yet" or found.reason in ALONE:
        return found
    if together is not None and together.verdict == "pass":
        return replace(found, verdict="pass", reason="together")
    return found if found.reason == "few_days" else replace(found, verdict="not yet", reason="thin")
