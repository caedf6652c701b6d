"""What makes terms contradict themselves or each other, beyond a single wrong value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from daozhang.journey._local_time import clock_text
from daozhang.journey._term import Term
from daozhang.journey._toml_table import Located, TomlTable

__all__ = ["check_book", "check_term"]


def check_term(term: Term, table: TomlTable) -> None:
    """Report what is wrong or odd within one term that was read whole."""
    if term.valid_from and term.valid_to and term.valid_to < term.valid_from:
        table.problem(
            "valid_to",
            "validity_reversed",
            f"'valid_to' {term.valid_to} lies before 'valid_from' {term.valid_from}",
        )
    if term.cutoff == 0:
        table.problem(
            "cutoff",
            "cutoff_at_zero",
            "'cutoff' \"00:00\" puts every sale on the next date; if the midnight that ends the "
            'day is meant, write "24:00"',
            warning=True,
        )
    _check_windows(term, table)
    _check_due(term, table)
    if term.clear_by is not None and term.pay_by is not None and term.clear_by > term.pay_by:
        table.problem(
            "clear_by",
            "legs_out_of_order",
            f"'clear_by' {clock_text(term.clear_by)} is after 'pay_by' {clock_text(term.pay_by)}, "
            "but money is cleared before it is paid out",
            warning=True,
        )


def _check_windows(term: Term, table: TomlTable) -> None:
    for before, after in pairwise(term.windows):
        if after.until <= before.until:
            table.problem(
                "windows",
                "windows_out_of_order",
                f"a window until {clock_text(after.until)} stands after one until "
                f"{clock_text(before.until)}; the first that a sale meets counts, so write them "
                "in order of time",
            )
        elif before.until >= term.cutoff:
            table.problem(
                "windows",
                "window_never_met",
                f"no sale meets the window until {clock_text(after.until)}: the one before it "
                f"lasts past the cut-off {clock_text(term.cutoff)}",
            )
    if term.windows and term.windows[-1].until > term.cutoff:
        table.problem(
            "windows",
            "window_after_cutoff",
            f"the window until {clock_text(term.windows[-1].until)} ends at the cut-off "
            f"{clock_text(term.cutoff)}: later sales belong to the next date",
            warning=True,
        )
    if term.daily_limit_minor is not None and not term.windows:
        table.problem(
            "daily_limit_minor",
            "limit_without_windows",
            "'daily_limit_minor' does nothing without 'windows': there is no faster promise to "
            "fall back from",
            warning=True,
        )


def _check_due(term: Term, table: TomlTable) -> None:
    """Money cannot be due before its sale is made; zones must agree for that to be judged."""
    if term.credit_timezone != term.timezone:
        return
    promises = [(w.until, w.lag_days, w.credit_by, "windows") for w in term.windows]
    covered = bool(term.windows) and term.windows[-1].until >= term.cutoff
    if not covered or term.daily_limit_minor is not None:
        promises.append((term.cutoff, term.lag_days, term.credit_by, "credit_by"))
    for until, lag_days, credit_by, key in promises:
        if lag_days == 0 and credit_by < min(until, term.cutoff):
            table.problem(
                key,
                "due_before_sale",
                f"sales until {clock_text(until)} are due by {clock_text(credit_by)} of the same "
                "date, before some of them are made; is lag_days meant to be 1?",
                warning=True,
            )


def check_book(terms: Sequence[Term], found: Located) -> None:
    """Report terms of the same scope that begin to hold on the same date.

    Of two terms that govern the same sale the more specific wins, then the later one; of two
    with the same scope and the same ``valid_from`` neither does, and both hold on that date.
    """
    seen: dict[object, Term] = {}
    for term in terms:
        first = seen.setdefault((term.scope, term.valid_from), term)
        if first is term:
            continue
        line = found.line_of("terms", term.index, None)
        since = term.valid_from or "always"
        if replace(term, index=first.index) == first:
            message = f"terms[{term.index}] repeats terms[{first.index}]; delete one of them"
            found.add(line, "repeated_terms", message, "warning")
        else:
            scope = ", ".join(part for part in term.scope if part is not None)
            found.add(
                line,
                "contradictory_terms",
                f"terms[{term.index}] and terms[{first.index}] both speak of {scope} from the "
                f"same date ({since}) and differ; give one a later valid_from or a narrower scope",
            )
