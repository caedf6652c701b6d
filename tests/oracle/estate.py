"""Small random estates whose truth is known.

``make_estate(seed)`` simulates sales, lines, payouts and credits forward in time, keeps every
version of every fact, and derives each journey from those objects (``Estate.truth``), not from
the rows it writes. ``features`` switches parts off, so that a failure can be narrowed down.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.estate_facts import Credit, Fact, Line, Payout, Sale, as_text
from tests.oracle.estate_stories import STORIES, tell
from tests.oracle.estate_truth import Truth
from tests.oracle.estate_world import BASES, CHINA, DAY, Unit, World, local, make_world
from tests.oracle.rows import Facts, Row, write_csv

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)

WORLD_FEATURES = frozenset({
    "specific_terms", "changed_terms", "account_choice", "windows", "minimum", "abroad",
    "day_precision",
})  # fmt: skip
PAYOUT_FEATURES = frozenset({
    "returned_resent", "returned_chain", "returned_forever", "payout_held", "payout_held_then_sent",
    "paid_late", "credit_late", "credit_missing", "split", "merged",
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
    return _Maker(seed, features, sales, base, days, faults).make()


class _Maker:
    """Builds one estate; ``rng`` is its only chance, the order of calls is fixed."""

    def __init__(
        self,
        seed: int,
        features: frozenset[str],
        count: int,
        base: dt.date | None,
        days: int,
        faults: float,
    ) -> None:
        self.seed, self.features, self.count, self.faults = seed, features, count, faults
        self.rng = random.Random(seed)
        self.base = base or BASES[seed % len(BASES)]
        self.days = days
        self.world = make_world(self.base, days, count, features)
        self.sales: list[Sale] = []
        self.ghosts: list[Sale] = []
        self.others: list[Fact] = []  # acts, preauthorisations, terminals, accounts
        self.lines: list[Line] = []
        self.payouts: list[Payout] = []
        self.credits: list[Credit] = []
        self.coverage: list[Fact] = []
        self.cycles: dict[tuple[str, str, dt.datetime], list[Line]] = {}
        self.stops: dict[str, dt.date] = {}
        self.numbers: dict[str, int] = {}

    # Small helpers.

    def on(self, feature: str, share: float = 1.0) -> bool:
        return feature in self.features and self.rng.random() < share

    def seconds(self, low: float, high: float) -> dt.timedelta:
        return dt.timedelta(seconds=self.rng.randint(int(low), int(high)))

    def number(self, prefix: str) -> str:
        self.numbers[prefix] = self.numbers.get(prefix, 0) + 1
        return f"{prefix}{self.numbers[prefix]}"

    def learned(self, fact: Fact, event: dt.datetime, share: float, **values: Any) -> None:
        """Learn a fact at its event or, by chance, some hours later."""
        late = self.on("known_at", share)
        fact.learned_silently = not late and self.rng.random() < 0.7
        fact.learn(event + (self.seconds(600, 40_000) if late else 0 * HOUR), **values)

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
        self._pay_out()
        self._merge_credits()
        self._foreign_credits()
        self._coverage()
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

    # Lines into cycles.

    def join_cycle(self, line: Line, sale: Sale, business: dt.date) -> None:
        """Let a line be paid with the money of a business date of the sale's terms."""
        clock = sale.clock if business == sale.business else None
        due = self.world.due(sale.terms, business, clock)
        if "min_payout_minor" in sale.terms:
            bigs = [s.business for s in self.sales if s.story == "big"]
            reached = [b for b in bigs if b >= business]
            if not reached:
                return
            due = self.world.due(sale.terms, min(reached), None)
        key = (sale.unit.provider, sale.account, due.at)
        self.cycles.setdefault(key, []).append(line)

    def cleared(self, sale: Sale, business: dt.date) -> dt.datetime:
        """Return when the provider clears a business date's lines."""
        if "windows" in sale.terms and business == sale.business:
            return sale.clock + self.seconds(120, 600)
        return self.world.closes(sale.terms, business) + self.seconds(3_600, 9_000)

    # Payouts and credits.

    def _pay_out(self) -> None:
        for key in sorted(self.cycles):
            provider, account, due_at = key
            lines = self.cycles[key]
            gains = [ln for ln in lines if ln.versions[-1][1]["net_minor"] > 0]
            total = sum(ln.versions[-1][1]["net_minor"] for ln in gains)
            taken = list(gains)
            for line in lines:
                net = line.versions[-1][1]["net_minor"]
                if line not in gains and total + net > 0:
                    taken.append(line)
                    total += net
            if taken and total > 0:
                self._loose_lines(provider, taken)
                self._payout(provider, account, due_at, taken)

    def _loose_lines(self, provider: str, taken: list[Line]) -> None:
        """Add lines that belong to no sale: a monthly fee, an adjustment, a reserve."""
        total = sum(ln.versions[-1][1]["net_minor"] for ln in taken)
        if total < 5_000 or not self.on("loose_lines", 0.2):
            return
        first = taken[0].versions[0][1]
        kind = self.rng.choice(["fee", "adjustment", "reserve_hold", "tax"])
        size = self.rng.randint(1, 900)
        parts = {"gross_minor": 0, "fee_minor": 0, "tax_minor": 0, "reserve_minor": 0}
        name = {"fee": "fee", "adjustment": "gross", "reserve_hold": "reserve", "tax": "tax"}[kind]
        parts[f"{name}_minor"] = -size if kind == "adjustment" else size
        line = Line("settlements")
        at = max(ln.versions[-1][1]["cleared_at"] for ln in taken)
        line.learn(
            at, line_id=self.number(f"{provider}-L"), provider_id=provider, kind=kind, ref=None,
            **parts, net_minor=-size, currency=first["currency"], cleared_at=at, payout_id=None,
            status="settled",
        )  # fmt: skip
        self.lines.append(line)
        taken.append(line)

    def _payout(
        self, provider: str, account: str, due_at: dt.datetime, lines: list[Line]
    ) -> None:
        rng = self.rng
        prefix = {"wal": "W", "d0": "D"}.get(provider, "P")
        payout_id = self.number(f"{provider}|{prefix}").split("|")[1]
        faults = sorted(self.features & PAYOUT_FEATURES - {"merged"})
        fault = rng.choice(faults) if faults and rng.random() < self.faults * 0.6 else ""
        paid = due_at - self.seconds(80 * 60, 150 * 60)
        paid = max(paid, max(ln.versions[-1][1]["cleared_at"] for ln in lines) + 5 * MINUTE)
        if fault == "paid_late":
            paid += DAY
        first = lines[0].versions[-1][1]
        net = sum(ln.versions[-1][1]["net_minor"] for ln in lines)
        payout = Payout("payouts", account=account, lines=lines)
        own_account = account if rng.random() < 0.7 else None
        self.learned(
            payout, paid, 0.15, payout_id=payout_id, provider_id=provider,
            merchant_id=first.get("merchant_id"), account_id=own_account, net_minor=net,
            currency=first["currency"], paid_out_at=paid, status="sent", reason=None,
            replaces_payout_id=None,
        )  # fmt: skip
        self._name_payout(payout, payout_id, lines)
        self.payouts.append(payout)
        self._payout_fate(payout, fault, paid)

    def _name_payout(self, payout: Payout, payout_id: str, lines: list[Line]) -> None:
        """Write the payout's id on its lines: from the start, or when it was paid."""
        for line in lines:
            line.payout = payout
            later = self.on("payout_id_later", 0.15)
            paid_known = payout.versions[0][0]
            known, values = line.versions[-1]
            if later and paid_known > known:
                line.learn(paid_known, payout_id=payout_id)
            else:
                line.versions[-1] = (known, {**values, "payout_id": payout_id})

    def _payout_fate(self, payout: Payout, fault: str, paid: dt.datetime) -> None:
        rng = self.rng
        known = payout.versions[-1][0]
        if fault in ("payout_held", "payout_held_then_sent"):
            payout.versions[0] = (known, {**payout.versions[0][1], "status": "held",
                                          "reason": "account under review"})  # fmt: skip
            if fault == "payout_held_then_sent":
                paid = known + self.seconds(20_000, 300_000)
                payout.learn(paid, status="sent", paid_out_at=paid, reason=None)
                self._credit(payout, paid, fault)
        elif fault.startswith("returned"):
            rounds = {"returned_resent": 1, "returned_chain": 2, "returned_forever": 0}[fault]
            last = payout
            for number in range(rounds + 1):
                back = last.versions[-1][0] + self.seconds(600, 90_000)
                if number < rounds or not rounds:
                    reason = rng.choice(["户名不符", "BANK_CARD_STATUS_ABNORMAL"])
                    last.learn(back, status="returned", reason=reason)
                if number < rounds:
                    last = self._resend(last, back)
            if rounds:
                self._credit(last, last.versions[-1][1]["paid_out_at"], fault)
        elif fault != "credit_missing":
            self._credit(payout, paid, fault)

    def _resend(self, old: Payout, back: dt.datetime) -> Payout:
        values = old.versions[0][1]
        prefix = values["payout_id"].rstrip("0123456789")
        paid = back + self.seconds(3_600, 100_000)
        new = Payout("payouts", account=old.account, lines=old.lines)
        new.learn(paid, **{
            **values, "paid_out_at": paid, "status": "sent", "reason": None,
            "payout_id": self.number(f"{values['provider_id']}|{prefix}").split("|")[1],
            "replaces_payout_id": values["payout_id"],
        })  # fmt: skip
        old.replaced_by = new
        self.payouts.append(new)
        return new

    def _credit(self, payout: Payout, paid: dt.datetime, fault: str) -> None:
        """Book a payout's money: in one credit or two, in time or late, named or not."""
        rng = self.rng
        values = payout.versions[-1][1]
        zone = self.credit_zone(payout.account)
        booked = paid + self.seconds(20 * 60, 80 * 60)
        if fault == "credit_late":
            booked += self.seconds(3_600, 100_000) + rng.randint(0, 2) * DAY
        payout_id, net = values["payout_id"], values["net_minor"]
        names = [payout_id]
        if "id_in_text" in self.features:
            names += [f"SETTLE {payout_id} T1", f"商户结算款{payout_id}号", f"/PT/{payout_id}-0"]
        ref = rng.choice(names)
        same_day = booked.astimezone(zone).date() == paid.astimezone(zone).date()
        how = "payout_id" if ref == payout_id else "payout_id_in_text"
        if fault not in ("credit_late", "split") and same_day and self.on("no_id", 0.25):
            twin = [c for c in self.credits if c.versions[-1][1]["amount_minor"] == net]
            if not twin:
                ref, how = rng.choice(["", "货款", "CARD SETTLEMENT"]), "net_amount_day"
        if fault == "split" and net > 10:
            part = rng.randint(1, net - 1)
            self._book(payout, part, booked, f"{payout_id} 1/2", "split")
            self._book(payout, net - part, booked + self.seconds(60, 90_000), ref, "split")
        else:
            self._book(payout, net, booked, ref, how)

    def credit_zone(self, account: str) -> ZoneInfo:
        sale = next(s for s in self.sales if s.account == account)
        return self.world.credit_zone(sale.terms)

    def _book(
        self, payout: Payout | None, amount: int, booked: dt.datetime, ref: str, how: str,
        account: str = "", counterparty: str | None = None,
    ) -> None:  # fmt: skip
        account = payout.account if payout else account
        zone = self.credit_zone(account)
        day = booked.astimezone(zone).date()
        precise = account not in self.world.day_precision
        morning = local(day + DAY, "07:00", zone)
        credit = Credit("credits", payouts=[payout] if payout else [], how=how)
        currency = next(s.unit.currency for s in self.sales if s.account == account)
        bank = next(a["bank_id"] for a in self.world.accounts if a["account_id"] == account)
        values = {
            "credit_id": self.number("C"), "account_id": account,
            "bank_id": self.rng.choice([bank, None]), "amount_minor": amount,
            "currency": currency, "booked_at": booked if precise else day,
            "value_date": self.rng.choice([day, None]), "ref": ref,
            "counterparty": counterparty or "支付清算有限公司", "status": "booked",
        }  # fmt: skip
        if account in self.stops and day >= self.stops[account]:
            return
        known = booked if precise and not self.on("known_at", 0.6) else morning
        if self.on("pending", 0.1):
            self._pending(credit, values, booked, known)
        wrong = self.on("corrections", 0.03)
        credit.learned_silently = known == booked and precise and not credit.versions
        if wrong:
            credit.learn(known, **{**values, "amount_minor": amount + 1})
            known += self.seconds(3_600, 50_000)
        credit.learn(known, **values)
        if payout:
            payout.credits.append(credit)
        self.credits.append(credit)

    def _pending(
        self, credit: Credit, values: dict[str, Any], booked: dt.datetime, known: dt.datetime
    ) -> None:
        """Show the money before it is booked: under its own id, or under another that stays."""
        early = booked - self.seconds(60, 900)
        status = self.rng.choice(["pending", "info"])
        if self.rng.random() < 0.5 and isinstance(values["booked_at"], dt.datetime):
            credit.learn(early, **{**values, "status": status, "booked_at": early})
        else:
            ghost = Credit("credits")
            other = {**values, "credit_id": f"{values['credit_id']}-{status}", "status": status}
            ghost.learn(known, **other)
            self.credits.append(ghost)

    def _merge_credits(self) -> None:
        """Book two payouts of one account and provider as one credit, at the later's time."""
        if "merged" not in self.features:
            return
        by_place: dict[tuple[str, str], list[Payout]] = {}
        for payout in self.payouts:
            single = len(payout.credits) == 1 and payout.replaced_by is None
            plain = single and len(payout.credits[0].versions) == 1
            if plain and len(payout.versions) == 1:
                place = (payout.account, payout.versions[0][1]["provider_id"])
                by_place.setdefault(place, []).append(payout)
        for members in by_place.values():
            members.sort(key=lambda p: p.credits[0].versions[0][0])
            for one, two in zip(members[::2], members[1::2], strict=False):
                if self.rng.random() < 0.12:
                    self._merge(one, two)

    def _merge(self, one: Payout, two: Payout) -> None:
        gone, kept = one.credits[0], two.credits[0]
        if gone.versions[0][0] > kept.versions[0][0] or two.versions[0][0] > kept.versions[0][0]:
            return
        self.credits.remove(gone)
        ids = [p.versions[0][1]["payout_id"] for p in (one, two)]
        total = sum(p.versions[0][1]["net_minor"] for p in (one, two))
        known, values = kept.versions[0]
        kept.versions[0] = (known, {**values, "amount_minor": total, "ref": f"MERGED {' '.join(ids)}"})
        kept.payouts, kept.how = [one, two], "merged"
        one.credits = [kept]

    def _foreign_credits(self) -> None:
        if "foreign_credits" not in self.features:
            return
        nets = {p.versions[0][1]["net_minor"] for p in self.payouts}
        used = sorted({s.account for s in self.sales})
        for _ in range(max(6, self.count // 20)):
            account = self.rng.choice(used)
            name, sign = self.rng.choice([
                ("房东", -1), ("账户管理费", -1), ("王先生", 1), ("UNKNOWN PAYER", 1),
            ])  # fmt: skip
            amount = sign * self.rng.randint(100, 400_000)
            at = local(self.base + self.rng.randrange(self.days) * DAY, "13:30", CHINA)
            if amount in nets:
                continue
            note = self.rng.choice(["", "房租 5月", "transfer", "退款 20260501"])
            self._book(None, amount, at + self.seconds(0, 9_000), note, "foreign", account, name)
            if self.on("withdrawn", 0.2):
                credit = self.credits[-1]
                if credit.how == "foreign":
                    credit.learn(credit.versions[-1][0] + 5 * HOUR, removed=1)

    def _coverage(self) -> None:
        if "coverage" not in self.features:
            return
        for account in sorted({s.account for s in self.sales}):
            mode = self.rng.choice(["none", "dates", "times"])
            if mode == "none" and account not in self.stops:
                continue
            zone = self.credit_zone(account)
            day = self.base - DAY
            while day < min(self.stops.get(account, dt.date.max), self.base + 40 * DAY):
                fact = Fact("coverage")
                spans: tuple[Any, Any] = (day, day)
                if mode == "times":
                    spans = (local(day, "00:00", zone), local(day, "24:00", zone))
                fact.learn(
                    local(day + DAY, "07:00", zone), subject=account, table="credits",
                    from_at=spans[0], to_at=spans[1],
                )  # fmt: skip
                self.coverage.append(fact)
                day += DAY

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
