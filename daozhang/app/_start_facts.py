"""What the files of a newcomer say: who is in them, and which sale's money came when.

Rules kept here: of several versions of a row the one learned last counts and withdrawn rows do
not; a sale is tied to a payout only by a reference that no other sale of the provider bears; a
payout is tied to a bank line by its id in the line's text, else by an amount that fits one
payout and one line only. Returned payouts and their re-sends say nothing about the agreed time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from daozhang.engine import DuckEngine
from daozhang.facts import TABLES

__all__ = ["AccountSeen", "Facts", "FeeLine", "Linked", "ProviderSeen", "Sum", "see"]

SAMPLE_MAX: Final = 60_000
"""Most sales (and settlement lines) that are looked at one by one."""

_USED: Final = ("sales", "settlements", "payouts", "credits", "accounts", "terminals")


@dataclass(frozen=True, slots=True)
class ProviderSeen:
    """A provider as the files show it; ``sales`` counts sales, or lines where there are none."""

    provider_id: str
    channels: tuple[str, ...]
    merchants: tuple[str, ...]
    currency: str | None
    sales: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """An account that a statement or a payout names."""

    account_id: str
    bank_id: str | None
    currency: str | None
    credits: int
    in_minor: int
    first: datetime | None
    last: datetime | None
    payers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """A sale with the moment at which its money came; times are minutes since 1970 in UTC.

    ``day_only`` says that the sale's, ``paid_day_only`` that the payment's time is a bare date,
    whose minutes are those of its midnight in UTC.
    """

    provider_id: str
    channel: str
    merchant_id: str
    store_id: str | None
    currency: str
    captured: int
    seen: int
    submitted: int
    day_only: bool
    payout_id: str
    paid: int
    paid_day_only: bool
    account_id: str | None
    from_bank: bool


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A settled sale line: its amounts in minor units, and what it belongs to."""

    provider_id: str
    channel: str | None
    merchant_id: str | None
    gross: int
    fee: int
    tax: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Money of a merchant with a provider in one minute of the clock (sales less refunds)."""

    provider_id: str
    merchant_id: str
    currency: str
    minute: int
    day_only: bool
    minor: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is inferred from.

    Attributes:
        counts: rows by table.
        providers: by id.
        merchants: ids that sales (or else lines, payouts) name, in order.
        accounts: those on statements and in payouts, by id.
        told_accounts: rows of the table ``accounts`` that the files already hold.
        currencies: rows by currency, most first.
        linked: sales whose money was followed, at most :data:`SAMPLE_MAX`.
        fee_lines: settled sale lines, at most :data:`SAMPLE_MAX`.
        sums: filled only where no sale could be followed.
        arrived: booked incoming bank lines (account, currency, minute, bare date, minor), filled
            only where no sale could be followed.
        hours: sales by hour of the UTC day.
    """

    counts: dict[str, int]
    providers: tuple[ProviderSeen, ...]
    merchants: tuple[str, ...]
    accounts: tuple[AccountSeen, ...]
    told_accounts: tuple[dict[str, Any], ...]
    currencies: tuple[tuple[str, int], ...]
    linked: tuple[Linked, ...]
    fee_lines: tuple[FeeLine, ...]
    sums: tuple[Sum, ...] = ()
    arrived: tuple[tuple[str, str, int, bool, int], ...] = ()
    hours: dict[int, int] = field(default_factory=dict)


def see(engine: DuckEngine) -> Facts:
    """Read what a folder's facts say; ``raw_*`` relations are there (see ``take_folder``)."""
    counts = {name: _count(engine, f"raw_{name}") for name in TABLES}
    for name in _USED:
        _newest(engine, name, counts[name])
    _link(engine)
    linked = tuple(Linked(*row) for row in engine.rows(_LINKED))  # type: ignore[arg-type]
    alone = not linked
    return Facts(
        counts={name: count for name, count in counts.items() if count},
        providers=_providers(engine),
        merchants=_texts(engine, _MERCHANTS),
        accounts=_accounts(engine),
        told_accounts=tuple(engine.fetch("SELECT * FROM start_accounts ORDER BY 1").to_pylist()),
        currencies=tuple((str(c), _int(n)) for c, n in engine.rows(_CURRENCIES)),
        linked=linked,
        fee_lines=tuple(FeeLine(*row) for row in engine.rows(_FEE_LINES)),  # type: ignore[arg-type]
        sums=tuple(Sum(*row) for row in engine.rows(_SUMS)) if alone else (),  # type: ignore[arg-type]
        arrived=tuple(engine.rows(_ARRIVED)) if alone else (),  # type: ignore[arg-type]
        hours={_int(h): _int(n) for h, n in engine.rows(_HOURS)},
    )


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _count(engine: DuckEngine, relation: str) -> int:
    return _int(engine.rows(f"SELECT count(*) FROM {relation}")[0][0])


def _texts(engine: DuckEngine, sql: str) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in engine.rows(sql))


def _newest(engine: DuckEngine, name: str, count: int) -> None:
    """Make ``start_<table>``: one row a key, withdrawn rows gone."""
    table = TABLES[name]
    key = ", ".join(table.key)
    if table.event is None:
        # Two rows of one account with different valid_from are two facts to us here.
        engine.view(f"start_{name}", f"SELECT DISTINCT * EXCLUDE (_days, _file) FROM raw_{name}")
        return
    # Whole keys are sampled, so that a correction is never parted from what it corrects. Sums
    # need every sale, and are needed only where there are no settlement lines.
    step = max(1, count // SAMPLE_MAX) if name == "settlements" else 1
    sampled = f"WHERE hash({table.key[-1]}) % {step} = 0" if step > 1 else ""
    engine.run(
        f"start_{name}",
        f"SELECT * FROM (SELECT * FROM raw_{name} {sampled} QUALIFY row_number() OVER "
        f"(PARTITION BY {key} ORDER BY coalesce(known_at, {table.event}) DESC) = 1) "
        "WHERE coalesce(removed, 0) = 0",
    )


def _minutes(column: str) -> str:
    return f"CAST(floor(epoch({column}) / 60) AS BIGINT)"


def _link(engine: DuckEngine) -> None:
    """Make ``start_paid``: for each sent payout when its money came, and where."""
    engine.run(
        "start_refs",
        "WITH sold AS (SELECT sale_id, provider_id, rrn FROM start_sales "
        "WHERE kind IN ('sale', 'completion')) "
        "SELECT provider_id, sale_id AS ref, sale_id FROM sold UNION ALL "
        "SELECT provider_id, rrn, min(sale_id) FROM sold WHERE rrn IS NOT NULL "
        "AND rrn NOT IN (SELECT sale_id FROM sold) GROUP BY ALL HAVING count(*) = 1",
    )
    engine.run(
        "start_sent",
        "SELECT provider_id, payout_id, account_id, net_minor, currency, paid_out_at, "
        "coalesce(_days, 0) % 2 = 1 AS day_only FROM start_payouts WHERE status = 'sent' "
        "AND replaces_payout_id IS NULL AND net_minor > 0",
    )
    engine.run(
        "start_booked",
        "SELECT account_id, credit_id, amount_minor, currency, booked_at, "
        "coalesce(_days, 0) % 2 = 1 AS day_only, ref FROM start_credits "
        "WHERE coalesce(status, 'booked') = 'booked' AND amount_minor > 0",
    )
    engine.run("start_by_id", _BY_ID)
    engine.run("start_by_amount", _BY_AMOUNT)
    engine.run(
        "start_paid",
        "SELECT s.provider_id, s.payout_id, coalesce(c.account_id, s.account_id) AS account_id, "
        "s.paid_out_at, s.day_only, c.booked_at, c.day_only AS bank_day_only FROM start_sent AS s "
        "LEFT JOIN (SELECT * FROM start_by_id UNION ALL SELECT * FROM start_by_amount) AS c "
        "USING (provider_id, payout_id)",
    )


_NEAR: Final = (
    "c.currency = s.currency AND c.booked_at BETWEEN s.paid_out_at - INTERVAL 2 DAY "
    "AND s.paid_out_at + INTERVAL 30 DAY"
)
_BY_ID: Final = f"""
WITH words AS (
  SELECT *, unnest(list_distinct(list_concat(
    regexp_extract_all(ref, '[0-9A-Za-z_-]+'), regexp_extract_all(ref, '[0-9A-Za-z]+')))) AS word
  FROM start_booked WHERE ref IS NOT NULL)
SELECT s.provider_id, s.payout_id, arg_min(c.account_id, c.booked_at) AS account_id,
  min(c.booked_at) AS booked_at, arg_min(c.day_only, c.booked_at) AS day_only
FROM start_sent AS s JOIN words AS c ON c.word = s.payout_id AND {_NEAR}
WHERE length(s.payout_id) > 1 GROUP BY ALL"""
_BY_AMOUNT: Final = f"""
WITH fits AS (
  SELECT s.provider_id, s.payout_id, c.account_id, c.booked_at, c.day_only,
    count(*) OVER (PARTITION BY s.provider_id, s.payout_id) AS of_payout,
    count(*) OVER (PARTITION BY c.account_id, c.credit_id) AS of_credit
  FROM start_sent AS s JOIN start_booked AS c ON c.amount_minor = s.net_minor AND {_NEAR}
    AND coalesce(s.account_id, c.account_id) = c.account_id
  ANTI JOIN start_by_id AS known
    ON known.provider_id = s.provider_id AND known.payout_id = s.payout_id)
SELECT provider_id, payout_id, account_id, booked_at, day_only FROM fits
WHERE of_payout = 1 AND of_credit = 1"""

# The bank's dates count where most payouts were found on a statement; else the payouts' own do.
_LINKED: Final = f"""
WITH bank AS (
  SELECT provider_id, 2 * count(booked_at) >= count(*) AS known FROM start_paid GROUP BY ALL),
lines AS (
  SELECT r.sale_id, l.provider_id, arg_min(l.payout_id, l.cleared_at) AS payout_id
  FROM start_settlements AS l JOIN start_refs AS r USING (provider_id, ref)
  WHERE l.status = 'settled' AND coalesce(l.kind, 'sale') = 'sale' AND l.payout_id IS NOT NULL
  GROUP BY ALL)
SELECT s.provider_id, s.channel, s.merchant_id, s.store_id, s.currency,
  {_minutes("s.captured_at")}, {_minutes("coalesce(s.host_at, s.captured_at)")},
  {_minutes("coalesce(s.submitted_at, s.host_at, s.captured_at)")},
  coalesce(s._days, 0) % 2 = 1, p.payout_id,
  {_minutes("CASE WHEN bank.known THEN p.booked_at ELSE p.paid_out_at END")},
  CASE WHEN bank.known THEN p.bank_day_only ELSE p.day_only END,
  p.account_id, bank.known
FROM start_sales AS s JOIN lines USING (sale_id) JOIN start_paid AS p
  ON p.provider_id = lines.provider_id AND p.payout_id = lines.payout_id
JOIN bank ON bank.provider_id = p.provider_id
WHERE NOT bank.known OR p.booked_at IS NOT NULL
ORDER BY hash(s.sale_id), s.sale_id LIMIT {SAMPLE_MAX}"""
_FEE_LINES: Final = f"""
SELECT l.provider_id, s.channel, coalesce(l.merchant_id, s.merchant_id), l.gross_minor,
  l.fee_minor, coalesce(l.tax_minor, 0)
FROM start_settlements AS l LEFT JOIN start_refs AS r USING (provider_id, ref)
LEFT JOIN start_sales AS s ON s.sale_id = r.sale_id
WHERE l.status = 'settled' AND coalesce(l.kind, 'sale') = 'sale' AND l.gross_minor > 0
ORDER BY hash(l.line_id), l.provider_id, l.line_id LIMIT {SAMPLE_MAX}"""
_SUMS: Final = f"""
SELECT provider_id, merchant_id, currency, {_minutes("coalesce(host_at, captured_at)")} AS minute,
  coalesce(_days, 0) % 2 = 1 AS day_only,
  CAST(sum(CASE WHEN kind IN ('sale', 'completion') THEN amount_minor
    WHEN kind = 'preauth' THEN 0 ELSE -amount_minor END) AS BIGINT)
FROM start_sales GROUP BY ALL ORDER BY ALL"""
_ARRIVED: Final = f"""
SELECT account_id, currency, {_minutes("booked_at")}, day_only, amount_minor FROM start_booked
ORDER BY ALL"""
_HOURS: Final = """
SELECT CAST(date_part('hour', captured_at) AS BIGINT), count(*) FROM start_sales
WHERE coalesce(_days, 0) % 2 = 0 GROUP BY ALL ORDER BY 1"""
_CURRENCIES: Final = """
SELECT currency, sum(n)::BIGINT AS n FROM (
  SELECT currency, 1000000 * count(*) AS n FROM start_sales GROUP BY 1 UNION ALL
  SELECT currency, 1000 * count(*) FROM start_settlements GROUP BY 1 UNION ALL
  SELECT currency, count(*) FROM start_credits GROUP BY 1)
WHERE currency IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1"""
_MERCHANTS: Final = """
SELECT DISTINCT merchant_id FROM (
  SELECT merchant_id FROM start_sales UNION ALL SELECT merchant_id FROM start_settlements
  UNION ALL SELECT merchant_id FROM start_payouts)
WHERE merchant_id IS NOT NULL ORDER BY 1"""
_PROVIDERS: Final = """
WITH seen AS (
  SELECT provider_id, channel, merchant_id, currency, captured_at AS moment FROM start_sales
  UNION ALL
  SELECT provider_id, NULL, merchant_id, currency, cleared_at FROM start_settlements
  WHERE provider_id NOT IN (SELECT provider_id FROM start_sales)
  UNION ALL
  SELECT provider_id, NULL, merchant_id, currency, paid_out_at FROM start_payouts
  WHERE provider_id NOT IN (
    SELECT provider_id FROM start_sales UNION SELECT provider_id FROM start_settlements))
SELECT provider_id,
  list_sort(list_distinct(list(channel) FILTER (channel IS NOT NULL))) AS channels,
  list_sort(list_distinct(list(merchant_id) FILTER (merchant_id IS NOT NULL))) AS merchants,
  mode(currency) AS currency, count(*) AS sales, min(moment) AS first, max(moment) AS last
FROM seen GROUP BY provider_id ORDER BY provider_id"""
_ACCOUNTS: Final = """
WITH payers AS (
  SELECT account_id, counterparty, sum(amount_minor) AS minor FROM start_credits
  WHERE counterparty IS NOT NULL AND amount_minor > 0 GROUP BY ALL),
ranked AS (
  SELECT account_id, list(counterparty ORDER BY minor DESC, counterparty)[1:3] AS payers
  FROM payers GROUP BY 1),
booked AS (
  SELECT account_id, mode(bank_id) AS bank_id, mode(currency) AS currency, count(*) AS credits,
    CAST(coalesce(sum(amount_minor) FILTER (amount_minor > 0), 0) AS BIGINT) AS in_minor,
    min(booked_at) AS first, max(booked_at) AS last
  FROM start_credits WHERE coalesce(status, 'booked') = 'booked' GROUP BY 1),
named AS (
  SELECT account_id, mode(currency) AS currency FROM start_payouts
  WHERE account_id IS NOT NULL GROUP BY 1)
SELECT coalesce(b.account_id, n.account_id), b.bank_id, coalesce(b.currency, n.currency),
  coalesce(b.credits, 0), coalesce(b.in_minor, 0), b.first, b.last, coalesce(r.payers, [])
FROM booked AS b FULL JOIN named AS n ON n.account_id = b.account_id
LEFT JOIN ranked AS r ON r.account_id = b.account_id ORDER BY 1"""


def _providers(engine: DuckEngine) -> tuple[ProviderSeen, ...]:
    return tuple(
        ProviderSeen(
            row["provider_id"],
            tuple(row["channels"] or ()),
            tuple(row["merchants"] or ()),
            row["currency"],
            row["sales"],
            row["first"],
            row["last"],
        )
        for row in engine.fetch(_PROVIDERS).to_pylist()
    )


def _accounts(engine: DuckEngine) -> tuple[AccountSeen, ...]:
    found = []
    for row in engine.rows(_ACCOUNTS):
        *start, payers = row
        assert isinstance(payers, list)
        found.append(AccountSeen(*start, payers=tuple(payers)))  # type: ignore[arg-type, misc]
    return tuple(found)
