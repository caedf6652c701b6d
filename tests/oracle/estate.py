"""Small random estates whose truth is known.

``make_estate(seed)`` simulates sales, lines, payouts and credits forward in time, keeps every
version of every fact, and derives each journey from those objects (``Estate.truth``), not from
the rows it writes. ``features`` switches parts off, so that a failure can be narrowed down.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.oracle.estate_bank import HOUR, PAYOUT_FEATURES, Bank
from tests.oracle.estate_facts import Credit, Fact, Sale, as_text
from tests.oracle.estate_stories import STORIES, tell
from tests.oracle.estate_truth import Truth
from tests.oracle.estate_world import CHINA, DAY, Unit, World, local
from tests.oracle.rows import Facts, Row, write_csv

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

WORLD_FEATURES = frozenset({
    "specific_terms", "changed_terms", "account_choice", "windows", "minimum", "abroad",
    "day_precision",
})  # fmt: skip
ROW_FEATURES = frozenset({
    "id_in_text", "no_id", "pending", "foreign_credits", "coverage", "statement_missing",
    "known_at", "duplicates", "corrections", "withdrawn", "files", "loose_lines", "rrn",
    "rrn_repeat", "clock_skew", "boundary", "extra_columns", "payout_id_later", "offsets",
})  # fmt: skip
ALL = WORLD_FEATURES | PAYOUT_FEATURES | ROW_FEATURES | frozenset(STORIES)
PLAIN: frozenset[str] = frozenset()


@dataclass
class Estate:
    """A generated estate.

    Attributes:
        seed: what made it; printed by ``repr`` so that a failure can be repeated.
        features: what was switched on.
        config: the parsed content of ``terms.toml``.
        rows: every row of every table, repeats and corrections included, in no order.
        as_of: the latest ``known_at`` among the rows: the default moment of an answer.
    """

    seed: int
    features: frozenset[str]
    world: World
    config: dict[str, Any]
    rows: Facts
    as_of: dt.datetime
    sales: list[Sale] = field(repr=False)
    credits: list[Credit] = field(repr=False)
    coverage: list[Fact] = field(repr=False)

    def __repr__(self) -> str:
        return f"Estate(seed={self.seed}, base={self.world.base}, features={len(self.features)})"

    @cached_property
    def truth(self) -> dict[str, dict[str, Any]]:
        """What ``journeys.parquet`` must hold for each sale at ``as_of``."""
        return self.truth_at(self.as_of)

    def truth_at(self, moment: dt.datetime) -> dict[str, dict[str, Any]]:
        """Return the journeys as known at an earlier moment."""
        return Truth(self.world, self.sales, self.credits, self.coverage, moment).journeys()

    def credit_truth(self) -> dict[tuple[str, str], tuple[str, list[str]]]:
        """Return (account, credit id) → (how it is tied, payout ids); ``foreign``: not ours."""
        out = {}
        for credit in self.credits:
            values = credit.at(self.as_of)
            if values is not None and values["status"] == "booked":
                ids = [p.versions[0][1]["payout_id"] for p in credit.payouts]
                out[values["account_id"], values["credit_id"]] = (credit.how, ids)
        return out

    def write(self, folder: Path) -> Path:
        """Write canonical CSV files and ``terms.toml`` into a folder, and return the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "terms.toml").write_text(_toml(self.config), encoding="utf-8")
        rng = random.Random(self.seed)
        for table, rows in self.rows.items():
            pieces = rng.randint(1, 3) if "files" in self.features else 1
            for number in range(pieces):
                part = rows[number::pieces]
                name = f"{table}.csv" if number == 0 else f"{table}-{number}.csv"
                if part:
                    write_csv(folder / name, part)
        return folder


def make_estate(
    seed: int,
    features: frozenset[str] = ALL,
    sales: int = 300,
    *,
    base: dt.date | None = None,
    days: int = 12,
    faults: float = 0.35,
) -> Estate:
    """Return a random estate with known truth.

    Args:
        seed: the only source of chance.
        features: which parts are switched on; a subset of :data:`ALL`.
        sales: how many sales (journeys; the few withdrawn ghosts come on top).
        base: its first business date; None: the seed chooses one of ``BASES``.
        days: how many business dates there are sales for.
        faults: share of sales and of payouts that something happens to.
    """
    unknown = features - ALL
    assert not unknown, f"no such features: {sorted(unknown)}"
    return _Maker(seed, features, count=sales, base=base, days=days, faults=faults).make()


class _Maker(Bank):
    """Builds one estate, sales first, money after them."""

    # The estate.

    def make(self) -> Estate:
        for account in self.world.accounts:
            if self.on("coverage", 0.25) and self.on("statement_missing"):
                stop = self.rng.randint(2, self.days)
                self.stops[account["account_id"]] = self.base + stop * DAY
        for index in range(self.count):
            self._sale(index)
        if "rrn_repeat" in self.features:
            self._repeat_rrns()
        for sale in self.sales:
            tell(self, sale)
        self.sales += self.ghosts
        self.move_money()
        return self._estate()

    def _sale(self, index: int) -> None:
        rng, world = self.rng, self.world
        unit = rng.choices(world.units, [u.weight for u in world.units])[0]
        business = self.base + rng.randrange(self.days) * DAY
        small = [u for u in world.units if u.provider == "min"]
        big = bool(small) and index in (5, 6)
        if big:
            unit, business = small[0], self.base + (3 if index == 5 else 7) * DAY
        terms = world.terms_of(unit, business)
        opens, closes = world.opens(terms, business), world.closes(terms, business)
        clock = opens + self.seconds(0, (closes - opens).total_seconds() - 1)
        if self.on("boundary", 0.08):
            clock = rng.choice([opens, closes - self.seconds(1, 1)])
        sale = Sale(
            "sales", unit=unit, terms=terms, business=business, clock=clock, closes=closes,
            due=world.due(terms, business, clock), account=unit.account(business),
        )  # fmt: skip
        amount = rng.choice([rng.randint(100, 9_999), rng.randint(10_000, 500_000)])
        if unit.provider == "min":
            amount = 1_200 * self.count if big else rng.randint(100, 300)
            sale.story = "big" if big else "plain"
        values = {
            "sale_id": f"S{index:05d}", "kind": "sale", "original_sale_id": None,
            "merchant_id": unit.merchant, "store_id": unit.store, "terminal_id": unit.terminal,
            "provider_id": unit.provider, "channel": unit.channel, "amount_minor": amount,
            "currency": unit.currency,
        }  # fmt: skip
        if "rrn" in self.features:
            values["rrn"] = f"{rng.randrange(10**12):012d}"
        if "extra_columns" in self.features:
            values["till_note"] = rng.choice(["", "VIP", "夜班", 'said "hi", left'])
        times = self._times(sale)
        event = times["captured_at"]
        if unit.provider == "eur":
            event = times["submitted_at"]
        elif times["host_at"] and times["host_at"] - event > HOUR:
            event = times["host_at"]  # a slow terminal clock does not make us know earlier
        if event == times["captured_at"]:
            self.learned(sale, event, 0.1, **values, **times)
        else:
            sale.learn(event, **values, **times)
        self.sales.append(sale)

    def _times(self, sale: Sale) -> dict[str, Any]:
        """Choose the three clocks so that the cut-off clock shows the sale's clock time."""
        clock, provider = sale.clock, sale.unit.provider
        before_close = max((sale.closes - clock).total_seconds() - 1, 0)
        if provider == "wal":
            return {"captured_at": clock, "host_at": clock + self.seconds(0, 60)}
        if provider == "eur":
            captured = clock - self.seconds(0, 7_200)
            host = captured + self.seconds(0, 5) if self.rng.random() < 0.5 else None
            return {"captured_at": captured, "host_at": min(host or clock, clock) if host else None,
                    "submitted_at": clock}  # fmt: skip
        submitted = clock + self.seconds(0, min(before_close, 120))
        if self.rng.random() < 0.1:
            return {"captured_at": clock, "host_at": None, "submitted_at": submitted}
        captured = clock - self.seconds(0, 20)
        if self.on("clock_skew") and sale.unit.terminal == "t4":
            captured -= 8 * HOUR
        return {"captured_at": captured, "host_at": clock, "submitted_at": submitted}

    def _repeat_rrns(self) -> None:
        """Give some sales the reference number of another: another till, or much later."""
        if "rrn" not in self.features:
            return
        by_provider: dict[str, list[Sale]] = {}
        for sale in self.sales:
            by_provider.setdefault(sale.unit.provider, []).append(sale)
        for members in by_provider.values():
            for one in members[:6]:
                for other in members[6:]:
                    far = abs((other.business - one.business).days) >= 6
                    apart = other.unit.terminal != one.unit.terminal
                    if {one.story, other.story} == {"plain"} and (far or apart):
                        rrn = one.versions[0][1]["rrn"]
                        other.versions[0][1]["rrn"] = rrn
                        one.story = other.story = "rrn"
                        # Were the later sale learned late, its line would be the earlier's.
                        for sale in (one, other):
                            values = sale.versions[0][1]
                            known = max(sale.clock, values["captured_at"])
                            sale.versions[0] = (known, values)
                            sale.learned_silently = False
                        break

    # The written estate.

    def _estate(self) -> Estate:
        rng = self.rng
        facts: list[Fact] = [
            *self.sales, *self.others, *self.lines, *self.payouts, *self.credits, *self.coverage,
        ]  # fmt: skip
        horizon = local(self.base + (self.days + rng.randint(-1, 4)) * DAY, "00:00", CHINA)
        horizon += self.seconds(0, 86_400)
        as_of = max(at for f in facts for at, _ in f.versions if at <= horizon)
        rows: Facts = {"accounts": [_plain(a) for a in self.world.accounts]}
        rows["terminals"] = [_terminal(u) for u in self.world.units]
        for fact in facts:
            offset = rng.choice([0, 8, -5]) if "offsets" in self.features else 8
            rows.setdefault(fact.table, []).extend(fact.rows(as_of, offset))
        for table, found in rows.items():
            if "duplicates" in self.features and found:
                found += [dict(r) for r in rng.choices(found, k=1 + len(found) // 15)]
            rng.shuffle(found)
            rows[table] = found
        config = {"timezone": "Asia/Shanghai", "currency": "CNY", "terms": self.world.terms}
        return Estate(
            self.seed, self.features, self.world, config, rows, as_of,
            self.sales, self.credits, self.coverage,
        )  # fmt: skip


def _plain(values: dict[str, Any]) -> Row:
    return {k: as_text(v, 8) for k, v in values.items()}


def _terminal(unit: Unit) -> Row:
    return {
        "terminal_id": unit.terminal, "store_id": unit.store, "merchant_id": unit.merchant,
        "provider_id": unit.provider, "model": "A920",
    }  # fmt: skip


def _toml(config: dict[str, Any]) -> str:
    lines = [f'timezone = "{config["timezone"]}"', f'currency = "{config["currency"]}"']
    for terms in config["terms"]:
        lines += ["", "[[terms]]"]
        lines += [f"{name} = {_toml_value(value)}" for name, value in terms.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml_value(v)}" for k, v in value.items()) + "}"
    write: Callable[[Any], str] = str if isinstance(value, (int, float)) else '"{}"'.format
    return write(value)
