"""Use the closed books of a store, and close them after a run.

Only ``check`` of the newest moment uses them: an answer as of a past one starts from the parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from daozhang.engine import DuckEngine
from daozhang.facts import Problem
from daozhang.journey.closed import Closed, lay_closed
from daozhang.journey.closing import close
from daozhang.journey.known import count_facts, latest_known_at
from daozhang.journey.pipeline import SQL, Outcome, account_zones
from daozhang.journey.terms import TermsBook
from daozhang.store.books import Books, Shelf
from daozhang.store.parts import Store

__all__ = ["Resumed", "close_books", "mark_of", "resume"]


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run over a store: what it starts from and what may be closed after it.

    Attributes:
        shelf: where the store's books lie.
        fingerprint: of the terms and the program.
        files: ids of all files that take part.
        as_of: T; None: the pipeline finds it.
        closed: what earlier runs closed, laid out; None: the run starts from the parts.
        problems: contradictions that earlier runs found.
    """

    shelf: Shelf
    fingerprint: str
    files: frozenset[str]
    as_of: datetime | None
    closed: Closed | None
    problems: tuple[Problem, ...]


def resume(
    duck: DuckEngine,
    store: Store,
    book: TermsBook,
    held: Callable[[Books, frozenset[str]], bool] | None = None,
) -> Resumed:
    """Lay out the facts of a store: what is open and new, beside what is closed.

    Args:
        duck: where to lay them.
        store: the store.
        book: its terms.
        held: whether books may be used in a store of these files; None: any that fit.

    Raises:
        StoreDamagedError: a receipt cannot be read or a part is missing.
    """
    shelf = Shelf(store.path)
    fingerprint = _fingerprint(store)
    files = frozenset(receipt.id for receipt in store.receipts())
    books = shelf.load(fingerprint)
    con = duck.connection
    # Somebody may be ingesting: what came after the list of files was read waits for the next run.
    store.register(con, wanted=files.__contains__)
    from_parts = Resumed(shelf, fingerprint, files, None, None, ())
    if books is None or not books.files <= files or _unfit(duck):
        return from_parts
    if held is not None and not held(books, files):
        return from_parts
    old = books.files
    store.register(con, "all_", files.__contains__)
    store.register(con, "new_", lambda file: file in files and file not in old)
    store.register(con, "old_", lambda file: file in old)
    closed = lay_closed(duck, books, shelf)
    if closed is None:
        shelf.forget()
        return from_parts
    newest = latest_known_at(duck, account_zones(duck, book), count_facts(duck, "new_"), "new_")
    moment = max(books.as_of, newest) if newest else books.as_of
    problems = tuple(
        Problem(p["file"], p["line"], p["code"], p["message"], p["severity"])
        for p in books.problems
    )
    return Resumed(shelf, fingerprint, files, moment, closed, problems)


def _unfit(duck: DuckEngine) -> bool:
    """Return whether nothing can be closed.

    Where till and provider both record sales, all the till's decide which of the provider's
    stand (:mod:`daozhang.journey.recorded`). Where an account is told of in two ways, which of
    them stands is decided anew with each file.
    """
    two_records = False
    if "recorded_by" in duck.columns("raw_sales"):
        ((kinds,),) = duck.rows(
            "SELECT count(DISTINCT coalesce(recorded_by, 'till') = 'provider') AS n FROM raw_sales"
        )
        two_records = kinds == 2  # noqa: PLR2004 - the till's and the provider's
    return two_records or bool(
        duck.rows(
            "SELECT account_id FROM raw_accounts GROUP BY account_id HAVING count(DISTINCT "
            "coalesce(bank_id, '')) > 1 LIMIT 1"
        )
    )


def _fingerprint(store: Store) -> str:
    """Return what makes books useless when it changes: terms, calendars and the program."""
    digest = hashlib.sha256()
    for text in (version("daozhang"), version("holidays")):
        digest.update(text.encode() + b"\0")
    for path in store.settings():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def mark_of(store: Store) -> str:
    """Return what tells one state of a store from another: its files, terms and the program."""
    digest = hashlib.sha256(_fingerprint(store).encode())
    for receipt in sorted(store.receipts(), key=lambda receipt: receipt.id):
        digest.update(receipt.id.encode() + b"\0")
    return digest.hexdigest()


def close_books(
    duck: DuckEngine, resumed: Resumed, book: TermsBook, outcome: Outcome
) -> Books | None:
    """Write down what a run settled for good; None where that cannot or need not be done.

    What cannot be written is no error: the answer is there, and the next run costs more.
    """
    before = resumed.closed
    if before and before.books.files == resumed.files and not before.reopened:
        return before.books
    if _unfit(duck):
        return None
    with resumed.shelf.writing() as mine:
        if not mine or resumed.shelf.load(resumed.fingerprint) != (
            before.books if before else None
        ):
            return None
        try:
            return close(
                duck,
                book,
                SQL,
                resumed.shelf,
                before=before,
                fingerprint=resumed.fingerprint,
                as_of=outcome.as_of,
                files=resumed.files,
                problems=_together(resumed.problems, outcome.problems),
            )
        except OSError:
            return None


def _together(one: Sequence[Problem], other: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys((*one, *other)))
