"""Where each payout's money stands by T, as tables: from matching to what SQL joins.

Makes ``chain_standing`` (one row a chain), ``chain_links`` (which credit came of which),
``line_shares`` (lines of chains that are credited in part), ``credit_standing`` (one row a booked
credit: explained, not ours or unexplained) and ``cover`` (stretches of time in which an account's
statement is known to be complete).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.journey.arrivals import match
from daozhang.journey.by_dates import part_by_dates
from daozhang.journey.chains import add_up_again
from daozhang.journey.known import Zones, start_of_day
from daozhang.journey.parties import Payers
from daozhang.journey.resting import wake
from daozhang.journey.round_trips import Returned
from daozhang.journey.routes import ALWAYS
from daozhang.journey.sides import Chain, Credit, Item
from daozhang.journey.terms import TermsBook
from daozhang.journey.ways import Desk
from daozhang.money import allocate

__all__ = ["stand"]

SQL = SqlFolder("daozhang.journey")

_INSTANT = pa.timestamp("us", "UTC")
_STANDING = pa.schema(
    [
        ("provider_id", pa.string()), ("chain_id", pa.string()), ("account_id", pa.string()),
        ("payout_id", pa.string()), ("paid_out_at", _INSTANT), ("whole", pa.bool_()),
        ("net_minor", pa.int64()), ("credited_minor", pa.int64()), ("credited_at", _INSTANT),
        ("credited_on", pa.date32()), ("booked_day", pa.bool_()), ("credit_id", pa.string()),
        ("credit_ids", pa.string()), ("matched_by", pa.string()), ("returned", pa.int32()),
        ("held", pa.int32()), ("reason", pa.string()), ("withheld", pa.int32()),
        ("certain", pa.bool_()),
    ]
)  # fmt: skip
_CREDIT = pa.schema(
    [
        ("account_id", pa.string()), ("credit_id", pa.string()), ("currency", pa.string()),
        ("amount_minor", pa.int64()), ("booked_at", _INSTANT), ("ref", pa.string()),
        ("counterparty", pa.string()), ("standing", pa.string()), ("explained_minor", pa.int64()),
        ("matched_by", pa.string()), ("payout_ids", pa.string()), ("certain", pa.bool_()),
        ("rivals", pa.int32()), ("chance_ppm", pa.int64()), ("ambiguous", pa.string()),
    ]
)  # fmt: skip
_SHARE = pa.schema(
    [
        ("provider_id", pa.string()), ("line_id", pa.string()), ("net_minor", pa.int64()),
        ("credited_minor", pa.int64()),
    ]
)  # fmt: skip
_MOVED = pa.schema([(c, pa.string()) for c in ("provider_id", "line_id", "chain_id")])
_COVER = pa.schema([("account_id", pa.string()), ("from_at", _INSTANT), ("until_at", _INSTANT)])


_LINKS = pa.schema(
    [(c, pa.string()) for c in ("provider_id", "chain_id", "account_id", "credit_id")]
)


def stand(engine: Engine, book: TermsBook, zones: Zones, *, resting: bool = False) -> None:
    """Match credits with chains and make the tables this module names.

    Args:
        engine: holds ``chains`` and the facts; where ``resting``, the tables of what rests.
        book: the terms.
        zones: where days begin.
        resting: whether earlier runs laid chains and credits aside, whose standing is taken over.
    """
    if resting:
        wake(engine)
    lookup = {name: ZoneInfo(name) for name in zones.names()}

    days: dict[tuple[datetime, str], date] = {}

    def day_of(moment: datetime, account_id: str | None) -> date:
        zone = zones.by_account.get(account_id or "", zones.default)
        # Every zone's clock differs from UTC by whole minutes, so a minute has one day.
        minute = moment.replace(second=0, microsecond=0)
        day = days.get((minute, zone))
        if day is None:
            day = days[minute, zone] = minute.astimezone(lookup[zone]).date()
        return day

    credit_rows = _fetch(
        engine,
        "SELECT c.account_id, c.credit_id, c.currency, c.amount_minor, c.booked_at, "
        "c.booked_day, c.ref, c.counterparty FROM facts_credits AS c "
        f"{_AWAKE_CREDITS if resting else ''} WHERE c.status = 'booked'",
    )
    credits = [
        Credit(
            account_id=row["account_id"],
            credit_id=row["credit_id"],
            currency=row["currency"],
            amount_minor=row["amount_minor"],
            booked_at=row["booked_at"],
            day=day_of(row["booked_at"], row["account_id"]),
            ref=row["ref"] or "",
            text=f"{row['ref'] or ''} {row['counterparty'] or ''}",
            booked_day=row["booked_day"],
            payer=row["counterparty"] or "",
        )
        for row in credit_rows
    ]
    chain_rows = _fetch(engine, f"SELECT c.* FROM chains AS c {_AWAKE_CHAINS if resting else ''}")
    chains = _chains(engine, chain_rows, day_of)
    payers = Payers.of(book)
    desk = match(
        chains, credits, payers, lambda wanted, every: _lines_of(engine, wanted, every),
        _returned(engine, day_of),
    )  # fmt: skip
    chains += part_by_dates(engine, chains, desk)
    _doubt_found_lines(engine, chains)
    _put_moved(engine, desk)
    chains += [apart for apart, _ in desk.parted if apart.lines]
    _put_chains(engine, chains, chain_rows, day_of)
    _put_shares(engine, chains)
    _put_credits(engine, payers, credits, credit_rows)
    if resting:
        _take_over(engine)
    _put_cover(engine, zones, day_of)


_AWAKE_CHAINS = (
    "ANTI JOIN rest_chains AS t ON t.provider_id = c.provider_id AND t.chain_id = c.chain_id"
)
_AWAKE_CREDITS = (
    "ANTI JOIN rest_credits AS t ON t.account_id = c.account_id AND t.credit_id = c.credit_id"
)


def _take_over(engine: Engine) -> None:
    """Add to what was matched now the standing of what rests."""
    for name, rest, schema in (
        ("chain_standing", "rest_standing", _STANDING),
        ("credit_standing", "rest_credits", _CREDIT),
    ):
        listed = ", ".join(schema.names)
        engine.run(
            f"{name}_whole", f"SELECT {listed} FROM {name} UNION ALL SELECT {listed} FROM {rest}"
        )
        engine.rename(f"{name}_whole", name)


def _fetch(engine: Engine, sql: str) -> list[dict[str, Any]]:
    return rows_of(engine.fetch(sql))


def _chains(engine: Engine, rows: list[dict[str, Any]], day_of: Any) -> list[Chain]:
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _fetch(engine, "SELECT provider_id, payout_id, chain_id FROM resent"):
        names[row["provider_id"], row["chain_id"]].append(row["payout_id"])
    chains = []
    for row in rows:
        key = (row["provider_id"], row["chain_id"])
        moment = row["paid_out_at"] or row["cleared_at"]
        own_names = names.get(key) or ([] if key[1].startswith("~") else [key[1]])
        chains.append(
            Chain(
                provider_id=key[0],
                chain_id=key[1],
                account_id=row["account_id"],
                currency=row["currency"],
                net_minor=row["net_minor"],
                day=day_of(moment, row["account_id"]) if moment else None,
                alive=not row["returned"] and not row["held"],
                names=tuple(own_names),
                itemised=row["lines_count"] > 0,
                paid=row["payout_id"] is not None,
                lines=row["lines_count"],
                lines_minor=row["lines_minor"],
            )
        )
    supposed = _fetch(engine, "SELECT * FROM supposed_chains")
    chains += [
        Chain(
            provider_id=row["provider_id"],
            chain_id=row["chain_id"],
            account_id=row["account_id"],
            currency=row["currency"],
            net_minor=row["net_minor"],
            day=row["due_date"],
            alive=True,
            names=(),
            supposed=True,
            spare=bool(row["spare"]),
            paid=False,
            lines=row["lines_count"],
            channel=row["channel"] or "",
            slot=(row["business_date"], row["window_no"]),
            least_minor=row["least_minor"] or 0,
        )
        for row in supposed
    ]
    return chains


def _returned(engine: Engine, day_of: Any) -> list[Returned]:
    """Read the payouts that came back, or in whose place others were sent."""

    def day(row: Mapping[str, Any], name: str) -> date | None:
        found: date | None = day_of(row[name], row["account_id"]) if row[name] else None
        return found

    return [
        Returned(
            row["provider_id"], row["payout_id"], row["account_id"], row["currency"],
            row["net_minor"], day(row, "paid_out_at"), row["again_at"], day(row, "again_at"),
        )
        for row in _fetch(engine, SQL["payouts_returned"])
    ]  # fmt: skip


def _lines_of(engine: Engine, wanted: Sequence[Chain], every: bool) -> Mapping[int, Sequence[Item]]:
    """Read the lines of chains: refunds, fees and the like, or every one."""
    keys = {(chain.provider_id, chain.chain_id): id(chain) for chain in wanted}
    if not keys:
        return {}
    rows = [{"provider_id": p, "chain_id": c} for p, c in keys]
    engine.put("chains_wanted", pa.Table.from_pylist(rows))
    items: dict[int, list[Item]] = defaultdict(list)
    kinds = "" if every else " AND l.kind <> 'sale'"
    for table in ("supposed", "lines"):
        for provider, chain, line, kind, net in engine.rows(
            f"SELECT l.provider_id, l.chain_id, l.line_id, l.kind, l.net_minor FROM {table} AS l "
            "SEMI JOIN chains_wanted AS c ON c.provider_id = l.provider_id "
            f"AND c.chain_id = l.chain_id WHERE l.status = 'settled'{kinds}"
        ):
            item = Item(str(line), str(kind), int(str(net)))
            items[keys[str(provider), str(chain)]].append(item)
    return items


def _doubt_found_lines(engine: Engine, chains: list[Chain]) -> None:
    """A payout with a line whose sale was inferred is not certain, however it was found."""
    doubtful = set(
        engine.rows(
            "SELECT DISTINCT l.provider_id, l.chain_id FROM lines AS l "
            "SEMI JOIN alike AS a ON a.provider_id = l.provider_id AND a.line_id = l.line_id"
        )
    )
    for chain in chains:
        if (chain.provider_id, chain.chain_id) in doubtful:
            chain.certain = False


def _put_moved(engine: Engine, desk: Desk) -> None:
    """Make ``lines_moved``; known lines that moved take their chains' sums with them."""
    rows = [
        {"provider_id": provider, "line_id": line, "chain_id": chain.chain_id}
        for (provider, line), chain in sorted(desk.moved.items())
    ]
    engine.put("lines_moved", pa.Table.from_pylist(rows, _MOVED))
    if any(not chain.supposed for chain in desk.moved.values()):
        engine.run("lines_placed", SQL["lines_placed"])
        engine.rename("lines_placed", "lines")
        add_up_again(engine)


def _put_chains(
    engine: Engine, chains: list[Chain], rows: list[dict[str, Any]], day_of: Any
) -> None:
    facts = {(row["provider_id"], row["chain_id"]): row for row in rows}
    columns: dict[str, list[object]] = {name: [] for name in _STANDING.names}
    for chain in chains:
        named = chain.stands_for or chain
        row = facts.get((named.provider_id, named.chain_id), {})
        if chain.supposed and not chain.credits and chain.stands_for is None:
            continue
        # What was credited for a payout that came back goes back too: it is nobody's arrival.
        came = chain.credits if chain.alive else []
        ordered = sorted(came, key=lambda c: (c.booked_at, c.credit_id))
        # A payout that nets to nothing is settled by set-off: no credit will ever come.
        offset = chain.alive and chain.net_minor == 0 and not ordered and row.get("paid_out_at")
        complete = chain.credited_minor == chain.net_minor and not chain.withheld
        whole = bool(offset) or (chain.alive and bool(ordered) and complete)
        last = ordered[-1] if ordered else None
        arrived_at = last.booked_at if last else (row["paid_out_at"] if offset else None)
        values = (
            chain.provider_id, chain.chain_id, chain.account_id,
            row.get("payout_id") or (None if chain.chain_id.startswith("~") else chain.chain_id),
            row.get("paid_out_at") if chain.alive else None, whole, chain.net_minor,
            chain.credited_minor if chain.alive else 0,
            arrived_at, day_of(arrived_at, chain.account_id) if arrived_at else None,
            bool(last and last.booked_day), last.credit_id if last else None,
            ";".join(credit.credit_id for credit in ordered) or None,
            "set_off" if offset else chain.matched_by,
            row.get("returned", 0), row.get("held", 0), row.get("reason"),
            int(chain.withheld and chain.credited_minor == chain.net_minor),
            bool(offset) or (chain.certain and chain.alive and bool(ordered)),
        )  # fmt: skip
        for name, value in zip(_STANDING.names, values, strict=True):
            columns[name].append(value)
    engine.put("chain_standing", pa.table(columns, _STANDING))
    links = [
        (chain.provider_id, chain.chain_id, credit.account_id, credit.credit_id)
        for chain in chains
        for credit in chain.credits
    ]
    sides = [pa.array([row[n] for row in links], pa.string()) for n in range(len(_LINKS))]
    engine.put("chain_links", pa.table(sides, schema=_LINKS))


def _put_shares(engine: Engine, chains: list[Chain]) -> None:
    """Share what came of a payout over its lines, where only a part of it came."""
    partial = {
        (chain.provider_id, chain.chain_id): chain.credited_minor
        for chain in chains
        if chain.alive
        and chain.credited_minor != 0
        and (chain.credited_minor != chain.net_minor or chain.withheld)
    }
    shares: list[dict[str, object]] = []
    if partial:
        wanted = [{"provider_id": p, "chain_id": c} for p, c in partial]
        engine.put("chains_partial", pa.Table.from_pylist(wanted))
        lines: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for provider, chain, line, net in engine.rows(
            "SELECT l.provider_id, l.chain_id, l.line_id, l.net_minor FROM lines AS l "
            "SEMI JOIN chains_partial AS c ON c.provider_id = l.provider_id "
            "AND c.chain_id = l.chain_id WHERE l.status = 'settled' "
            "ORDER BY l.provider_id, l.chain_id, l.cleared_at, l.line_id"
        ):
            lines[str(provider), str(chain)].append((str(line), int(str(net))))
        for (provider_id, chain_id), members in sorted(lines.items()):
            weights = [net for _, net in members]
            if not sum(weights):
                continue
            parts = allocate(partial[provider_id, chain_id], weights)
            shares += [
                {
                    "provider_id": provider_id,
                    "line_id": line_id,
                    "net_minor": net,
                    "credited_minor": part,
                }
                for (line_id, net), part in zip(members, parts, strict=True)
            ]
    engine.put("line_shares", pa.Table.from_pylist(shares, _SHARE))


def _put_credits(
    engine: Engine, payers: Payers, credits: list[Credit], rows: list[dict[str, Any]]
) -> None:
    accounts = {
        row["account_id"] for row in _fetch(engine, "SELECT account_id FROM facts_accounts")
    }
    by_key = {(credit.account_id, credit.credit_id): credit for credit in credits}
    out = []
    for row in rows:
        credit = by_key[row["account_id"], row["credit_id"]]
        out.append(
            {
                **{name: row[name] for name in _CREDIT.names[:7]},
                "standing": _standing(credit, row["counterparty"], payers, accounts),
                "explained_minor": (
                    credit.amount_minor if credit.went_back else credit.explained_minor
                ),
                "matched_by": "went_back" if credit.went_back else credit.matched_by,
                "payout_ids": (
                    credit.went_back or ";".join(sorted(c.chain_id for c in credit.chains)) or None
                ),
                "certain": bool(credit.chains) and all(c.certain for c in credit.chains),
                "rivals": credit.rivals,
                "chance_ppm": credit.chance_ppm,
                "ambiguous": " | ".join(credit.ambiguous) or None,
            }
        )
    engine.put("credit_standing", pa.Table.from_pylist(out, _CREDIT))


def _standing(credit: Credit, payer: str | None, payers: Payers, accounts: set[str]) -> str:
    if credit.chains or credit.went_back:
        return "explained"
    if credit.amount_minor < 0 or (accounts and credit.account_id not in accounts):
        return "not_ours"
    return "not_ours" if payers.stranger(payer or "") else "unexplained"


def _put_cover(engine: Engine, zones: Zones, day_of: Any) -> None:
    """Say from when until when each account's credits are complete (the contract's facts)."""
    stretches: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in _fetch(
        engine,
        "SELECT subject, from_at, to_at FROM facts_coverage WHERE \"table\" = 'credits' "
        "AND from_at IS NOT NULL ORDER BY subject, from_at",
    ):
        stretches[row["subject"]].append((row["from_at"], row["to_at"]))
    accounts = _fetch(engine, "SELECT account_id, bank_id FROM facts_accounts")
    banks = {row["account_id"]: row["bank_id"] for row in accounts}
    named = {
        row["account_id"]: row["bank_id"]
        for row in _fetch(
            engine,
            "SELECT account_id, max(bank_id) AS bank_id FROM facts_credits "
            "WHERE bank_id IS NOT NULL GROUP BY account_id",
        )
    }
    seen_until: dict[object, datetime] = {}
    for row in _fetch(
        engine,
        "SELECT account_id, max(booked_at) AS booked_at FROM facts_credits "
        "WHERE status = 'booked' GROUP BY account_id",
    ):
        account = row["account_id"]
        bank = named.get(account) or banks.get(account)
        if bank is not None:
            zone = zones.by_account.get(account, zones.default)
            end = start_of_day(day_of(row["booked_at"], account) + timedelta(days=1), zone)
            seen_until[bank] = max(end, seen_until.get(bank, datetime.min.replace(tzinfo=UTC)))
    rows = [
        {"account_id": account, "from_at": since, "until_at": until}
        for account, parts in sorted(stretches.items())
        for since, until in _merged(parts)
    ]
    rows += [
        {"account_id": account, "from_at": ALWAYS[0], "until_at": seen_until[bank]}
        for account, bank in sorted(banks.items())
        if account not in stretches and bank in seen_until
    ]
    engine.put("cover", pa.Table.from_pylist(rows, _COVER))


def _merged(parts: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for since, until in sorted(parts):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged
