"""Money that a bank booked and sent back: it arrived for nobody.

Rules kept here: what was booked for a payout before that payout came back went back with it. Such
a credit names the payout, or the account shows what took it away: a debit of the same amount that
comes after it and names the payout, or that follows the one credit it can be. Both are explained by
the payout that came back, and neither is looked at for any other. A credit that names a payout
which was sent again counts for the re-send from the moment that was sent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from daozhang.journey.by_id import names_of
from daozhang.journey.sides import SEARCH_DAYS, Credit

__all__ = ["Returned", "send_back"]


@dataclass(frozen=True, slots=True)
class Returned:
    """A payout that came back, or in whose place another was sent.

    Attributes:
        provider_id: who sent it.
        payout_id: its own id, not that of its chain.
        account_id: to which account; None: not told.
        currency: ISO 4217 code.
        net_minor: what it brought, in minor units.
        day: the local day on which it was sent; None: not told.
        again_at: when another was sent in its place; None: none was.
        again_day: the local day of that moment.
    """

    provider_id: str
    payout_id: str
    account_id: str | None
    currency: str
    net_minor: int
    day: date | None
    again_at: datetime | None
    again_day: date | None


_SAYS_SO: Final = re.compile("退|return|reject|revers|refus", re.IGNORECASE)
"""How a bank's text says that money goes back. A shop's own transfers may be of any amount."""


def send_back(
    returned: Iterable[Returned], credits: Sequence[Credit], names: Iterable[str]
) -> None:
    """Note on credits, and on the debits that took them away, which payout they went back with.

    Args:
        returned: payouts that came back.
        credits: all that is booked, oldest first.
        names: every id by which a text may name a payout.
    """
    payouts = sorted(returned, key=lambda r: (r.day or date.max, r.provider_id, r.payout_id))
    if not payouts:
        return
    wanted = {(payout.currency, payout.net_minor) for payout in payouts}
    booked: dict[tuple[str, int], list[Credit]] = defaultdict(list)
    for credit in credits:
        if (credit.currency, abs(credit.amount_minor)) in wanted:
            booked[credit.currency, credit.amount_minor].append(credit)
    near = [credit for group in booked.values() for credit in group]
    told = names_of(near, {*names, *(payout.payout_id for payout in payouts)})
    for payout in payouts:
        if payout.net_minor > 0:
            came = booked[payout.currency, payout.net_minor]
            left = booked[payout.currency, -payout.net_minor]
            _pair(payout, came, left, told)


def _pair(
    payout: Returned,
    came: Sequence[Credit],
    left: Sequence[Credit],
    told: Mapping[int, frozenset[str]],
) -> None:
    own, sent_again = payout.payout_id.upper(), payout.again_at is not None
    came = [credit for credit in came if _may_be(payout, credit) and not credit.went_back]
    left = [debit for debit in left if _on_account(payout, debit) and not debit.went_back]
    named = [credit for credit in came if own in told[id(credit)]]
    nameless = [credit for credit in came if not told[id(credit)]]
    for credit in named or nameless:
        after = [debit for debit in left if _follows(debit, credit)]
        back = [debit for debit in after if own in told[id(debit)]]
        back = back or [
            d for d in after if not told[id(d)] and (sent_again or _SAYS_SO.search(d.text))
        ]
        # Named and without a debit it may still be on its way, unless another was sent instead.
        if back or (named and sent_again):
            for one in (credit, *back[:1]):
                one.went_back = payout.payout_id
            return


def _on_account(payout: Returned, credit: Credit) -> bool:
    return payout.account_id in (None, credit.account_id)


def _may_be(payout: Returned, credit: Credit) -> bool:
    """Return whether a credit may be what a payout brought before it came back."""
    if payout.again_at is None or payout.again_day is None:
        before = True
    elif credit.booked_day:  # At which time of its day is not known.
        before = credit.day < payout.again_day
    else:
        before = credit.booked_at < payout.again_at
    since = payout.day is None or credit.day >= payout.day
    return before and since and _on_account(payout, credit)


def _follows(debit: Credit, credit: Credit) -> bool:
    """Return whether a debit may take a credit away."""
    if debit.account_id != credit.account_id:
        return False
    if not (debit.booked_day or credit.booked_day) and debit.booked_at < credit.booked_at:
        return False
    return 0 <= (debit.day - credit.day).days <= SEARCH_DAYS
