"""Whose rows an answer may show: the one place where row rights become conditions.

A scope names merchants, stores, providers and accounts; a row is shown if it lies within every
list that is given. A list that is not given restricts nothing, an empty one lets nothing through,
and a table that lacks the column of a given list shows none of its rows: what cannot be told to
belong to the viewer is not shown (fail closed).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from daozhang.app.seek import quoted

__all__ = ["EVERYTHING", "Scope"]

_COLUMNS: Final = {
    "merchants": "merchant_id",
    "stores": "store_id",
    "providers": "provider_id",
    "accounts": "account_id",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that somebody may see.

    Attributes:
        merchants: merchant ids; None: any.
        stores: store ids; None: any.
        providers: provider ids; None: any.
        accounts: account ids; None: any. A bank's scope is the accounts that it keeps.
    """

    merchants: frozenset[str] | None = None
    stores: frozenset[str] | None = None
    providers: frozenset[str] | None = None
    accounts: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """Nothing is restricted."""
        return all(getattr(self, name) is None for name in _COLUMNS)

    @property
    def key(self) -> str:
        """A short name of the scope, the same for the same rows: ``all`` or a digest."""
        if self.whole:
            return "all"
        text = json.dumps(
            {
                name: None if (ids := getattr(self, name)) is None else sorted(ids)
                for name in _COLUMNS
            }
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def condition(self, columns: Collection[str], prefix: str = "") -> str:
        """Return the SQL condition that keeps the rows of a table which may be shown.

        Args:
            columns: the table's columns.
            prefix: what stands before a column's name, such as ``o.``.
        """
        parts = []
        for name, column in _COLUMNS.items():
            ids = getattr(self, name)
            if ids is None:
                continue
            if column not in columns or not ids:
                return "1 = 0"
            parts.append(f"{prefix}{column} IN ({', '.join(map(quoted, sorted(ids)))})")
        return " AND ".join(parts) or "1 = 1"


EVERYTHING: Final = Scope()
"""No restriction."""
