"""Stripe's payouts, itemised in Reports and as the Dashboard exports them.

Rules kept here (docs.stripe.com, report types; the columns of the Dashboard's exports):

- Columns are chosen by the user, so they are found by name; amounts are in major units.
- A report shows what a payout takes out of the balance as negative, an export what it pays. One
  that takes money from the bank account is negative here.
- A payout that came back is known to have at the earliest when it was to arrive, and the line that
  says so is the later word.
"""

from __future__ import annotations

import datetime as dt

from daozhang.formats._bills import SECOND
from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError
from daozhang.formats._stripe_table import StripeTable
from daozhang.formats._stripe_words import PAYOUT_REVERSALS, PROVIDER, STANDINGS, category_word
from daozhang.formats.base import Options
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import Head, TableReader, cell_at, header_set

__all__ = ["StripePayoutReader"]


class StripePayoutReader(TableReader):
    """Reads itemised payouts, and the Dashboard's payouts (formerly transfers)."""

    name = "stripe_payouts"
    title = "Stripe, payouts"
    headers = (
        header_set("payout_id", "currency", "amount", "status"),
        header_set("payout_id", "gross", "net", "effective_at"),
        header_set("payout_id", "gross", "net", "effective_at_utc"),
        header_set("payout_id", "gross", "net", "payout_status"),
        header_set("id", "Amount", "Created (UTC)", "Arrival Date (UTC)", "Status"),
        header_set("id", "Amount", "Created", "Arrival Date", "Status"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Payouts:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Payouts(head, options, out)


class _Payouts(StripeTable):
    """Rows of payouts."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        super().__init__(head, options, out)
        place, need = head.place, head.need
        self.id, self.currency = need("payout_id", "id"), place("currency")
        self.amount = need("gross", "amount")
        self.standing = place("payout_status", "status")
        self.category = place("reporting_category")
        # A line of the balance shows what it takes out of it as negative; without its category
        # it cannot be told from one that takes money from the bank account, which is rare.
        self.is_line = place("gross") is not None
        self.arrival = self.times(
            "Arrival Date (UTC)", "Arrival Date", "arrival_date", "payout_expected_arrival_date"
        )
        self.created = self.times(
            "Created (UTC)", "created_utc", "created", "effective_at_utc", "effective_at"
        ) or self.arrival  # fmt: skip
        if not self.created:
            raise RowError(
                "column_missing", "the header lacks a column 'effective_at' or 'created'"
            )
        self.returned_at = self.times("payout_reversed_at_utc", "payout_reversed_at")
        self.reasons = self.places(
            "Failure Message", "Failure Code", "failure_message", "failure_code",
            "failure_description", "payout_failure_message",
        )  # fmt: skip
        self.width = 1 + max(
            p for p in (self.id, self.amount, self.currency) if p is not None
        )  # fmt: skip

    def row(self, line: int, cells: list[str]) -> None:
        """Take one payout.

        Raises:
            RowError: the row cannot be taken.
        """
        values = self.strip(cells)
        if not values[self.id]:
            raise RowError("value_missing", "the row has no payout id")
        if not values[self.amount]:
            raise RowError("amount_missing", "the row has no amount")
        amounts = self.of(values, self.currency)
        state = cell_at(values, self.standing)
        standing = STANDINGS.get(category_word(state))
        if standing is None:
            raise RowError(
                "value_unknown",
                f"the payout's status is {state[:30]!r}; known are "
                f"{', '.join(filter(None, STANDINGS))}",
            )
        reversal = category_word(cell_at(values, self.category)) in PAYOUT_REVERSALS
        if reversal or self.first(values, [place for place, _ in self.returned_at]):
            standing = "returned"
        amount = amounts(values[self.amount])
        if self.is_line and self.category is None:
            amount = abs(amount)
        elif self.is_line and not reversal:
            amount = -amount
        at = self.at(values, self.created)
        self.out.add(
            "payouts",
            {
                "payout_id": values[self.id], "provider_id": PROVIDER, "net_minor": amount,
                "currency": amounts.currency, "paid_out_at": at, "status": standing,
                "known_at": self._known(values, at, reversal=reversal)
                if standing != "sent" else None,
                "reason": self._reason(values, state) if standing != "sent" else None,
            },
            line,
        )  # fmt: skip

    def _known(self, values: list[str], at: dt.datetime, *, reversal: bool) -> dt.datetime:
        """Return when a payout was known to have come back: later than that it was sent."""
        times = self.returned_at or self.arrival
        known = self.at(values, times) if self.when(values, times) is not None else at
        # Of the two lines of a payout that came back, the one that says so is the later word.
        return max(known, at) + SECOND * (2 if reversal else 1)

    def _reason(self, values: list[str], state: str) -> str:
        reason = self.first(values, self.reasons) or category_word(state)
        return truncate_cards(reason) if reason not in {"", "paid"} else "returned"

    def finish(self) -> None:
        """Nothing is left to do: the file states no totals."""
