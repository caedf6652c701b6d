"""Who paid, as a bank writes it: a provider recognised by the names that its terms allow.

Rules kept here (the contract's terms and matching): a credit whose counterparty is one of a
provider's ``legal_name`` or ``payer_names`` can bring that provider's money only; one whose
counterparty is none of them cannot bring the money of a provider whose names are known, unless
it is the amount of one payout to the unit that nobody else has paid (:mod:`.inferred`). Widths,
case, spaces, punctuation and the form of the company do not matter; banks cut long names, so one
name may be the beginning of the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from daozhang.journey.terms import TermsBook

__all__ = ["Payers", "plain_name"]

CUT_NAME = 4
"""The least length of a name that may stand for a longer one it begins or is part of."""

_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|分公司|公司|"
    r"\b(co|company|corp|corporation|inc|incorporated|llc|llp|ltd|limited|plc|gmbh|ag|sa|sarl|bv|"
    r"nv|pty|pte|oy|ab|as|spa|srl|kg)\b\.?)"
)


def plain_name(name: str) -> str:
    """Return a name without width, case, spaces, punctuation and the form of the company."""
    text = unicodedata.normalize("NFKC", name).casefold()
    bare = _FORMS.sub(" ", re.sub(r"[.,]", " ", text))
    plain = "".join(letter for letter in bare if letter.isalnum())
    return plain or "".join(letter for letter in text if letter.isalnum())


class Payers:
    """Who may pay us, by provider."""

    def __init__(self, names: Mapping[str, frozenset[str]]) -> None:
        """Take plain names by provider; a provider without any may be paid by anybody."""
        self._names = {provider: known for provider, known in names.items() if known}
        # A few payers bring nearly all credits, and each credit is asked about many times.
        self._seen: dict[str, tuple[str, frozenset[str]]] = {}

    @classmethod
    def of(cls, book: TermsBook) -> Payers:
        """Collect the names of all terms."""
        names: dict[str, set[str]] = {}
        for term in book.terms:
            given = (*term.payer_names, *([term.legal_name] if term.legal_name else ()))
            names.setdefault(term.provider_id, set()).update(filter(None, map(plain_name, given)))
        return cls({provider: frozenset(known) for provider, known in names.items()})

    def recognised(self, payer: str) -> frozenset[str]:
        """Return the providers that a counterparty is a name of."""
        return self._known(payer)[1]

    def may_pay(self, payer: str, provider_id: str) -> bool:
        """Return whether a counterparty (empty: not said) may bring a provider's money."""
        plain, known = self._known(payer)
        if not plain:
            return True
        return provider_id in known if known else provider_id not in self._names

    def stranger(self, payer: str) -> bool:
        """Return whether names are known and a counterparty is none of them."""
        plain, known = self._known(payer)
        return bool(self._names) and bool(plain) and not known

    def _known(self, payer: str) -> tuple[str, frozenset[str]]:
        """Return a counterparty's plain name, and the providers that it is a name of."""
        found = self._seen.get(payer)
        if found is None:
            plain = plain_name(payer)
            providers = (
                provider
                for provider, known in self._names.items()
                if plain and any(_same(plain, name) for name in known)
            )
            found = self._seen[payer] = plain, frozenset(providers)
        return found


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= CUT_NAME and short in long)
