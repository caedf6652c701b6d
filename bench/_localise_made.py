"""Families of cases with planted causes, after published descriptions; own generators.

S and L follow the description of the RiskLoc families (arXiv 2205.10004): every combination of the
dimensions is a leaf, values are Weibull, some are zero, normal leaves err by a relative noise on
either side, abnormal ones lose the noise and fall short by a severity. A, B0 to B4 and D follow the
Squeeze families (ISSRE 2019) in spirit: leaves are sparse and of very different sizes, the noise of
a family is fixed, causes of a case share a layer; in A they differ in layer and strength, and D is
a ratio of two sums. The late families are ours: money that is late in few leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

Floats = np.ndarray[Any, np.dtype[np.float64]]
Truth = set[frozenset[tuple[str, str]]]
Cause = dict[int, int]


@dataclass(frozen=True)
class Case:
    """One case: the leaves as a table, what was planted, and how to call a localiser for it."""

    table: pa.Table
    dimensions: list[str]
    truth: Truth
    columns: dict[str, str] = field(default_factory=dict)


def _grid(sizes: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.stack([axis.ravel() for axis in np.indices(sizes)])


def _mask(codes: np.ndarray[Any, Any], cause: Cause) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.logical_and.reduce([codes[dim] == value for dim, value in cause.items()])


def _case(codes: np.ndarray[Any, Any], causes: list[Cause], **measures: Floats) -> Case:
    names = [chr(ord("a") + dim) for dim in range(len(codes))]
    table = pa.table(
        {
            name: pa.array(np.char.add(name, (codes[dim] + 1).astype(str)))
            for dim, name in enumerate(names)
        }
        | measures
    )
    truth = {frozenset((names[d], f"{names[d]}{v + 1}") for d, v in c.items()) for c in causes}
    return Case(table, names, truth)


def _apart(rng: np.random.Generator, sizes: tuple[int, ...], layers: list[int], most: int,
           sound: Callable[[Cause], bool]) -> list[list[Cause]]:  # fmt: skip
    """Draw groups of causes: one cuboid a group, no value of a dimension in two groups."""
    while True:
        groups: list[list[Cause]] = []
        cuboids: list[tuple[int, ...]] = []
        for layer in layers:
            dims = tuple(sorted(rng.choice(len(sizes), size=layer, replace=False).tolist()))
            if dims in cuboids and layer < len(sizes):
                break
            count = int(rng.integers(1, most, endpoint=True))
            free = {
                d: [v for v in range(sizes[d]) if all(c.get(d) != v for g in groups for c in g)]
                for d in dims
            }
            if not all(free.values()):
                break
            group = [{d: int(rng.choice(free[d])) for d in dims} for _ in range(count)]
            if len({tuple(c.items()) for c in group}) < count or not all(map(sound, group)):
                break
            groups.append(group)
            cuboids.append(dims)
        else:
            return groups


def riskloc(rng: np.random.Generator, sizes: tuple[int, ...], noise: float, *, severity: float,
            spread: float, most: int, each: int, deepest: bool) -> Case:  # fmt: skip
    """Make a case of the RiskLoc kind; the arguments are the upper or lower ends of its ranges."""
    codes = _grid(sizes)
    count = codes.shape[1]
    zeros, level = rng.uniform(0, 0.25), rng.uniform(0, noise)
    layers = [
        len(sizes) if deepest else int(rng.integers(1, len(sizes), endpoint=True))
        for _ in range(int(rng.integers(1, most, endpoint=True)))
    ]
    real = rng.weibull(rng.uniform(0.5, 1.0), count) * 100 * (rng.uniform(size=count) > zeros)
    moved = real + real * rng.normal(0, level, count)
    swap = rng.integers(0, 2, count) == 1
    real, predict = np.where(swap, moved, real), np.where(swap, real, moved)
    predict = np.maximum(predict, 0)

    def sound(cause: Cause) -> bool:
        return len(cause) < len(sizes) or real[_mask(codes, cause)][0] != 0

    groups = _apart(rng, sizes, layers, each, sound)
    more = real.sum() > predict.sum()
    for group in groups:
        here = np.logical_or.reduce([_mask(codes, cause) for cause in group])
        loss = rng.normal(
            rng.uniform(severity, 1) + level, rng.uniform(0, spread) if spread else 0, here.sum()
        )
        if more:
            predict[here] = np.maximum(real[here] * (1 - loss), 0)
        else:
            real[here] = np.maximum(predict[here] * (1 - loss), 0)
    causes = [cause for group in groups for cause in group]
    return _case(codes, causes, real=real, predict=predict)


def _sparse(rng: np.random.Generator, sizes: tuple[int, ...], share: float) -> tuple[Any, Floats]:
    """Return the codes of leaves and their sizes: some values are large, many pairs miss."""
    codes = _grid(sizes)
    size = np.zeros(codes.shape[1])
    for dim, many in enumerate(sizes):
        size += rng.normal(0, 1.2, many)[codes[dim]]
    pairs = np.zeros(codes.shape[1])
    for one, other in product(range(len(sizes)), repeat=2):
        if one < other:
            table = rng.normal(0, 0.8, (sizes[one], sizes[other]))
            pairs += table[codes[one], codes[other]]
    chosen = size * 0.5 + pairs + rng.normal(0, 0.5, size.size)
    kept = chosen > np.quantile(chosen, 1 - share)
    return codes, np.where(kept, np.exp(size + rng.normal(3, 0.5, size.size)), 0.0)


def _planted(rng: np.random.Generator, codes: Any, sizes: tuple[int, ...], size: Floats,
             layers: list[int]) -> list[Cause]:  # fmt: skip
    """Draw causes that hold some leaves each, none inside another, and none the only one there."""
    causes: list[Cause] = []
    while len(causes) < len(layers):
        dims = sorted(rng.choice(len(sizes), size=layers[len(causes)], replace=False).tolist())
        at = int(rng.choice(np.flatnonzero(size)))
        cause = {d: int(codes[d, at]) for d in dims}
        here = _mask(codes, cause) & (size > 0)
        wider = [{d: v for d, v in cause.items() if d != gone} for gone in dims if len(dims) > 1]
        full = [(_mask(codes, w) & (size > 0)).sum() for w in wider]
        nested = any(c.items() <= cause.items() or cause.items() <= c.items() for c in causes)
        if not nested and here.sum() >= 3 and all(f >= here.sum() + 3 for f in full):
            causes.append(cause)
    return causes


def squeeze(rng: np.random.Generator, noise: float, *, mixed: bool = False) -> Case:
    """Make a case of the Squeeze kind: a sum; with ``mixed`` causes of several layers."""
    sizes = (10, 33, 10, 8)
    codes, size = _sparse(rng, sizes, 0.5)
    count = int(rng.integers(1, 5 if mixed else 3, endpoint=True))
    layer = int(rng.integers(1, 3, endpoint=True))
    layers = [int(rng.integers(1, 3, endpoint=True)) if mixed else layer for _ in range(count)]
    causes = _planted(rng, codes, sizes, size, layers)
    real = size * np.maximum(1 + rng.normal(0, noise, size.size), 0)
    common = rng.uniform(0.2, 1.0)
    for cause in causes:
        here = _mask(codes, cause)
        loss = rng.uniform(0.2, 1.0) if mixed else common
        real[here] = size[here] * np.maximum(1 - loss + rng.normal(0, noise, here.sum()), 0)
    return _case(codes, causes, real=real, predict=size)


def ratio(rng: np.random.Generator, noise: float) -> Case:
    """Make a case of a ratio: successes per attempt; attempts move too, and explain nothing."""
    sizes = (10, 33, 10, 8)
    codes, size = _sparse(rng, sizes, 0.5)
    layer = int(rng.integers(1, 3, endpoint=True))
    count = int(rng.integers(1, 3, endpoint=True))
    causes = _planted(rng, codes, sizes, size, [layer] * count)
    good = rng.uniform(0.85, 0.98, size.size)
    tried = size * rng.lognormal(0, 0.3, size.size)
    loss = np.zeros(size.size)
    common = rng.uniform(0.2, 1.0)
    for cause in causes:
        loss[_mask(codes, cause)] = common
    done = tried * good * np.maximum(1 - loss + rng.normal(0, noise, size.size), 0)
    made = _case(codes, causes, real=done, predict=size * good, tried=tried, planned=size)
    columns = {"actual_base": "tried", "expected_base": "planned"}
    return Case(made.table, made.dimensions, made.truth, columns)


def late(rng: np.random.Generator, times: int) -> Case:
    """Make sales of which one in a hundred is late, those of one pair so many times as often."""
    sizes = (6, 8, 3, 12)
    codes = _grid(sizes)
    sales = rng.poisson(rng.lognormal(3, 1, codes.shape[1]))
    causes: list[Cause] = [{0: 1, 1: 2}] if times > 1 else []
    share = np.full(codes.shape[1], 0.01)
    for cause in causes:
        share[_mask(codes, cause)] *= times
    amounts = [rng.lognormal(4, 0.5, count).sum() for count in rng.binomial(sales, share)]
    expected = sales * 0.01 * np.exp(4 + 0.5**2 / 2)
    return _case(codes, causes, real=np.array(amounts), predict=expected)


FAMILIES: dict[str, Callable[[np.random.Generator], Case]] = {
    "S": lambda rng: riskloc(
        rng, (10, 12, 10, 8, 5), 0.25, severity=0.2, spread=0.1, most=3, each=3, deepest=False
    ),
    "L": lambda rng: riskloc(
        rng, (10, 24, 10, 15), 0.1, severity=0.5, spread=0.0, most=5, each=1, deepest=True
    ),
    "A": lambda rng: squeeze(rng, 0.04, mixed=True),
    "B0": lambda rng: squeeze(rng, 0.008),
    "B1": lambda rng: squeeze(rng, 0.03),
    "B2": lambda rng: squeeze(rng, 0.06),
    "B3": lambda rng: squeeze(rng, 0.09),
    "B4": lambda rng: squeeze(rng, 0.12),
    "D": lambda rng: ratio(rng, 0.04),
    "late 1": lambda rng: late(rng, 1),
    "late 4": lambda rng: late(rng, 4),
    "late 8": lambda rng: late(rng, 8),
    "late 32": lambda rng: late(rng, 32),
}


def make(family: str, number: int) -> Case:
    """Make the case of this number of a family, the same one every time."""
    return FAMILIES[family](np.random.default_rng([number, *family.encode()]))
