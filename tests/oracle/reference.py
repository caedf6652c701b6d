"""A slow second implementation of the contract: facts in, one dictionary a sale out.

Only certain matching is done (``line_ref``, ``payout_id``, ``payout_id_in_text``,
``net_amount_day``, ``split``, ``merged``). Every result may carry ``_skip``: columns on which the
contract leaves room at that moment (half of a split booked, a payout id that nobody has sent
yet); comparisons leave those out.

Choices where the contract is silent: arrival (``cleared_at`` to ``credited_at``, ``payout_id``,
``credit_ids``) is that of the sale's own lines (kind sale); refund, chargeback and reserve lines
move amounts only. The leg is the first of the last unbroken run of missed deadlines: a leg that
ended in time after a late one shows that the earlier delay cost nothing.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.promises import DAY, Promise, at_local, clock_time, expected_fee
from tests.oracle.reference_view import View, int_of
from tests.oracle.rows import Facts, Row, current, instant, last_known, parse_moment, read_folder

Journey = dict[str, Any]

TAKEN_BACK = ("refund", "chargeback", "chargeback_reversal")


def reference(
    folder_or_rows: Path | tuple[Facts, dict[str, Any]], as_of: dt.datetime | None = None
) -> dict[str, Journey]:
    """Return every sale's journey as known at a moment.

    Args:
        folder_or_rows: a folder with fact files and ``terms.toml``, or (facts, parsed terms).
        as_of: the moment; None: the latest ``known_at`` in the facts.
    """
    if isinstance(folder_or_rows, Path):
        facts = read_folder(folder_or_rows)
        config = tomllib.loads((folder_or_rows / "terms.toml").read_text(encoding="utf-8"))
    else:
        facts, config = folder_or_rows
    zone = ZoneInfo(config.get("timezone", "Asia/Shanghai"))
    moment = as_of or last_known(facts, zone)
    return _Journeys(current(facts, moment, zone), config, moment).journeys()


class _Journeys(View):
    """The journeys that follow from what is known."""

    # Journeys.

    def journeys(self) -> dict[str, Journey]:
        return {sale_id: self._journey(self.sales[sale_id]) for sale_id in self.promises}

    def _journey(self, sale: Row) -> Journey:
        sale_id = sale["sale_id"]
        promise = self.promises[sale_id]
        journey: Journey = {n: sale[n] for n in ("sale_id", "currency", "merchant_id")}
        journey |= {n: sale.get(n) or None for n in ("store_id", "terminal_id", "provider_id")}
        journey |= {
            "channel": sale["channel"],
            "account_id": promise.account_id,
            "captured_at": self.time(sale, "captured_at"),
            "submitted_at": self.time(sale, "submitted_at"),
            "promised_at": promise.at,
            "provisional": promise.provisional,
            "late_s": None, "leg": None, "reason": None, "_skip": set(),
        }  # fmt: skip
        if promise.at is None:
            journey["_skip"].add("provisional")
        lines = [r for r in self.sale_lines.get(sale_id, []) if r["status"] == "settled"]
        own = [r for r in lines if r.get("kind") in (None, "", "sale")]
        self._arrival(journey, own)
        self._money(journey, sale, lines)
        self._status(journey, sale, lines, own, promise)
        return journey

    def _payout_key(self, line: Row) -> tuple[str, str] | None:
        if not line.get("payout_id"):
            return None
        return self.last_of_chain((line["provider_id"], line["payout_id"]))

    def _line_credits(self, line: Row) -> tuple[list[Row], str]:
        key = self._payout_key(line)
        sent = key in self.payouts and self.payouts[key]["status"] == "sent" if key else False
        return self.carried.get(key, ([], "")) if key and sent else ([], "")

    def _arrival(self, journey: Journey, own: list[Row]) -> None:
        skip = journey["_skip"]
        cleared = [parse_moment(r["cleared_at"]) for r in own]
        journey["cleared_at"] = max(cleared) if cleared else None
        keys = [self._payout_key(r) for r in own]
        journey["payout_id"] = next((k[1] for k in reversed(keys) if k), None)
        if any(k and k not in self.payouts for k in keys):
            skip.add("payout_id")
        paid = [
            instant(parse_moment(self.payouts[k]["paid_out_at"]), self.book.zone)
            for k in keys
            if k in self.payouts and self.payouts[k]["status"] == "sent"
        ]
        journey["paid_out_at"] = max(paid) if keys and len(paid) == len(keys) else None
        if any(k in self.half for k in keys if k):
            skip |= {"credited_at", "credit_id", "credit_ids", "credited_minor"}
            skip |= {"outstanding_minor", "matched_by", "reason"}
        found = {c["credit_id"]: c for r in own for c in self._line_credits(r)[0]}
        ordered = sorted(found.values(), key=lambda c: (self.booked(c), c["credit_id"]))
        journey["credited_at"] = self.booked(ordered[-1]) if ordered else None
        journey["credit_id"] = ordered[-1]["credit_id"] if ordered else None
        journey["credit_ids"] = sorted(found)
        if len(ordered) > 1 and self.booked(ordered[-2]) == self.booked(ordered[-1]):
            skip.add("credit_id")
        how = [self._line_credits(r)[1] for r in own]
        journey["matched_by"] = next((h for h in how if h), "line_ref" if own else None)
        journey["_last_credit"] = ordered[-1] if ordered else None

    def _money(self, journey: Journey, sale: Row, lines: list[Row]) -> None:
        def total(name: str, *kinds: str) -> int:
            wanted = [r for r in lines if not kinds or (r.get("kind") or "sale") in kinds]
            return sum(int_of(r, name) for r in wanted)

        back = self.till_refunds(sale["sale_id"])
        till = sum(int_of(r, "amount_minor") for r in back)
        taken = -total("gross_minor", "refund")
        gross = total("gross_minor") - total("gross_minor", *TAKEN_BACK)
        amount, refunded = self.amount(sale), max(till, taken)
        booked = [r for r in lines if self._line_credits(r)[0]]
        credited = sum(int_of(r, "net_minor") for r in booked)
        pending = sum(int_of(r, "net_minor") for r in lines if r not in booked)
        unsettled = amount - gross - (refunded - taken)
        terms = self.promises[sale["sale_id"]].terms
        journey |= {
            "amount_minor": amount,
            "refunded_minor": refunded,
            "charged_back_minor": -total("gross_minor", "chargeback", "chargeback_reversal"),
            "net_minor": total("net_minor") if lines else None,
            "fee_minor": total("fee_minor") if lines else None,
            "tax_minor": total("tax_minor"),
            "reserve_minor": total("reserve_minor"),
            "fee_expected_minor": expected_fee(terms, amount)[0] if terms else None,
            "credited_minor": credited,
            "outstanding_minor": unsettled + pending,
            "_unsettled": unsettled,
        }
        spent = sum(int_of(journey, n) for n in IDENTITY)
        assert amount == spent, f"identity of {sale['sale_id']}: {amount} is not {spent}"

    def _status(
        self, journey: Journey, sale: Row, lines: list[Row], own: list[Row], promise: Promise
    ) -> None:
        back = self.till_refunds(sale["sale_id"])
        undone = any(r["kind"] in ("void", "reversal") for r in back)
        whole = bool(own) and all(self._line_credits(r)[0] for r in own)
        if undone or self._refunded_before_payout(journey, back, lines):
            journey["status"] = "cancelled"
        elif whole and journey["_unsettled"] <= 0:
            late_s = self._lateness(journey, promise)
            journey["status"] = "late" if late_s else "on_time"
            journey["late_s"] = late_s or None
        elif promise.at is None or promise.at > self.as_of:
            journey["status"] = "in_transit"
        elif not self.covered(promise):
            journey["status"] = "unknown"
        else:
            journey["status"] = "overdue"
            journey["reason"], journey["_reason_text"] = self._reason(sale, own, whole)
        if whole and journey["_unsettled"] > 0:
            journey["_skip"] |= {"leg"}
        if journey["status"] in ("late", "overdue"):
            journey["leg"] = self._leg(journey, sale, promise)
        elif journey["status"] in ("in_transit", "unknown"):
            journey["_skip"].add("leg")
        waiting = any(
            (r.get("kind") or "sale") in ("reserve_release", "chargeback_reversal")
            and not self._line_credits(r)[0]
            for r in lines
        )
        if waiting:
            journey["_skip"] |= {"status", "leg", "reason", "late_s"}

    def _refunded_before_payout(self, journey: Journey, back: list[Row], lines: list[Row]) -> bool:
        amount, paid = journey["amount_minor"], journey["paid_out_at"]
        if journey["refunded_minor"] < amount or not journey["refunded_minor"]:
            return False
        till = [(self.time(r, "captured_at"), int_of(r, "amount_minor")) for r in back]
        refunds = [r for r in lines if r.get("kind") == "refund"]
        taken = [(self.time(r, "cleared_at"), -int_of(r, "gross_minor")) for r in refunds]
        for events in (till, taken):
            running = 0
            for at, minor in sorted(e for e in events if e[0] is not None):
                running += minor
                if running >= amount and (paid is None or (at is not None and at < paid)):
                    return True
        return False

    def _lateness(self, journey: Journey, promise: Promise) -> int:
        if promise.at is None or promise.due is None:
            return 0
        moment = parse_moment(journey["_last_credit"]["booked_at"])
        if not isinstance(moment, dt.datetime):
            return max((moment - promise.due).days, 0) * 86_400
        return max(int((moment - promise.at).total_seconds()), 0)

    def _reason(self, sale: Row, own: list[Row], whole: bool) -> tuple[str, str]:
        if whole:
            return "short", ""
        if not own:
            stuck = [
                r
                for r in self.sale_lines.get(sale["sale_id"], [])
                if r["status"] != "settled" and (r.get("kind") or "sale") == "sale"
            ]
            if stuck:
                last = max(stuck, key=lambda r: parse_moment(r["cleared_at"]))
                return last["status"], last.get("reason", "")
        for line in own:
            key = self._payout_key(line)
            row = self.payouts.get(key) if key else None
            if row is not None and row["status"] in ("returned", "held"):
                return row["status"], row.get("reason", "")
        return "missing", ""

    def _leg(self, journey: Journey, sale: Row, promise: Promise) -> str | None:
        terms = promise.terms or {}
        # A held line may be read as cleared and not paid out, or as not cleared.
        held = any(r["status"] == "held" for r in self.sale_lines.get(sale["sale_id"], []))
        never = journey["submitted_at"] is None and journey["cleared_at"] is None
        unsure = never and sale["provider_id"] not in self.submitters
        if "clear_by" not in terms or "pay_by" not in terms or held or unsure:
            journey["_skip"].add("leg")
        if promise.due is None or promise.at is None:
            return None
        zone = promise.zone
        ends = (
            ("submit", journey["submitted_at"], promise.cutoff_at),
            ("clear", journey["cleared_at"], _by(terms, "clear_by", promise.due, zone)),
            ("pay_out", journey["paid_out_at"], _by(terms, "pay_by", promise.due, zone)),
        )
        cleared, clear_due = ends[1][1:]
        if cleared and clear_due and promise.business and cleared <= clear_due:
            # "The due date of that leg" may be read as the day after the business date too.
            early = _by(terms, "clear_by", promise.business + DAY, zone)
            if early and cleared > early:
                journey["_skip"].add("leg")
        pay_due = ends[2][2]
        if clear_due and pay_due:
            slow = (cleared or self.as_of) - clear_due
            slower = (journey["paid_out_at"] or self.as_of) - pay_due
            if slow > 0 * DAY and slower > slow:
                # Which of the two delays was necessary is a question of cycles.
                journey["_skip"].add("leg")
        leg = "credit"
        went_on = True
        for name, end, deadline in reversed(ends):
            reached_later = any(e[1] is not None for e in ends[[x[0] for x in ends].index(name) :])
            if deadline is None or (end is None and reached_later):
                missed = False
            else:
                missed = (end or self.as_of) > deadline
            went_on = went_on and missed
            if went_on:
                leg = name
        if journey["submitted_at"] is None and not never and leg == "clear":
            journey["_skip"].add("leg")
        if never and sale["provider_id"] not in self.submitters:
            leg = "clear"
        return leg


IDENTITY = (
    "credited_minor", "outstanding_minor", "fee_minor", "tax_minor", "refunded_minor",
    "charged_back_minor", "reserve_minor",
)  # fmt: skip


def _by(terms: dict[str, Any], name: str, due: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    return at_local(due, clock_time(terms[name]), zone) if name in terms else None
