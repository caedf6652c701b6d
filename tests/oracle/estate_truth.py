"""What the journeys of a generated estate must be, from the generator's own objects."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.oracle.estate_world import DAY, Due, World, fee_of, local

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.oracle.estate_facts import Credit, Fact, Payout, Sale, Values

Journey = dict[str, Any]


class Truth:
    """The estate's truth at one moment."""

    def __init__(
        self,
        world: World,
        sales: list[Sale],
        booked: list[Credit],
        coverage: list[Fact],
        moment: dt.datetime,
    ) -> None:
        self.world, self.sales, self.moment = world, sales, moment
        self.credits = [(c, v) for c in booked if (v := c.at(moment)) and v["status"] == "booked"]
        self.coverage = [v for c in coverage if (v := c.at(moment))]
        self.banks = {a["account_id"]: a["bank_id"] for a in world.accounts}
        self.zones = {s.account: world.credit_zone(s.terms) for s in sales}

    def journeys(self) -> dict[str, Journey]:
        out = {}
        for sale in self.sales:
            values = sale.at(self.moment)
            if values is not None:
                out[values["sale_id"]] = self._journey(sale, values)
        return out

    def booked(self, values: Values) -> dt.datetime:
        at = values["booked_at"]
        if isinstance(at, dt.datetime):
            return at
        return local(at, "00:00", self.zones.get(values["account_id"], ZoneInfo("Asia/Shanghai")))

    def carriers(self, payout: Payout) -> tuple[list[Values], bool]:
        """Return the credits that carry a payout whole, and whether only a part is booked."""
        paid = payout.at(self.moment)
        known = [(c, v) for c, v in self.credits if payout in c.payouts]
        if paid is None or paid["status"] != "sent" or not known:
            return [], bool(known)
        fellows = known[0][0].payouts
        nets = [v["net_minor"] for p in fellows if (v := p.at(self.moment))]
        booked = sum(v["amount_minor"] for _, v in known)
        if len(nets) == len(fellows) and booked == sum(nets):
            return [v for _, v in known], False
        return [], True

    def due(self, sale: Sale) -> Due | None:
        """Return the promise; below a minimum it is that of the day that reaches it."""
        if "min_payout_minor" not in sale.terms:
            return sale.due
        reached = [
            s.business
            for s in self.sales
            if s.story == "big" and s.at(self.moment) and s.business >= sale.business
        ]
        return self.world.due(sale.terms, min(reached), None) if reached else None

    def _journey(self, sale: Sale, values: Values) -> Journey:
        now, skip = self.moment, set()
        due = self.due(sale)
        lines = [
            (line, v) for line in sale.lines if (v := line.at(now)) and v["status"] == "settled"
        ]
        own = [(line, v) for line, v in lines if v.get("kind") in (None, "sale")]
        ends = [line.payout.last(now) for line, v in own if line.payout and v.get("payout_id")]
        carried = [self.carriers(p) for p in ends]
        if any(half for _, half in carried):
            skip |= {"credited_at", "credit_id", "credit_ids", "credited_minor"}
            skip |= {"outstanding_minor", "matched_by", "reason"}
        paid = [v for p in ends if (v := p.at(now)) and v["status"] == "sent"]
        if ends and ends[-1].at(now) is None:
            skip.add("payout_id")
        found = {v["credit_id"]: v for parts_of_one, _ in carried for v in parts_of_one}
        parts = sorted((self.booked(v), v["credit_id"]) for v in found.values())
        if len(parts) > 1 and parts[-1][0] == parts[-2][0]:
            skip.add("credit_id")
        submitted = values.get("submitted_at")
        journey: Journey = {
            **{n: values[n] for n in ("sale_id", "currency", "merchant_id", "store_id")},
            **{n: values[n] for n in ("terminal_id", "provider_id", "channel", "captured_at")},
            "account_id": sale.account,
            "submitted_at": submitted if submitted and submitted <= now else None,
            "cleared_at": max((v["cleared_at"] for _, v in own), default=None),
            "paid_out_at": (
                max(v["paid_out_at"] for v in paid) if own and len(paid) == len(own) else None
            ),
            "payout_id": ends[-1].versions[0][1]["payout_id"] if ends else None,
            "credited_at": parts[-1][0] if parts else None,
            "credit_id": parts[-1][1] if parts else None,
            "credit_ids": sorted(found),
            "promised_at": due.at if due else None,
            "provisional": due.provisional if due else False,
            "leg": None, "reason": None, "late_s": None, "_skip": skip,
        }  # fmt: skip
        if due is None:
            skip.add("provisional")
        ways = [c.how for c, v in self.credits if v["credit_id"] in found]
        journey["matched_by"] = ways[0] if ways else "line_ref" if own else None
        whole = bool(own) and len(carried) == len(own) and all(c for c, _ in carried)
        last = found[parts[-1][1]]["booked_at"] if parts else None
        self._money(journey, sale, values, lines)
        self._status(journey, sale, due, whole=whole, last=last)
        return journey

    def _money(
        self, journey: Journey, sale: Sale, values: Values, lines: list[tuple[Any, Values]]
    ) -> None:
        now = self.moment
        acts = [v for a in sale.acts if (v := a.at(now))]
        tips = sum(v["amount_minor"] for v in acts if v["kind"] == "adjustment")
        till = sum(v["amount_minor"] for v in acts if v["kind"] != "adjustment")
        amount = values["amount_minor"] + tips

        def gross(*kinds: str) -> int:
            return sum(v["gross_minor"] for _, v in lines if v.get("kind", "sale") in kinds)

        credited = 0
        waiting = False
        for line, v in lines:
            end = line.payout.last(now) if line.payout and v.get("payout_id") else None
            arrived = end is not None and bool(self.carriers(end)[0])
            credited += v["net_minor"] if arrived else 0
            positive = v.get("kind") in ("reserve_release", "chargeback_reversal")
            waiting = waiting or (positive and not arrived)
        refunded = max(till, -gross("refund"))
        back = gross("chargeback", "chargeback_reversal")
        fee, tax, reserve = (
            sum(v.get(n) or 0 for _, v in lines)
            for n in ("fee_minor", "tax_minor", "reserve_minor")
        )
        journey |= {
            "amount_minor": amount, "refunded_minor": refunded, "charged_back_minor": -back,
            "fee_minor": fee if lines else None,
            "net_minor": sum(v["net_minor"] for _, v in lines) if lines else None,
            "fee_expected_minor": fee_of(sale.terms, amount)[0],
            "credited_minor": credited,
            # The identity of contract section 3 defines what is still outstanding.
            "outstanding_minor": amount - credited - fee - tax - refunded + back - reserve,
            "_short": amount - refunded - gross("sale") - gross("refund"),
        }  # fmt: skip
        if waiting:
            journey["_skip"] |= {"status", "leg", "reason", "late_s"}

    def _status(
        self, journey: Journey, sale: Sale, due: Due | None, *, whole: bool, last: Any
    ) -> None:
        now, skip = self.moment, journey["_skip"]
        acts = [v for a in sale.acts if (v := a.at(now))]
        undone = any(v["kind"] in ("void", "reversal") for v in acts)
        if undone or self._refunded(sale, journey):
            journey["status"] = "cancelled"
        elif whole and journey["_short"] <= 0:
            late_s = 0
            if due and isinstance(last, dt.datetime):
                late_s = max(int((last - due.at).total_seconds()), 0)
            elif due:
                late_s = max((last - due.day).days, 0) * 86_400
            journey["status"] = "late" if late_s else "on_time"
            journey["late_s"] = late_s or None
        elif due is None or due.at > now:
            journey["status"] = "in_transit"
        elif not self._covered(sale, due):
            journey["status"] = "unknown"
        else:
            journey["status"] = "overdue"
            journey["reason"] = self._reason(sale, whole)
        if journey["status"] in ("late", "overdue") and due:
            journey["leg"] = self._leg(sale, journey, due)
            if whole and journey["_short"] > 0:
                skip.add("leg")
        elif journey["status"] in ("in_transit", "unknown"):
            skip.add("leg")

    def _refunded(self, sale: Sale, journey: Journey) -> bool:
        """Tell whether all of a sale's money was given back before it was paid out."""
        paid = journey["paid_out_at"] or dt.datetime.max.replace(tzinfo=dt.UTC)
        amount = journey["amount_minor"]
        acts = [v for a in sale.acts if (v := a.at(self.moment)) and v["kind"] == "refund"]
        till = sum(v["amount_minor"] for v in acts if v["captured_at"] < paid)
        lines = [v for ln in sale.lines if (v := ln.at(self.moment)) and v["status"] == "settled"]
        refunds = [v for v in lines if v.get("kind") == "refund"]
        taken = -sum(v["gross_minor"] for v in refunds if v["cleared_at"] < paid)
        whole: bool = max(till, taken) >= amount
        return whole

    def _reason(self, sale: Sale, whole: bool) -> str:
        now = self.moment
        if whole:
            return "short"
        own = [v for ln in sale.lines if (v := ln.at(now)) and v.get("kind") in (None, "sale")]
        if own and not any(v["status"] == "settled" for v in own):
            return str(max(own, key=lambda v: v["cleared_at"])["status"])
        for line in sale.lines:
            values = line.at(now)
            if values and values.get("kind") not in (None, "sale"):
                continue
            if values and values["status"] == "settled" and line.payout:
                payout = line.payout.last(now).at(now)
                if payout and values.get("payout_id") and payout["status"] != "sent":
                    return str(payout["status"])
        return "missing"

    def _leg(self, sale: Sale, journey: Journey, due: Due) -> str:
        """Return the leg from which on no deadline was met any more."""
        skip = journey["_skip"]
        provider_submits = sale.terms.get("cutoff_by") != "captured"
        never = not journey["submitted_at"] and not journey["cleared_at"]
        if "clear_by" not in sale.terms or (never and not provider_submits):
            skip.add("leg")
            return ""
        if any((v := line.at(self.moment)) and v["status"] == "held" for line in sale.lines):
            # A held line may be read as cleared and not paid out, or as not cleared.
            skip.add("leg")
        zone = self.world.credit_zone(sale.terms)
        if journey["cleared_at"]:
            # "The due date of that leg" may be read as the day after the business date too.
            early = local(sale.business + DAY, sale.terms["clear_by"], zone)
            if early < journey["cleared_at"] <= local(due.day, sale.terms["clear_by"], zone):
                skip.add("leg")
        deadlines = {
            "submit": sale.closes,
            "clear": local(due.day, sale.terms["clear_by"], zone),
            "pay_out": local(due.day, sale.terms["pay_by"], zone),
        }
        ended = {
            "submit": journey["submitted_at"],
            "clear": journey["cleared_at"],
            "pay_out": journey["paid_out_at"],
        }
        slow = (ended["clear"] or self.moment) - deadlines["clear"]
        slower = (ended["pay_out"] or self.moment) - deadlines["pay_out"]
        if slow > 0 * DAY and slower > slow:
            # Paying out took longer than the late clearing explains: which delay was necessary
            # is a question of cycles, on which the contract leaves room.
            skip.add("leg")
        if ended["submit"] is None and not never:
            ended["submit"] = deadlines["submit"]
        for leg in deadlines:
            rest = list(deadlines)[list(deadlines).index(leg) :]
            if all((ended[x] or self.moment) > deadlines[x] for x in rest):
                if not provider_submits and leg == "clear":
                    skip.add("leg")
                return leg
        return "credit"

    def _covered(self, sale: Sale, due: Due) -> bool:
        zone = self.world.credit_zone(sale.terms)
        rows = [v for v in self.coverage if v["subject"] == sale.account]
        if rows:
            return any(_spans(v, due, zone) for v in rows)
        bank = self.banks[sale.account]
        days: Iterable[dt.date] = (
            self.booked(v).astimezone(self.zones.get(v["account_id"], zone)).date()
            for _, v in self.credits
            if self.banks[v["account_id"]] == bank
        )
        last: dt.date = max(days, default=dt.date.min)
        return due.day <= last


def _spans(values: Values, due: Due, zone: ZoneInfo) -> bool:
    """Tell whether one coverage row spans the due day up to the promise."""
    start, end = values["from_at"], values["to_at"]
    if not isinstance(end, dt.datetime):
        return bool(start <= due.day <= end)
    return bool(start <= local(due.day, "00:00", zone) and due.at <= end)
