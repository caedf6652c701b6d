"""The identities: sums that must agree to the minor unit on every run.

Rules kept here (the contract's journeys): each term is computed from its own table; a broken
identity stops the run and names the first rows that break it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from daozhang.engine import Engine, SqlFolder

__all__ = ["BrokenIdentityError", "Identities", "check_identities", "sums_by_currency"]

_SALE_TERMS = (
    "credited_minor", "outstanding_minor", "fee_minor", "tax_minor", "refunded_minor",
    "charged_back_minor", "reserve_minor",
)  # fmt: skip


class BrokenIdentityError(AssertionError):
    """Money was lost or made on the way: a fault of ours, never of a user's file."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Every term of the identities by currency, in minor units."""

    sales: Mapping[str, Mapping[str, int]]
    payouts: Mapping[str, Mapping[str, int]]
    credits: Mapping[str, Mapping[str, int]]

    def to_json(self) -> dict[str, Any]:
        """Return the terms as ``summary.json`` holds them."""
        return {"sales": self.sales, "payouts": self.payouts, "credits": self.credits}


def check_identities(
    engine: Engine, sql: SqlFolder, closed: Mapping[str, Mapping[str, int]] = MappingProxyType({})
) -> Identities:
    """Compute every identity and return its terms.

    Args:
        engine: holds the tables of a run.
        sql: the journey's SQL.
        closed: by currency the terms of closed sales, taken from their own tables when they were
            closed; empty in a run that starts from nothing closed.

    Raises:
        BrokenIdentityError: one does not hold; the message names the first rows that break it.
    """
    _check_each_sale(engine)
    sales = sums_by_currency(engine, "SELECT * FROM added_identity_sales")
    sold = _with_closed(sums_by_currency(engine, sql["identity_sold"]), closed)
    for currency, terms in sales.items():
        _equal("sales", currency, terms["amount_minor"], sum(terms[t] for t in _SALE_TERMS))
        for name, value in sold[currency].items():
            _equal(f"sales: {name}", currency, value, terms[name])
    if set(sold) != set(sales):
        raise BrokenIdentityError(f"sales: currencies {sorted(sold)} became {sorted(sales)}")
    _check_itemised(engine)
    payouts = sums_by_currency(engine, sql["identity_payouts"])
    credits = sums_by_currency(engine, sql["identity_credits"])
    booked = sums_by_currency(engine, sql["identity_booked"])
    for currency, terms in booked.items():
        found = credits.get(currency, {})
        parts = ("explained_minor", "not_ours_minor", "unexplained_minor")
        _equal("credits: rows", currency, terms["credits"], found.get("credits", 0))
        _equal(
            "credits", currency, terms["booked_minor"], sum(found.get(part, 0) for part in parts)
        )
    _check_arrived(engine)
    merged = {
        currency: {**booked.get(currency, {}), **terms} for currency, terms in credits.items()
    }
    return Identities(sales, payouts, merged)


def _check_each_sale(engine: Engine) -> None:
    terms = " + ".join(f"coalesce({term}, 0)" for term in _SALE_TERMS)
    broken = engine.rows(
        f"SELECT sale_id, amount_minor, {terms} AS accounted FROM outcomes_open "
        f"WHERE amount_minor <> {terms} ORDER BY sale_id LIMIT 5"
    )
    if broken:
        rows = "; ".join(f"sale {s}: amount {a}, accounted for {b}" for s, a, b in broken)
        raise BrokenIdentityError(f"sales do not add up: {rows}")
    repeated = engine.rows(
        "SELECT sale_id, count(*) FROM outcomes_open GROUP BY sale_id HAVING count(*) > 1 "
        "ORDER BY sale_id LIMIT 5"
    )
    if repeated:
        raise BrokenIdentityError(f"sales that became several journeys: {repeated}")


def _check_itemised(engine: Engine) -> None:
    """What is called the lines of a payout is what its settled lines sum to."""
    broken = engine.rows(
        "SELECT c.provider_id, c.chain_id, c.lines_minor, sum(l.net_minor) AS found "
        "FROM chains AS c JOIN lines_summed AS l ON l.provider_id = c.provider_id "
        "AND l.chain_id = c.chain_id "
        "GROUP BY c.provider_id, c.chain_id, c.lines_minor "
        "HAVING c.lines_minor <> sum(l.net_minor) ORDER BY c.provider_id, c.chain_id LIMIT 5"
    )
    if broken:
        rows = "; ".join(f"{p} {c}: lines of {a}, found {b}" for p, c, a, b in broken)
        raise BrokenIdentityError(f"payouts are not what their lines sum to: {rows}")


def _check_arrived(engine: Engine) -> None:
    """What sales (and lines without a sale) got of each payout is what arrived of it."""
    broken = engine.rows(
        "SELECT s.provider_id, s.chain_id, s.credited_minor, "
        "sum(CASE WHEN s.whole THEN l.net_minor ELSE coalesce(x.credited_minor, 0) END) AS given "
        "FROM chain_standing AS s JOIN chains AS c ON c.provider_id = s.provider_id "
        "AND c.chain_id = s.chain_id AND c.net_minor = c.lines_minor "
        "JOIN lines_summed AS l ON l.provider_id = s.provider_id AND l.chain_id = s.chain_id "
        "LEFT JOIN line_shares AS x ON x.provider_id = l.provider_id AND x.line_id = l.line_id "
        "GROUP BY s.provider_id, s.chain_id, s.credited_minor "
        "HAVING s.credited_minor <> sum(CASE WHEN s.whole THEN l.net_minor "
        "ELSE coalesce(x.credited_minor, 0) END) ORDER BY s.provider_id, s.chain_id LIMIT 5"
    )
    if broken:
        rows = "; ".join(f"{p} {c}: arrived {a}, given {g}" for p, c, a, g in broken)
        raise BrokenIdentityError(f"payouts were not given out as they arrived: {rows}")


def _with_closed(
    open_: Mapping[str, Mapping[str, int]], closed: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """Add up, by currency, the terms of open and closed sales; a currency of no sales is none."""
    found = {currency: dict(terms) for currency, terms in open_.items()}
    for currency, terms in closed.items():
        if terms["sales"]:
            mine = found.setdefault(currency, dict.fromkeys(terms, 0))
            for name, value in terms.items():
                mine[name] += value
    return found


def sums_by_currency(engine: Engine, sql: str) -> dict[str, dict[str, int]]:
    """Return the sums of a SELECT with one row a currency, by currency and name."""
    rows = engine.fetch(sql).to_pylist()
    return {
        row["currency"]: {name: int(value) for name, value in row.items() if name != "currency"}
        for row in sorted(rows, key=lambda row: row["currency"])
    }


def _equal(what: str, currency: str, one: int, other: int) -> None:
    if one != other:
        raise BrokenIdentityError(f"{what} in {currency}: {one} is not {other}")
