"""Published ways to localise causes, written anew and simply, for comparison.

Each follows its paper's idea on arrays, without its authors' code; what they reach here says how
the ideas do, not how their authors' programs would. Adtributor and RiskLoc have the thresholds of
their papers; those of Squeeze are set so that it does well on these families. They are given what
:func:`daozhang.cause.localise` is given. Of a ratio they see the ratio of each leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from bench._localise_made import Case, Floats, Truth

Ids = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Table:
    """The leaves of a case as arrays."""

    def __init__(self, case: Case) -> None:
        self.names = case.dimensions
        encoded = [case.table.column(n).combine_chunks().dictionary_encode() for n in self.names]
        self.codes = np.stack([e.indices.to_numpy().astype(np.int64) for e in encoded])
        self.values = [e.dictionary.to_pylist() for e in encoded]
        self.real, self.predict = (
            case.table.column(name).to_numpy().copy() for name in ("real", "predict")
        )
        if case.columns:
            for measure, base in (("real", "tried"), ("predict", "planned")):
                per = case.table.column(base).to_numpy()
                ratio = np.divide(
                    getattr(self, measure), per, out=np.zeros(len(per)), where=per > 0
                )
                setattr(self, measure, ratio)
        both = self.real + self.predict
        self.deviation = np.divide(
            2 * (self.predict - self.real), both, out=np.zeros(len(both)), where=both != 0
        )

    def cuboids(self, layer: int) -> Iterator[tuple[tuple[int, ...], Ids, int]]:
        """Yield each cuboid of a layer, the element of each leaf, and how many there are."""
        for dims in combinations(range(len(self.names)), layer):
            sizes = tuple(len(self.values[d]) for d in dims)
            ids = np.ravel_multi_index(tuple(self.codes[list(dims)]), sizes)
            yield dims, ids, int(np.prod(sizes))

    def named(self, dims: tuple[int, ...], element: int) -> frozenset[tuple[str, str]]:
        codes = np.unravel_index(element, tuple(len(self.values[d]) for d in dims))
        return frozenset(
            (self.names[d], self.values[d][code]) for d, code in zip(dims, codes, strict=True)
        )


def adtributor(case: Case) -> Truth:
    """Explanatory power and surprise of the values of one dimension (NSDI 2014)."""
    table = Table(case)
    real, predict = table.real.sum(), table.predict.sum()
    best: tuple[float, Truth] = (0.0, set())
    for dims, ids, size in table.cuboids(1):
        came = np.bincount(ids, weights=table.real, minlength=size)
        planned = np.bincount(ids, weights=table.predict, minlength=size)
        power = (came - planned) / (real - predict or 1.0)
        p, q = np.maximum(planned / predict, 1e-12), np.maximum(came / real, 1e-12)
        surprise = 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))
        chosen: list[int] = []
        for at in np.argsort(-surprise).tolist():
            if power[at] > 0.1:
                chosen.append(at)
            if power[chosen].sum() > 0.67:
                if (total := float(surprise[chosen].sum())) > best[0]:
                    best = total, {table.named(dims, c) for c in chosen}
                break
    return best[1]


def _explained(table: Table, inside: Mask, outside: Mask) -> float:
    """Return the generalised potential score of a set of leaves, beside those left over.

    Errors are taken by the leaf's size: in sums, one large leaf would drown the others.
    """
    size = np.maximum(np.maximum(table.real, table.predict), 1e-12)
    error = np.abs(table.real - table.predict) / size
    if not (predict := table.predict[inside]).sum():
        return 0.0
    moved = predict * (table.real[inside].sum() / predict.sum())
    left = (np.abs(table.real[inside] - moved) / size[inside]).sum() + error[outside].sum()
    whole = error[inside].sum() + error[outside].sum()
    return float(1 - left / whole) if whole else 0.0


def squeeze(case: Case) -> Truth:
    """Clusters of leaves by deviation, then the elements that hold them (ISSRE 2019)."""
    table = Table(case)
    off = np.abs(table.deviation)
    normal = off <= max(0.05, 7 * float(np.median(off[off > 0])))
    counts, edges = np.histogram(table.deviation[~normal], bins=40, range=(-2, 2))
    smooth = np.convolve(counts, np.hanning(11), "same")
    said: Truth = set()
    first = 0
    for at in range(1, len(smooth) + 1):
        valley = at == len(smooth) or (
            smooth[at] <= smooth[at - 1] and (at + 1 == len(smooth) or smooth[at] < smooth[at + 1])
        )
        if valley:
            inside = ~normal & (table.deviation >= edges[first]) & (table.deviation <= edges[at])
            first = at
            if inside.sum() > 0.01 * (~normal).sum():
                said |= _one_cluster(table, inside, normal)
    return said


def _one_cluster(table: Table, cluster: Mask, normal: Mask) -> Truth:
    best: tuple[float, Truth] = (-np.inf, set())
    asked = cluster | normal
    for layer in range(1, len(table.names) + 1):
        for dims, ids, size in table.cuboids(layer):
            here = np.bincount(ids[cluster], minlength=size)
            share = here / np.maximum(np.bincount(ids[asked], minlength=size), 1)
            order = np.argsort(-share, kind="stable")[: min(int((here > 0).sum()), 8)]
            for count in range(1, len(order) + 1):
                inside = np.isin(ids, order[:count])
                score = _explained(table, inside & asked, ~inside & asked)
                score *= 1 - 0.01 * count * layer
                if score > best[0]:
                    best = score, {table.named(dims, int(e)) for e in order[:count]}
        if best[0] > 0.9:
            break
    return best[1]


def riskloc(case: Case) -> Truth:
    """Leaves beyond a cutoff, weighed, and elements by risk and explanatory power (2022)."""
    table = Table(case)
    distinct = np.unique(table.deviation)
    cutoff = -min(distinct[min(5, len(distinct) - 1)], distinct[-min(6, len(distinct))], key=abs)
    abnormal = table.deviation > cutoff if cutoff >= 0 else table.deviation < cutoff
    weight = np.where(abnormal, np.abs(table.deviation), np.abs(cutoff - table.deviation))
    weight = np.minimum(np.where((table.real == 0) & (table.predict == 0), 0, weight), 1)
    power = table.predict - table.real
    if power[abnormal].sum() < 0:
        power = -power
    least = 0.02 * power[abnormal].sum()
    free = np.ones(len(power), dtype=bool)
    said: Truth = set()
    while power[free & abnormal].sum() > max(least, 0) and len(said) < 20:
        found = _riskiest(table, free, abnormal, weight, power, least)
        if found is None:
            break
        dims, ids, element = found
        said.add(table.named(dims, element))
        free &= ids != element
    return said


def _riskiest(table: Table, free: Mask, abnormal: Mask, weight: Floats, power: Floats,
              least: float) -> tuple[tuple[int, ...], Ids, int] | None:  # fmt: skip
    for layer in range(1, len(table.names) + 1):
        best: tuple[tuple[int, ...], Ids, int] | None = None
        most = least
        for dims, ids, size in table.cuboids(layer):
            total = np.bincount(ids, weights=power * free, minlength=size)
            bad = np.bincount(ids, weights=weight * (free & abnormal), minlength=size)
            good = np.bincount(ids, weights=weight * (free & ~abnormal), minlength=size)
            high = bad / (bad + good + 1)
            possible = np.flatnonzero((bad > 0) & (total > most) & (high >= 0.5))
            for element in possible[np.argsort(-total[possible])].tolist():
                if high[element] - _spread(table, free & (ids == element)) >= 0.5:
                    best, most = (dims, ids, element), float(total[element])
                    break
        if best is not None:
            return best
    return None


def _spread(table: Table, here: Mask) -> float:
    """Return how much deviation an element's leaves keep, once all are moved by one share."""
    here = here & (table.real != 0) & (table.predict != 0)
    real, predict = table.real[here], table.predict[here]
    if not here.any() or not (before := np.abs(table.deviation[here]).mean()):
        return 0.0
    moved = predict * real.sum() / predict.sum()
    return float(np.abs(2 * (moved - real) / (moved + real)).mean() / before)


RIVALS: dict[str, Callable[[Case], Truth]] = {
    "RiskLoc-like": riskloc,
    "Squeeze-like": squeeze,
    "Adtributor-like": adtributor,
}
