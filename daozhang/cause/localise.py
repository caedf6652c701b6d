"""Where totals left their expectation: the fewest combinations of attributes that say why.

Rules kept here:

- A leaf is compared with its own expectation only. Which leaves are off together decides, not how
  large they are, so a small store is found beside a large one.
- What scatter is normal is learnt from the leaves themselves, so nothing has to be set.
- The answer is told in as few words as possible: an element is named when naming it saves more
  than it costs. Chance makes the leaves of some element agree in any table; it rarely pays.
- There is no chance in the search, and the order of rows and columns leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daozhang.cause._leaves import read_leaves
from daozhang.cause._search import find

__all__ = ["localise"]


def localise(
    frame: Any,
    dimensions: Sequence[str],
    actual: str = "real",
    expected: str = "predict",
    *,
    actual_base: str | None = None,
    expected_base: str | None = None,
) -> list[dict[str, Any]]:
    """Return the fewest combinations of attributes that say why totals left their expectation.

    A sum is given by two columns. A ratio, such as the share of sales that arrived late, is given
    by its two numerators and, as bases, its two denominators; both are summed where rows share a
    combination. A ratio without its denominators can be given like a sum if each combination
    occurs once.

    Where nothing was expected and something came, the leaf is off as far as can be, however much
    came; so it is where something was expected and nothing came. Where neither was, the leaf says
    nothing. If most leaves are of the first two kinds, as with late money, a single one proves
    little; then sums are compared as well, and lumps as large as usual are allowed for.

    Args:
        frame: a table that exports Arrow: of PyArrow, pandas, Polars or DuckDB. A row is a leaf,
            that is one combination of the dimensions; rows of the same combination are added up.
        dimensions: the columns of attributes. A null is a value like any other.
        actual: the column of what came. Negative amounts, such as refunds, are allowed.
        expected: the column of what was expected.
        actual_base: the column of what the actual amount is a share of. Leaves where it is 0 say
            nothing.
        expected_base: the same of the expected amount.

    Returns:
        Independent causes, those that moved the total most first. Each says the value of the
        dimensions that matter. Empty if nothing left its expectation; ``{}``, which is everything,
        if nearly all leaves left it by the same share.

    Raises:
        TypeError: the frame exports no Arrow, or a measure is no number.
        ValueError: a column is missing or named twice, a measure is null or not finite, or only
            one base is given.
    """
    if (actual_base is None) != (expected_base is None):
        raise ValueError("a ratio has two bases: give actual_base and expected_base, or neither")
    leaves = read_leaves(frame, dimensions, (actual, actual_base), (expected, expected_base))
    order = {name: place for place, name in enumerate(dimensions)}
    return [
        {
            leaves.names[dim]: leaves.values[dim][code]
            for dim, code in sorted(element, key=lambda pair: order[leaves.names[pair[0]]])
        }
        for element in find(leaves)
    ]
