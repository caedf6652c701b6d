"""Credits without an id: each rule of the contract's matching, and its ambiguous twin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from daozhang.journey.arrivals import match
from daozhang.journey.parties import Payers, plain_name
from daozhang.journey.sides import Chain, Credit, Item

FIRST = dt.date(2026, 3, 2)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def chain(name: str, net: int, at: int, **more: object) -> Chain:
    """A payout with lines, sent on a day."""
    values = {
        "provider_id": "P", "account_id": "a", "currency": "CNY", "alive": True, "names": (name,),
        "lines_minor": net, "lines": 3, **more,
    }  # fmt: skip
    return Chain(chain_id=name, net_minor=net, day=day(at), **values)


def group(name: str, net: int, at: int, channel: str = "card", **more: object) -> Chain:
    """What one channel should bring by the terms, due on a day."""
    due = day(at)
    values = {
        "supposed": True, "paid": False, "names": (), "lines_minor": None, "channel": channel,
        "slot": (due, -1), **more,
    }  # fmt: skip
    return chain(name, net, at, **values)


def credit(name: str, amount: int, at: int, payer: str = "", account: str = "a") -> Credit:
    booked = dt.datetime.combine(day(at), dt.time(2), dt.UTC)
    return Credit(account, name, "CNY", amount, booked, day(at), "", payer, payer=payer)


@dataclass
class Matched:
    chains: list[Chain]
    credits: list[Credit]
    items: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    payers: Payers | None = None

    def run(self) -> Matched:
        def lines_of(wanted: Sequence[Chain], every: bool) -> dict[int, list[Item]]:
            return {
                id(c): [i for i in self.items.get(c.chain_id, ()) if every or i.kind != "sale"]
                for c in wanted
            }

        self.desk = match(self.chains, self.credits, self.payers, lines_of)
        return self

    def story(self) -> dict[str, object]:
        """Credit → how and with which chains; None: unexplained; "?": several answers."""
        told: dict[str, object] = {}
        for c in self.credits:
            if c.chains:
                names = "+".join(sorted(x.chain_id for x in c.chains))
                told[c.credit_id] = f"{c.matched_by} {names}"
            else:
                told[c.credit_id] = "?" if c.ambiguous else None
        return told


REFUND = {"B": [Item("r", "refund", -1_499)]}
SALE = {"A": [Item("s", "sale", 3_011), Item("s2", "sale", 20_018)]}
CASES: dict[str, tuple[Matched, dict[str, object]]] = {
    # One payout, one credit.
    "amount": (Matched([chain("A", 500, 0)], [credit("c", 500, 1)]), {"c": "net_amount_day A"}),
    "equal amounts, forced by their days": (
        Matched([chain("A", 500, 0), chain("B", 500, 3)],
                [credit("c", 500, 2), credit("d", 500, 3)]),
        {"c": "net_amount_day A", "d": "net_amount_day B"},
    ),
    "equal amounts, either way possible": (
        Matched([chain("A", 500, 0), chain("B", 500, 1)],
                [credit("c", 500, 2), credit("d", 500, 3)]),
        {"c": "?", "d": "?"},
    ),
    "two equal payouts for one credit": (
        Matched([chain("A", 500, 0), chain("B", 500, 1)], [credit("c", 500, 2)]), {"c": "?"},
    ),
    "one payout wanted by two credits": (
        Matched([chain("A", 500, 0)], [credit("c", 500, 1), credit("d", 500, 2)]),
        {"c": "?", "d": "?"},
    ),
    "not before it is sent": (Matched([chain("A", 500, 2)], [credit("c", 500, 1)]), {"c": None}),
    "not after a month": (Matched([chain("A", 500, 0)], [credit("c", 500, 32)]), {"c": None}),
    "another account": (
        Matched([chain("A", 500, 0)], [credit("c", 500, 1, account="b")]), {"c": None},
    ),
    # Payouts together and in parts.
    "payouts of one day as one credit": (
        Matched([chain("A", 501, 0), chain("B", 733, 0)], [credit("c", 1_234, 0)]),
        {"c": "merged A+B"},
    ),
    "carried over to the next payout": (
        Matched(
            [chain("A", 50_101, 0), chain("B", 73_307, 1), chain("C", 91_009, 2)],
            [credit("c", 123_408, 1), credit("d", 91_009, 2)],
        ),
        {"c": "carried_over A+B", "d": "net_amount_day C"},
    ),
    "carried over, or another two": (
        Matched(
            [chain("A", 50_101, 0), chain("B", 73_307, 1), chain("C", 50_101, 2)],
            [credit("c", 123_408, 2)],
        ),
        {"c": "?"},
    ),
    "split": (
        Matched([chain("A", 50_101, 0)], [credit("c", 20_000, 1), credit("d", 30_101, 2)]),
        {"c": "split A", "d": "split A"},
    ),
    "split, two ways": (
        Matched(
            [chain("A", 50_101, 0)],
            [credit("c", 20_000, 1), credit("d", 30_101, 1), credit("e", 30_101, 1)],
        ),
        {"c": "?", "d": "?", "e": "?"},
    ),
    "a few that do not follow each other": (
        Matched(
            [chain("A", 50_101, 0), chain("B", 73_307, 1), chain("C", 91_009, 2)],
            [credit("c", 141_110, 2)],
        ),
        {"c": "subset A+C"},
    ),
    # Groups of sales.
    "a business date": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 1)], [credit("c", 18_433, 1)]),
        {"c": "net_of_days B"},
    ),
    "a weekend": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 0), group("C", 7_001, 1)],
                [credit("c", 41_462, 0), credit("d", 7_001, 1)]),
        {"c": "net_of_days A+B", "d": "net_of_days C"},
    ),
    "a weekend that equals Monday": (
        Matched([group("A", 10_000, 0, slot=(day(-3), -1)), group("B", 20_000, 0),
                 group("C", 30_000, 1)], [credit("c", 30_000, 0), credit("d", 30_000, 1)]),
        {"c": "net_of_days A+B", "d": "net_of_days C"},
    ),
    "channels apart": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 0, "wallet")],
                [credit("c", 18_433, 0), credit("d", 23_029, 0)]),
        {"c": "net_of_days B", "d": "net_of_days A"},
    ),
    "a wallet pays two days at once": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 0, "wallet"),
                 group("C", 29_017, 1), group("D", 11_213, 1, "wallet")],
                [credit("c", 23_029, 0), credit("d", 29_646, 1), credit("e", 29_017, 1)]),
        {"c": "net_of_days A", "d": "net_of_days B+D", "e": "net_of_days C"},
    ),
    "less a refund of the next day": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 1)], [credit("c", 21_530, 1)], REFUND),
        {"c": "net_of_days_less_items A"},
    ),
    "less a refund, or another day": (
        Matched([group("A", 23_029, 0), group("B", 18_433, 1), group("C", 21_530, 1, "wallet")],
                [credit("c", 21_530, 1)], REFUND),
        {"c": "?"},
    ),
    "a sale left out comes with the next payout": (
        Matched([group("A", 23_029, 0, lines=2), group("B", 18_433, 1)],
                [credit("c", 20_018, 0), credit("d", 21_444, 1)], SALE),
        {"c": "net_of_days_less_items A", "d": "net_of_days_less_items B"},
    ),
    "a sale left out comes alone, days later": (
        Matched([group("A", 23_029, 0, lines=2)],
                [credit("c", 20_018, 0), credit("d", 3_011, 9)], SALE),
        {"c": "?", "d": "?"},
    ),
    "a sale left out that comes alone is a split": (
        Matched([group("A", 23_029, 0, lines=2)],
                [credit("c", 20_018, 0), credit("d", 3_011, 1)], SALE),
        {"c": "split A", "d": "split A"},
    ),
    "below the minimum nothing is paid": (
        Matched([group("A", 400, 2, least_minor=1_000, slot=(day(0), -1)),
                 group("B", 700, 2, least_minor=1_000, slot=(day(1), -1))],
                [credit("c", 400, 2), credit("d", 1_100, 2)]),
        {"c": None, "d": "net_of_days A+B"},
    ),
    # Who pays.
    "two providers, one account": (
        Matched([group("A", 23_029, 0), group("B", 23_029, 0, provider_id="Q")],
                [credit("c", 23_029, 0, "随行付有限公司"), credit("d", 23_029, 0, "QPAY ＬＴＤ.")],
                payers=Payers({"P": frozenset({"随行付"}), "Q": frozenset({"qpay"})})),
        {"c": "net_of_days A", "d": "net_of_days B"},
    ),
    "two providers, nobody named": (
        Matched([group("A", 23_029, 0), group("B", 23_029, 0, provider_id="Q")],
                [credit("c", 23_029, 0)]),
        {"c": "?"},
    ),
    "one provider, two accounts": (
        Matched([group("A", 23_029, 0), group("B", 23_029, 0, account_id="b")],
                [credit("c", 23_029, 0), credit("d", 23_029, 0, account="b")]),
        {"c": "net_of_days A", "d": "net_of_days B"},
    ),
    "a stranger brings nobody's money": (
        Matched([group("A", 23_029, 0)], [credit("c", 23_029, 0, "王先生")],
                payers=Payers({"P": frozenset({"qpay"})})),
        {"c": None},
    ),
    "a stranger brings a payout to the unit that nobody else has paid": (
        Matched([chain("A", 23_029, 0), chain("B", 71_003, 0)],
                [credit("c", 23_029, 4, "某某科技"), credit("d", 71_003, 1, "qpay"),
                 credit("e", 71_003, 1, "某某科技")],
                payers=Payers({"P": frozenset({"qpay"})})),
        {"c": "net_amount_day A", "d": "net_amount_day B", "e": None},
    ),
    "a stranger's amount that is two payouts' is nobody's": (
        Matched([chain("A", 23_029, 0), chain("B", 23_029, 0)],
                [credit("c", 23_029, 4, "某某科技")],
                payers=Payers({"P": frozenset({"qpay"})})),
        {"c": None},
    ),
    # Payouts without lines.
    "a payout without lines is what its days bring": (
        Matched([group("A", 23_029, 0), chain("X", 23_029, 0, itemised=False, lines=0)],
                [credit("c", 23_029, 1)]),
        {"c": "net_amount_day X"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("matched", "wanted"), CASES.values(), ids=CASES)
def test_table(matched: Matched, wanted: dict[str, object]) -> None:
    run = matched.run()
    assert run.story() == wanted
    for c in run.credits:
        assert c.explained_minor == (c.amount_minor if c.chains else 0)
        assert c.rivals > 0 or not c.ambiguous
    for x in run.chains:
        if x.credits:
            assert x.credited_minor == x.net_minor
            strange = any((run.payers or Payers({})).stranger(c.payer) for c in x.credits)
            alone = x.paid and x.itemised and x.matched_by == "net_amount_day"
            assert x.certain == (alone and not strange)


def test_moved_items_take_their_money_along() -> None:
    """21,444 is B's 18,433 and the sale of 3,011 that A's credit left out."""
    run = CASES["a sale left out comes with the next payout"][0]
    if not run.credits[0].chains:
        run.run()
    left, next_ = run.chains
    assert (left.net_minor, next_.net_minor) == (20_018, 21_444)
    assert {key: c.chain_id for key, c in run.desk.moved.items()} == {("P", "s"): "B"}


NAMES = {
    "full width, case and spaces": ("ＱＰａｙ  China", "qpaychina"),
    "the form of a company": ("随行付支付有限公司", "随行付支付"),
    "forms in English": ("Adyen N.V. Co., Ltd.", "adyennv"),
    "nothing but a form": ("有限公司", "有限公司"),
    "punctuation": ("O'Neil & Sons-PLC", "oneilsons"),
}


@pytest.mark.parametrize(("name", "plain"), NAMES.values(), ids=NAMES)
def test_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain
