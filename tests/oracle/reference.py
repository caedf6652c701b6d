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
import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.promises import DAY, Book, Promise, at_local, clock_time, expected_fee
from tests.oracle.rows import (
    UTC,
    Facts,
    Row,
    current,
    instant,
    last_known,
    parse_moment,
    read_folder,
)

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
    return _View(current(facts, moment, zone), config, moment).journeys()


def _int(row: Row, name: str) -> int:
    return int(row.get(name) or 0)


class _View:
    """Everything known at one moment, and the journeys that follow from it."""

    def __init__(self, facts: Facts, config: dict[str, Any], as_of: dt.datetime) -> None:
        self.as_of = as_of
        self.book = Book(config, facts.get("accounts", []))
        self.sales = {row["sale_id"]: row for row in facts.get("sales", [])}
        self.accounts = {row["account_id"]: row for row in facts.get("accounts", [])}
        self.coverage = facts.get("coverage", [])
        self.payouts = {
            (row["provider_id"], row["payout_id"]): row
            for row in facts.get("payouts", [])
            if self.past(row["paid_out_at"])
        }
        self.next = {
            (key[0], row["replaces_payout_id"]): key
            for key, row in self.payouts.items()
            if row.get("replaces_payout_id")
        }
        self.lines = [r for r in facts.get("settlements", []) if self.past(r["cleared_at"])]
        self.credits = [
            row
            for row in facts.get("credits", [])
            if row.get("status") in (None, "", "booked") and self.booked(row) <= as_of
        ]
        self.acts: dict[str, list[Row]] = {}
        for row in self.sales.values():
            if row["kind"] in ("adjustment", "refund", "void", "reversal"):
                self.acts.setdefault(row.get("original_sale_id", ""), []).append(row)
        self.sale_lines = self._resolve_lines()
        self.submitters = {
            r["provider_id"] for r in self.sales.values() if self.time(r, "submitted_at")
        }
        self._promise_all()
        self._match_credits()

    # Times.

    def past(self, text: str) -> bool:
        return instant(parse_moment(text), self.book.zone) <= self.as_of

    def time(self, row: Row, name: str) -> dt.datetime | None:
        """Return a column's time; what lies after the as-of moment has not happened."""
        text = row.get(name)
        if not text:
            return None
        at = instant(parse_moment(text), self.book.zone)
        return at if at <= self.as_of else None

    def credit_zone(self, account_id: str) -> ZoneInfo:
        account = self.accounts.get(account_id)
        return self.book.account_zone(account) if account else self.book.zone

    def booked(self, credit: Row) -> dt.datetime:
        return instant(parse_moment(credit["booked_at"]), self.credit_zone(credit["account_id"]))

    # Lines.

    def _resolve_lines(self) -> dict[str, list[Row]]:
        by_rrn: dict[tuple[str, str], list[Row]] = {}
        for sale in self.sales.values():
            if sale.get("rrn"):
                by_rrn.setdefault((sale["provider_id"], sale["rrn"]), []).append(sale)
        out: dict[str, list[Row]] = {}
        for line in self.lines:
            sale_id = self._sale_of(line, by_rrn)
            if sale_id is not None:
                out.setdefault(sale_id, []).append(line)
        return out

    def _sale_of(self, line: Row, by_rrn: dict[tuple[str, str], list[Row]]) -> str | None:
        ref = line.get("ref", "")
        named = self.sales.get(ref)
        if named is not None and named["provider_id"] == line["provider_id"]:
            return self._root(named)
        found = by_rrn.get((line["provider_id"], ref), []) if ref else []
        for name in ("terminal_id", "merchant_id"):
            same = [s for s in found if line.get(name) and s[name] == line[name]]
            if same:
                found = same
                break
        cleared = parse_moment(line["cleared_at"])

        def clock(sale: Row) -> Any:
            return parse_moment(sale.get("host_at") or sale["captured_at"])

        before = [s for s in found if clock(s) <= cleared]
        if before:
            return self._root(max(before, key=clock))
        return self._root(min(found, key=clock)) if found else None

    def _root(self, sale: Row) -> str | None:
        if sale["kind"] in ("sale", "completion"):
            return sale["sale_id"]
        original = self.sales.get(sale.get("original_sale_id", ""))
        is_sale = original is not None and original["kind"] in ("sale", "completion")
        return original["sale_id"] if original is not None and is_sale else None

    # Promises.

    def amount(self, sale: Row) -> int:
        tips = [a for a in self.acts.get(sale["sale_id"], []) if a["kind"] == "adjustment"]
        return _int(sale, "amount_minor") + sum(_int(a, "amount_minor") for a in tips)

    def till_refunds(self, sale_id: str) -> list[Row]:
        return [a for a in self.acts.get(sale_id, []) if a["kind"] != "adjustment"]

    def _promise_all(self) -> None:
        plain: dict[str, Promise] = {}
        nets: dict[str, int] = {}
        for sale_id, sale in self.sales.items():
            if sale["kind"] not in ("sale", "completion"):
                continue
            plain[sale_id] = promise = self.book.promise(sale, self.as_of)
            back = sum(_int(a, "amount_minor") for a in self.till_refunds(sale_id))
            fee = sum(expected_fee(promise.terms, self.amount(sale))) if promise.terms else 0
            nets[sale_id] = max(self.amount(sale) - back, 0) - fee
        self.promises = self.book.with_minimum(plain, nets)

    # Payouts and credits.

    def last_of_chain(self, key: tuple[str, str]) -> tuple[str, str]:
        while key in self.next:
            key = self.next[key]
        return key

    def _payout_accounts(self) -> dict[tuple[str, str], str]:
        """Return each payout's account: its own, else that of its sales."""
        out = {k: row["account_id"] for k, row in self.payouts.items() if row.get("account_id")}
        for sale_id, lines in self.sale_lines.items():
            account = self.promises[sale_id].account_id
            for line in lines:
                if line.get("payout_id") and account:
                    out.setdefault((line["provider_id"], line["payout_id"]), account)
        for key in list(out):
            if key in self.next:
                out.setdefault(self.next[key], out[key])
                out.setdefault(self.last_of_chain(key), out[key])
        return out

    def _match_credits(self) -> None:
        """Fill ``carried`` (payout → credits, how) and ``half`` (payouts only partly booked)."""
        self.carried: dict[tuple[str, str], tuple[list[Row], str]] = {}
        self.half: set[tuple[str, str]] = set()
        accounts = self._payout_accounts()
        alone: dict[tuple[str, str], list[tuple[Row, str]]] = {}
        nameless: list[Row] = []
        for credit in self.credits:
            named: dict[tuple[str, str], str] = {}
            for key in self.payouts:
                how = _names(credit.get("ref", ""), key[1])
                if how and accounts.get(key) == credit["account_id"]:
                    named[self.last_of_chain(key)] = how
            if not named:
                nameless.append(credit)
            elif len(named) == 1:
                (key, how), *_ = named.items()
                alone.setdefault(key, []).append((credit, how))
            elif sum(self.net(k) for k in named) == _int(credit, "amount_minor"):
                self.carried.update({k: ([credit], "merged") for k in named})
            else:
                self.half.update(named)
        for key, parts in alone.items():
            if sum(_int(c, "amount_minor") for c, _ in parts) == self.net(key):
                how = parts[0][1] if len(parts) == 1 else "split"
                self.carried[key] = ([c for c, _ in parts], how)
            else:
                self.half.add(key)
        self._match_by_amount(nameless, accounts)

    def net(self, key: tuple[str, str]) -> int:
        return _int(self.payouts[key], "net_minor")

    def _match_by_amount(
        self, nameless: list[Row], accounts: dict[tuple[str, str], str]
    ) -> None:
        places: dict[tuple[Any, ...], tuple[list[tuple[str, str]], list[Row]]] = {}
        for key, row in self.payouts.items():
            open_still = key not in self.carried and key not in self.half
            if row["status"] == "sent" and open_still and key in accounts:
                zone = self.credit_zone(accounts[key])
                day = instant(parse_moment(row["paid_out_at"]), zone).astimezone(zone).date()
                place = (accounts[key], day, row["currency"], self.net(key))
                places.setdefault(place, ([], []))[0].append(key)
        for credit in nameless:
            zone = self.credit_zone(credit["account_id"])
            day = self.booked(credit).astimezone(zone).date()
            place = (credit["account_id"], day, credit["currency"], _int(credit, "amount_minor"))
            places.setdefault(place, ([], []))[1].append(credit)
        for keys, found in places.values():
            if len(keys) == 1 and len(found) == 1:
                self.carried[keys[0]] = (found, "net_amount_day")

    # Coverage.

    def covered(self, promise: Promise) -> bool:
        """Return whether the statement that would show the money covers its due time."""
        account_id = promise.account_id or ""
        assert promise.at is not None
        assert promise.due is not None
        zone = promise.zone
        rows = [r for r in self.coverage if r["subject"] == account_id and r["table"] == "credits"]
        if not rows:
            return self._bank_seen(account_id, promise.at)
        spans = []
        for row in rows:
            start, end = parse_moment(row["from_at"]), parse_moment(row["to_at"])
            if not isinstance(end, dt.datetime):
                end += DAY
            spans.append((instant(start, zone), instant(end, zone)))
        reach = at_local(promise.due, 0 * DAY, zone)
        for start, end in sorted(spans):
            if start <= reach < end:
                reach = end
        return reach > at_local(promise.due, 0 * DAY, zone) and reach >= promise.at

    def _bank_seen(self, account_id: str, at: dt.datetime) -> bool:
        bank = self.accounts.get(account_id, {}).get("bank_id")
        last = dt.datetime.min.replace(tzinfo=UTC)
        for credit in self.credits:
            own = self.accounts.get(credit["account_id"], {}).get("bank_id")
            if bank and (credit.get("bank_id") or own) == bank:
                zone = self.credit_zone(credit["account_id"])
                day = self.booked(credit).astimezone(zone).date()
                last = max(last, at_local(day + DAY, 0 * DAY, zone))
        return at < last

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
            return sum(_int(r, name) for r in wanted)

        back = [r for r in self.till_refunds(sale["sale_id"])]
        till = sum(_int(r, "amount_minor") for r in back)
        taken = -total("gross_minor", "refund")
        gross = total("gross_minor") - total("gross_minor", *TAKEN_BACK)
        amount, refunded = self.amount(sale), max(till, taken)
        booked = [r for r in lines if self._line_credits(r)[0]]
        credited = sum(_int(r, "net_minor") for r in booked)
        pending = sum(_int(r, "net_minor") for r in lines if r not in booked)
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
        spent = sum(_int(journey, n) for n in IDENTITY)
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

    def _refunded_before_payout(
        self, journey: Journey, back: list[Row], lines: list[Row]
    ) -> bool:
        amount, paid = journey["amount_minor"], journey["paid_out_at"]
        if journey["refunded_minor"] < amount or not journey["refunded_minor"]:
            return False
        till = [(self.time(r, "captured_at"), _int(r, "amount_minor")) for r in back]
        refunds = [r for r in lines if r.get("kind") == "refund"]
        taken = [(self.time(r, "cleared_at"), -_int(r, "gross_minor")) for r in refunds]
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
                last = max(stuck, key=lambda r: parse_moment(r["cleared_at"]))  # type: ignore[arg-type, return-value]
                return last["status"], last.get("reason", "")
        for line in own:
            key = self._payout_key(line)
            row = self.payouts.get(key) if key else None
            if row is not None and row["status"] in ("returned", "held"):
                return row["status"], row.get("reason", "")
        return "missing", ""

    def _leg(self, journey: Journey, sale: Row, promise: Promise) -> str | None:
        terms = promise.terms or {}
        held = journey["reason"] == "held" and journey["cleared_at"] is None
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


def _names(text: str, payout_id: str) -> str | None:
    """Return how a credit's reference names a payout, if it does."""
    if text == payout_id:
        return "payout_id"
    inside = re.search(rf"(?<![0-9A-Za-z]){re.escape(payout_id)}(?![0-9A-Za-z])", text)
    return "payout_id_in_text" if inside else None


def _by(terms: dict[str, Any], name: str, due: dt.date, zone: ZoneInfo) -> dt.datetime | None:
    return at_local(due, clock_time(terms[name]), zone) if name in terms else None
