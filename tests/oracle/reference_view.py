"""What the reference knows at one moment: resolved lines, promises, matched credits, coverage."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from tests.oracle.promises import DAY, Book, Promise, at_local, expected_fee
from tests.oracle.rows import UTC, Facts, Row, instant, parse_moment

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def int_of(row: Row, name: str) -> int:
    return int(row.get(name) or 0)


class View:
    """Everything known at one moment."""

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
        return int_of(sale, "amount_minor") + sum(int_of(a, "amount_minor") for a in tips)

    def till_refunds(self, sale_id: str) -> list[Row]:
        return [a for a in self.acts.get(sale_id, []) if a["kind"] != "adjustment"]

    def _promise_all(self) -> None:
        plain: dict[str, Promise] = {}
        nets: dict[str, int] = {}
        for sale_id, sale in self.sales.items():
            if sale["kind"] not in ("sale", "completion"):
                continue
            plain[sale_id] = promise = self.book.promise(sale, self.as_of)
            back = sum(int_of(a, "amount_minor") for a in self.till_refunds(sale_id))
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
            elif sum(self.net(k) for k in named) == int_of(credit, "amount_minor"):
                self.carried.update({k: ([credit], "merged") for k in named})
            else:
                self.half.update(named)
        for key, parts in alone.items():
            if sum(int_of(c, "amount_minor") for c, _ in parts) == self.net(key):
                how = parts[0][1] if len(parts) == 1 else "split"
                self.carried[key] = ([c for c, _ in parts], how)
            else:
                self.half.add(key)
        self._match_by_amount(nameless, accounts)

    def net(self, key: tuple[str, str]) -> int:
        return int_of(self.payouts[key], "net_minor")

    def _match_by_amount(self, nameless: list[Row], accounts: dict[tuple[str, str], str]) -> None:
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
            place = (credit["account_id"], day, credit["currency"], int_of(credit, "amount_minor"))
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


def _names(text: str, payout_id: str) -> str | None:
    """Return how a credit's reference names a payout, if it does."""
    if text == payout_id:
        return "payout_id"
    if payout_id not in text:
        return None
    inside = re.search(rf"(?<![0-9A-Za-z]){re.escape(payout_id)}(?![0-9A-Za-z])", text)
    return "payout_id_in_text" if inside else None
