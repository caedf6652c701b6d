"""How the money of an estate moves: cycles, payouts and their fates, credits, coverage."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from tests.oracle.estate_facts import Credit, Fact, Line, Payout, Sale
from tests.oracle.estate_world import BASES, CHINA, DAY, local, make_world

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)

PAYOUT_FEATURES = frozenset({
    "returned_resent", "returned_chain", "returned_forever", "payout_held", "payout_held_then_sent",
    "paid_late", "credit_late", "credit_missing", "split", "merged",
})  # fmt: skip


class Bank:
    """Everything of an estate but its sales; ``rng`` is its only chance, call order is fixed."""

    def __init__(
        self,
        seed: int,
        features: frozenset[str],
        *,
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

    def move_money(self) -> None:
        """Pay the cycles out, book the credits, and add what else a bank statement shows."""
        self._pay_out()
        self._merge_credits()
        self._foreign_credits()
        self._coverage()

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

    def _payout(self, provider: str, account: str, due_at: dt.datetime, lines: list[Line]) -> None:
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
        # A payout is never known before all of its lines: they must sum to it at any moment.
        lines_known = max(ln.versions[-1][0] for ln in lines)
        if lines_known > payout.versions[0][0]:
            payout.versions[0] = (lines_known, payout.versions[0][1])
            payout.learned_silently = False
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
            names += [f"ORD9P1 {payout_id}", f"{payout_id}; 0W1"]  # P1 and W1 are not named here
        ref = rng.choice(names)
        same_day = booked.astimezone(zone).date() == paid.astimezone(zone).date()
        how = "payout_id" if ref == payout_id else "payout_id_in_text"
        if fault not in ("credit_late", "split") and same_day and self.on("no_id", 0.25):
            twin = [c for c in self.credits if c.versions[-1][1]["amount_minor"] == net]
            if not twin:
                ref, how = rng.choice(["", "货款", "CARD SETTLEMENT"]), "net_amount_day"
        if fault == "split" and net > 10:
            part = rng.randint(1, net - 1)
            self._book(payout, part, booked, ref=f"{payout_id} 1/2", how="split")
            self._book(payout, net - part, booked + self.seconds(60, 90_000), ref=ref, how="split")
        else:
            self._book(payout, net, booked, ref=ref, how=how)

    def credit_zone(self, account: str) -> ZoneInfo:
        sale = next(s for s in self.sales if s.account == account)
        return self.world.credit_zone(sale.terms)

    def _book(
        self, payout: Payout | None, amount: int, booked: dt.datetime, *,
        ref: str, how: str, account: str = "", counterparty: str | None = None,
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
            credit.learn(known, **{**values, "amount_minor": amount - 1})
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
        kept.versions[0] = (
            known,
            {**values, "amount_minor": total, "ref": f"MERGED {' '.join(ids)}"},
        )
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
            self._book(
                None,
                amount,
                at + self.seconds(0, 9_000),
                ref=note,
                how="foreign",
                account=account,
                counterparty=name,
            )
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
