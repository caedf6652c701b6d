"""Two more published ways to localise causes, written anew and simply: HotSpot and AutoRoot.

Both follow their papers' ideas on arrays, as :mod:`bench._localise_rivals` does. HotSpot searches
sets of elements by a tree of random trials; its score adds up over the elements of a cuboid, so
that the best set is found here without trials. AutoRoot's thresholds are its paper's.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from bench._localise_made import Case, Floats, Truth
from bench._localise_rivals import Ids, Mask, Table

__all__ = ["MORE", "autoroot", "hotspot"]

ENOUGH = 0.9
"""HotSpot: a potential score that ends the search; deeper layers are not looked at."""

WORTH = 0.01
"""HotSpot: what one more element of a set has to add to its score."""

NORMAL = 0.2
"""AutoRoot: leaves that deviate less are not clustered."""

LEAST = 0.1
"""AutoRoot: an element holds more than this part of its cluster, and the cluster of it."""


def hotspot(case: Case) -> Truth:
    """Sets of elements by their potential score, layer by layer with pruning (2018)."""
    table = Table(case)
    before = (table.real - table.predict) ** 2
    whole = float(before.sum())
    best: tuple[float, Truth] = (0.0, set())
    kept: dict[tuple[int, ...], Mask] = {}
    for layer in range(1, len(table.names) + 1):
        for dims, ids, size in table.cuboids(layer):
            gain = _gains(table, ids, size, before) / (whole or 1.0)
            gain[~np.bincount(ids[_of_parents(table, dims, kept)], minlength=size).astype(bool)] = 0
            chosen = np.flatnonzero(gain > WORTH)
            kept[dims] = np.isin(ids, chosen)
            score = 1 - np.sqrt(max(0.0, 1 - float(gain[chosen].sum())))
            if score > best[0]:
                best = score, {table.named(dims, int(element)) for element in chosen}
        if best[0] > ENOUGH:
            break
    return best[1]


def _gains(table: Table, ids: Ids, size: int, before: Floats) -> Floats:
    """Return by element how much squared error its own ripple takes away."""
    came = np.bincount(ids, weights=table.real, minlength=size)
    planned = np.bincount(ids, weights=table.predict, minlength=size)
    ratio = np.divide(came, planned, out=np.ones(size), where=planned > 0)
    after = (table.real - table.predict * ratio[ids]) ** 2
    return np.bincount(ids, weights=before - after, minlength=size)


def _of_parents(table: Table, dims: tuple[int, ...], kept: dict[tuple[int, ...], Mask]) -> Mask:
    """Return the leaves whose elements of every wider cuboid were in that cuboid's best set."""
    free = np.ones(len(table.real), dtype=bool)
    for wider in combinations(dims, len(dims) - 1):
        if wider in kept:
            free &= kept[wider]
    return free


def autoroot(case: Case) -> Truth:
    """Clusters by the density of deviations, and the best element of each (WCNC 2021)."""
    table = Table(case)
    there = (table.real > 0) | (table.predict > 0)
    relevant = there & (np.abs(table.deviation) > NORMAL)
    said: list[frozenset[tuple[str, str]]] = []
    for inside in _clusters(table.deviation, relevant):
        found = _best_element(table, inside, there)
        if found is not None and found not in said:
            said.append(found)
    return {one for one in said if not any(other < one for other in said)}


def _clusters(deviation: Floats, relevant: Mask) -> list[Mask]:
    """Cut the leaves at the valleys of a Gaussian density of their deviations."""
    values = deviation[relevant]
    if len(values) < 2 or not values.std():
        return [relevant] if len(values) else []
    grid = np.linspace(-2, 2, 401)
    counts, _ = np.histogram(values, bins=grid)
    width = float(values.std()) * (0.75 * len(values)) ** -0.2 / (grid[1] - grid[0])
    reach = max(1, int(4 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    density = np.convolve(counts, kernel, "full")[reach : reach + len(counts)]
    inner = density[1:-1]
    valleys = np.flatnonzero((inner < density[:-2]) & (inner <= density[2:])) + 1
    place = np.digitize(deviation, grid[valleys])
    parts = (relevant & (place == at) for at in range(len(valleys) + 1))
    return [part for part in parts if part.any()]


def _best_element(table: Table, cluster: Mask, there: Mask) -> frozenset[tuple[str, str]] | None:
    """Return the element whose score, share of the cluster and own share are highest together."""
    wanted = there & (table.real > 0)
    safe = np.where(wanted, table.real, 1.0)
    error = np.where(wanted, np.abs(table.real - table.predict) / safe, 0.0)
    best: tuple[float, frozenset[tuple[str, str]] | None] = (-1.0, None)
    for layer in range(1, len(table.names) + 1):
        for dims, ids, size in table.cuboids(layer):
            held = np.bincount(ids[cluster], minlength=size)
            leaves = np.bincount(ids[there], minlength=size)
            part, own = held / cluster.sum(), held / np.maximum(leaves, 1)
            able = np.flatnonzero((part > LEAST) & (own > LEAST))
            if not len(able):
                continue
            came = np.bincount(ids, weights=table.real, minlength=size)
            planned = np.bincount(ids, weights=table.predict, minlength=size)
            ratio = np.divide(came, planned, out=np.ones(size), where=planned > 0)
            moved = np.where(wanted, np.abs(table.real - table.predict * ratio[ids]) / safe, 0.0)
            in_error = np.bincount(ids, weights=error, minlength=size)
            after = np.bincount(ids, weights=moved, minlength=size) / np.maximum(leaves, 1)
            outside = (error.sum() - in_error) / np.maximum(there.sum() - leaves, 1)
            inside = in_error / np.maximum(leaves, 1)
            score = 1 - (after + outside) / np.maximum(inside + outside, 1e-12)
            at = int(able[np.argmax(score[able])])
            if (mean := float(score[at] + part[at] + own[at]) / 3) > best[0]:
                best = mean, table.named(dims, at)
    return best[1]


MORE: dict[str, Callable[[Case], Truth]] = {
    "AutoRoot-like": autoroot,
    "HotSpot-like": hotspot,
}
