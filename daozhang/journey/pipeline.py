"""From facts to journeys: the order in which the SQL files run, and what Python adds between.

``raw_<table>`` → ``facts_<table>`` (known by T) → ``sold`` → ``parcels`` (account, promise) →
``acts``, ``till`` → ``lines`` → ``chains`` → credits matched → ``settled`` → ``outcomes`` →
``legs`` → ``journeys``. Every step reads tables and makes one; nothing is changed in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem
from daozhang.journey.chains import follow_resends
from daozhang.journey.closed import Closed, key_of, no_closed
from daozhang.journey.identities import Identities, check_identities
from daozhang.journey.incidents import put_incidents
from daozhang.journey.known import Counted, Zones, count_facts, latest_known_at, learn
from daozhang.journey.legs import put_legs
from daozhang.journey.lines import LINE_PARTS, lay_lines
from daozhang.journey.rates import put_fee_shares, put_local_days, put_moved, put_rates
from daozhang.journey.repeats import leave_out_repeats
from daozhang.journey.routes import lay_routes, lay_spans
from daozhang.journey.standing import stand
from daozhang.journey.sums import ADDED, ASKED_EARLY, over, put_added
from daozhang.journey.terms import TermsBook

__all__ = ["NothingKnownError", "Outcome", "account_zones", "find_journeys"]

SQL = SqlFolder("daozhang.journey")

TOLD_COLUMNS = "sale_id, host_at, batch_no, rrn, mcc"
TOLD = f"SELECT {TOLD_COLUMNS} FROM facts_sales"
"""What the till says of a sale, for those whose money was late."""

CLOCKS = (
    "SELECT {} AS row_key, provider_id, terminal_id, captured_at, host_at FROM facts_sales "
    "WHERE host_at IS NOT NULL"
)
CLOSED_CLOCKS = (
    "SELECT row_key, provider_id, terminal_id, captured_at, host_at FROM closed_clocks "
    "WHERE host_at IS NOT NULL"
)
"""When each sale was made by the terminal's clock and by the host's."""

HOSTS = "SELECT provider_id, host_at FROM facts_sales"
"""When the host saw each sale, or that it was stored."""

COPIES = "SELECT provider_id, account_id, sale_id, cleared_at, reason FROM copies"
"""Second lines that were refused."""

Progress = Callable[[str], None]

Blame = Callable[[Engine, TermsBook, datetime], None]
"""Makes ``incident_sales`` and ``incidents`` from late money; causes stand above this package."""


class NothingKnownError(ValueError):
    """No fact carries a time, so there is no moment to answer for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found, beside the tables it left in the engine.

    Attributes:
        as_of: the moment T that the answer is for.
        problems: rows that contradict each other.
        identities: every term of the identities.
    """

    as_of: datetime
    problems: tuple[Problem, ...]
    identities: Identities


def account_zones(engine: Engine, book: TermsBook) -> Zones:
    """Return where each account's bare dates belong: the zone of the terms that pay it."""
    zones = {}
    for account_id, merchant_id, provider_id in engine.rows(
        "SELECT account_id, merchant_id, provider_id FROM raw_accounts ORDER BY account_id"
    ):
        for term in book.terms:
            fits = term.account_id == account_id or (
                term.account_id is None
                and provider_id in (None, term.provider_id)
                and term.merchant_id in (None, merchant_id)
            )
            if fits:
                zones[str(account_id)] = term.credit_timezone
                break
    return Zones(book.timezone, {a: z for a, z in zones.items() if z != book.timezone})


def find_journeys(
    engine: Engine,
    book: TermsBook,
    as_of: datetime | None = None,
    progress: Progress = lambda _: None,
    closed: Closed | None = None,
    blame: Blame = put_incidents,
) -> Outcome:
    """Track every sale in ``raw_<table>`` as known by T, leaving view ``journeys``.

    With closed books (:mod:`daozhang.journey.closed`) only what is open is tracked, and the
    journeys are those closed and those found: the same, row for row, as without.

    Args:
        engine: holds ``raw_<table>`` for every fact table.
        book: the terms.
        as_of: T, aware; None: the latest ``known_at`` in the facts.
        progress: told the name of each stage as it begins.
        closed: what earlier runs closed, laid out; T is then given and not before its moment.
        blame: finds the causes of late money; without it every cause is ``unknown``.

    Raises:
        NothingKnownError: no fact has a time and no T was given.
        BrokenIdentityError: see :mod:`daozhang.journey.identities`.
    """
    zones = account_zones(engine, book)
    counted = count_facts(engine)
    engine.expect(max(found.rows for found in counted.values()))
    moment = as_of or latest_known_at(engine, zones, counted)
    if moment is None:
        raise NothingKnownError("no fact carries a time")
    moment = moment.astimezone(UTC)
    if closed is None:
        no_closed(engine)
    resumed = closed is not None
    problems = _track(engine, book, zones, moment, counted, progress, resumed=resumed)
    while closed is not None and closed.reopen_moved(engine):
        counted = count_facts(engine)
        problems = _track(engine, book, zones, moment, counted, progress, resumed=resumed)
    progress("journeys")
    _conclude(engine, book, resumed=resumed)
    progress("causes")
    blame(engine, book, moment)
    _put_figures(engine, resumed=resumed)
    progress("identities")
    identities = check_identities(engine, SQL, *([closed.sold] if closed else []))
    return Outcome(moment, tuple(problems), identities)


def _track(
    engine: Engine,
    book: TermsBook,
    zones: Zones,
    moment: datetime,
    counted: Mapping[str, Counted],
    progress: Progress,
    *,
    resumed: bool,
) -> list[Problem]:
    """Follow the money of what is open up to the bank."""
    progress("facts")
    problems = learn(engine, zones, moment, counted)
    few = all(found.few for found in counted.values())
    progress("promises")
    _promise(engine, book, few=few)
    progress("settlement")
    problems += _settle(engine, book, moment)
    progress("credits")
    stand(engine, book, zones, resting=resumed)
    return problems


def _run(engine: Engine, *names: str) -> None:
    for name in names:
        engine.run(name, SQL[name])


def _promise(engine: Engine, book: TermsBook, *, few: bool) -> None:
    ((bare,),) = engine.rows("SELECT count(*) FROM facts_sales WHERE store_id IS NULL")
    engine.view("sold", SQL["sold_filled" if bare else "sold_plain"], few=few)
    put_rates(engine, book)
    candidates = lay_routes(engine, book)
    lay_spans(engine, book, candidates)
    _run(engine, "parcels", "acts_named", "acts", "till")
    engine.view("priced", SQL["priced"], few=few)
    _run(engine, "accruals")
    put_moved(engine, book)
    limited = any(term.daily_limit_minor is not None for term in book.terms)
    engine.run(
        "over_limit", SQL["over_limit"] if limited else "SELECT sale_id FROM parcels WHERE 1 = 0"
    )
    engine.view("promised", SQL["promised"], few=few)
    put_fee_shares(engine, book)


def _settle(engine: Engine, book: TermsBook, moment: datetime) -> list[Problem]:
    """Find the sale and the payout of each settlement line; return what lines contradict."""
    follow_resends(engine)
    lay_lines(engine)
    ((unpaid, first),) = engine.rows(
        "SELECT count(*), min(cleared_at) FROM lines WHERE chain_id IS NULL AND status = 'settled'"
    )
    if unpaid and isinstance(first, datetime):
        put_local_days(engine, book.timezone, first.replace(tzinfo=first.tzinfo or UTC), moment)
        _run(engine, "lines_dated")
        engine.rename("lines_dated", "lines")
        engine.drop(*LINE_PARTS)
    _run(engine, "chain_lines", "chain_payouts", "chains_nameless", "chain_accounts", "chains")
    problems = leave_out_repeats(engine)
    _suppose(engine)
    return problems


def _suppose(engine: Engine) -> None:
    """Suppose lines for sales of which the provider's files tell nothing."""
    engine.run(
        "providers_heard",
        "SELECT provider_id FROM facts_settlements UNION SELECT provider_id FROM closed_chains",
    )
    unheard = engine.run("unheard", SQL["unheard"])
    for name in (
        "refunds_dated",
        "supposed_fees",
        "supposed_refunds",
        "supposed",
        "supposed_chains",
    ):
        # Looking through all sales for none costs as much as for some.
        engine.run(name, SQL[name] if unheard else f"SELECT * FROM ({SQL[name]}) AS q WHERE 1 = 0")


def _converts(engine: Engine) -> bool:
    """Return whether any provider may settle in another currency than it sells in."""
    sold = set(engine.rows("SELECT DISTINCT provider_id, currency FROM parcels"))
    settled = set(engine.rows("SELECT DISTINCT provider_id, currency FROM lines"))
    currencies = Counter(provider for provider, _ in sold | settled)
    return any(count > 1 for count in currencies.values())


def _conclude(engine: Engine, book: TermsBook, *, resumed: bool) -> None:
    ((supposed,),) = engine.rows("SELECT count(*) FROM supposed")
    if supposed:
        _run(engine, "lines_supposed")
        engine.rename("lines", "lines_settled")
        engine.view("lines", "SELECT * FROM lines_settled UNION ALL SELECT * FROM lines_supposed")
    if _converts(engine):
        _run(engine, "lines_converted")
        engine.view("lines_own", "SELECT * FROM lines_converted")
    else:
        engine.view("lines_own", "SELECT * FROM lines")
    _run(engine, "sales_busy", "line_standing", "settled_busy", "chain_numbers", "standings")
    engine.view("settled", SQL["settled"])
    _put_outcomes(engine, resumed=resumed)
    _put_told(engine, resumed=resumed)
    put_added(engine, SQL, *ASKED_EARLY, resumed=resumed)
    engine.view("told_closes", SQL["told_closes"])
    _run(engine, "fees_differing", "hand_ins", "first_sent", "cycles_met", "spared")
    put_legs(engine, book)
    _run(engine, "due_again")


def _put_figures(engine: Engine, *, resumed: bool) -> None:
    engine.view("journeys", SQL["journeys"])
    engine.view("stations", SQL["stations"])
    for name in ("journeys", "stations"):
        engine.view(f"{name}_late", over(SQL, name, "outcomes_late"))
    engine.view("listed", SQL["listed"])
    put_added(engine, SQL, *(n for n in ADDED if n not in ASKED_EARLY), resumed=resumed)


def _put_outcomes(engine: Engine, *, resumed: bool) -> None:
    """Make ``outcomes`` of all sales, and what the identities need to know of those open.

    ``outcomes_late`` is those whose money is late, overdue or not to be told, which are looked at
    one by one.
    """
    late = "SELECT * FROM {} WHERE status IN ('late', 'overdue', 'unknown')"
    closed = (
        "SELECT * EXCLUDE (_segment, sale_key) REPLACE ((SELECT as_of FROM run) AS as_of) FROM {}"
    )
    summed = "SELECT provider_id, chain_id, line_id, net_minor FROM lines WHERE status = 'settled'"
    if resumed:
        engine.run("outcomes_open", SQL["outcomes"])
        with_closed = " UNION ALL BY NAME " + closed
        engine.view(
            "outcomes", "SELECT * FROM outcomes_open" + with_closed.format("closed_outcomes")
        )
        engine.view(
            "outcomes_late", late.format("outcomes_open") + with_closed.format("closed_late")
        )
        summed += " UNION ALL SELECT provider_id, chain_id, NULL, lines_minor FROM closed_chains"
    else:
        _run(engine, "outcomes")
        engine.view("outcomes_open", "SELECT * FROM outcomes")
        engine.view("outcomes_late", late.format("outcomes"))
    engine.run(
        "sold_days",
        f"{over(SQL, 'sold_days', 'outcomes_open')} UNION ALL BY NAME SELECT * FROM closed_days"
        if resumed
        else SQL["sold_days"],
    )
    engine.view("lines_summed", summed)


def _put_told(engine: Engine, *, resumed: bool) -> None:
    """Name what the identities and the causes ask of all sales, closed ones among them."""
    _run(engine, "lines_refused", "copies")
    engine.view("told_sales", "SELECT * FROM facts_sales")
    engine.view("told_acts", "SELECT * FROM acts")
    engine.view("told_lines", "SELECT * FROM lines_own")
    engine.view("told_payouts", "SELECT * FROM raw_payouts")
    told = {
        "late": TOLD,
        "clocks": CLOCKS.format(key_of("sale_id") if resumed else "sale_id"),
        "hosts": HOSTS,
        "copies": COPIES,
        "settlements": "SELECT * FROM facts_settlements",
    }
    if resumed:
        closed = {
            "late": f"SELECT {TOLD_COLUMNS} FROM closed_told",
            "clocks": CLOSED_CLOCKS,
            "hosts": HOSTS.replace("facts_sales", "closed_clocks"),
            "copies": COPIES.replace("copies", "closed_copies"),
        }
        told |= {name: f"{told[name]} UNION ALL BY NAME {rows}" for name, rows in closed.items()}
        told["settlements"] = "SELECT * FROM all_settlements"
    for name, rows in told.items():
        engine.view(f"told_{name}", rows)
