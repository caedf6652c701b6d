"""The terms and calendars of the store, read again only when one of their files has changed.

Rules kept here: somebody sees the terms of providers, merchants and accounts that they may see; a
term that names none of them holds for all sales of its provider and is shown with it.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from daozhang.app.scope import Scope
from daozhang.app.settings import load_settings
from daozhang.journey.terms import Term, TermsBook
from daozhang.server.config import config
from daozhang.store.parts import Store, is_store

__all__ = ["agreed", "calendars_of", "terms_for"]


def agreed() -> TermsBook | None:
    """Return the terms in the store; None: there are none that can be used."""
    if not is_store(config().store):
        return None
    paths = Store.open(config().store).settings()
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> TermsBook | None:
    return load_settings(path for path, _ in files).book


def terms_for(
    book: TermsBook, scope: Scope, providers: frozenset[str], on: date | None = None
) -> tuple[Term, ...]:
    """Return the terms that somebody may see, in the order of the file.

    Args:
        book: all terms.
        scope: whose rows they may see.
        providers: providers that rows of theirs name.
        on: only terms that hold on this business date; None: whenever.
    """
    return tuple(
        term
        for term in book.terms
        if (scope.whole or term.provider_id in providers)
        and (term.merchant_id is None or _has(scope.merchants, term.merchant_id))
        and (term.account_id is None or _has(scope.accounts, term.account_id))
        and (on is None or term.valid_on(on))
    )


def _has(ids: frozenset[str] | None, value: str) -> bool:
    return ids is None or value in ids


def calendars_of(terms: tuple[Term, ...]) -> tuple[str, ...]:
    """Return the names of the calendars by which terms count days or banks are closed."""
    names = {term.calendar for term in terms if term.basis == "business"}
    names |= {term.credit_calendar for term in terms if term.credit_calendar}
    return tuple(sorted(names - {"ALL_DAYS", "NONE"}))
