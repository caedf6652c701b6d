"""Who may do what, and whose rows they see: one table, one function, for every face.

Rules kept here: providers and banks see nothing until rows are granted to them; everyone else sees
all rows unless grants narrow them, as a store manager's do. Several grants of one kind widen each
other, grants of different kinds narrow each other.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from daozhang.app.scope import Scope
from daozhang.server.models import Grant, Person
from daozhang.server.models.people import Role
from daozhang.server.readings import accounts_of_banks

__all__ = ["ACTIONS", "PAGES", "ROLES", "may", "scope_of"]

_LOOK: Final = frozenset({"overview", "late", "track", "calendar", "files", "settings"})
_PARTNER: Final = _LOOK | {"files.send", "incidents.note"}
_MERCHANT: Final = _PARTNER | {"upgrades", "providers"}
ROLES: Final[dict[str, frozenset[str]]] = {
    Role.OPERATIONS: _MERCHANT,
    Role.FINANCE: _MERCHANT | {"terms"},
    Role.PROVIDER: _MERCHANT,
    Role.BANK: _PARTNER,
    Role.ADMINISTRATOR: _MERCHANT | {"terms", "people", "sources", "audit"},
    Role.AUDITOR: _LOOK | {"upgrades", "providers", "terms", "audit"},
}
"""Role → what it may do. A page and an API call name the right that they need."""

PAGES: Final = (
    "overview", "late", "track", "calendar", "upgrades", "providers", "terms", "files", "settings",
    "audit",
)  # fmt: skip
"""The pages in the order of the menu; each is a right of the same name."""

ACTIONS: Final = tuple(
    sorted({right for rights in ROLES.values() for right in rights} - set(PAGES))
)
"""Rights that are not pages."""

_GRANTED_ONLY: Final = frozenset({Role.PROVIDER, Role.BANK})


def may(person: Person, right: str) -> bool:
    """Return whether somebody's role has a right."""
    return bool(person.is_active) and right in ROLES.get(person.role, frozenset())


def scope_of(person: Person) -> Scope:
    """Return whose rows somebody may see."""
    granted: dict[str, set[str]] = defaultdict(set)
    for grant in person.grants.all():
        granted[grant.kind].add(grant.value)
    if not granted and person.role in _GRANTED_ONLY:
        return Scope(accounts=frozenset())
    accounts = _some(granted, Grant.Kind.ACCOUNT)
    if Grant.Kind.BANK in granted:
        kept = accounts_of_banks(frozenset(granted[Grant.Kind.BANK]))
        accounts = kept if accounts is None else accounts & kept
    return Scope(
        merchants=_some(granted, Grant.Kind.MERCHANT),
        stores=_some(granted, Grant.Kind.STORE),
        providers=_some(granted, Grant.Kind.PROVIDER),
        accounts=accounts,
    )


def _some(granted: dict[str, set[str]], kind: str) -> frozenset[str] | None:
    return frozenset(granted[kind]) if kind in granted else None
