"""What happens to single sales: plain settlement, refunds, holds, lost lines and the like."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tests.oracle.estate_facts import Fact, Line, Sale
from tests.oracle.estate_world import DAY, fee_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.estate_bank import Bank

HOUR = dt.timedelta(hours=1)


def tell(maker: Bank, sale: Sale) -> None:
    """Choose a sale's story and let it happen."""
    open_to = [s for s in STORIES if s in maker.features and fits(s, sale)]
    if sale.story == "plain" and open_to and maker.rng.random() < maker.faults:
        sale.story = maker.rng.choice(open_to)
    story: Callable[[Bank, Sale], Any] = STORIES.get(sale.story, settle)
    story(maker, sale)


def fits(story: str, sale: Sale) -> bool:
    """Tell whether a story can happen under a sale's terms."""
    provider = sale.unit.provider
    if provider == "min" or sale.versions[0][1]["amount_minor"] < 1_000:
        return False
    if story in ("submit_late", "never_submitted"):
        return provider == "acq"
    if story in ("rejected_then_settled", "held_then_settled", "cleared_late", "clear_slow"):
        return provider in ("acq", "wal")
    return True


def values_of(sale: Sale) -> dict[str, Any]:
    return sale.versions[-1][1]


def line(
    maker: Bank,
    sale: Sale,
    at: dt.datetime,
    gross: int,
    *,
    kind: str | None = None,
    by_id: bool = False,
    **changes: Any,
) -> Line:
    """Add a settlement line of a sale; the fee is that of the terms unless it is given."""
    values = values_of(sale)
    fee, tax = fee_of(sale.terms, gross) if gross > 0 and kind is None else (0, 0)
    fee, tax = changes.pop("fee", fee), changes.pop("tax", tax)
    reserve = changes.pop("reserve", 0)
    by_rrn = not by_id and values.get("rrn") and maker.rng.random() < 0.6
    by_rrn = by_rrn or (sale.story == "rrn" and not by_id)
    new = Line("settlements", sale=sale)
    status = changes.get("status", "settled")
    late = 0.1 if status == "settled" else 0.0
    maker.learned(new, at, late, **{
        "line_id": maker.number(f"{values['provider_id']}-L"),
        "provider_id": values["provider_id"],
        **({"kind": kind} if kind else {}),
        "ref": values["rrn"] if by_rrn else values["sale_id"],
        "merchant_id": values["merchant_id"] if maker.rng.random() < 0.7 else None,
        "terminal_id": values["terminal_id"] if by_rrn or maker.rng.random() < 0.5 else None,
        "gross_minor": gross, "fee_minor": fee, "tax_minor": tax, "reserve_minor": reserve,
        "net_minor": gross - fee - tax - reserve, "currency": values["currency"],
        "cleared_at": at, "payout_id": None, "status": "settled", "reason": None, **changes,
    })  # fmt: skip
    sale.lines.append(new)
    maker.lines.append(new)
    return new


def settle(maker: Bank, sale: Sale, amount: int | None = None, **changes: Any) -> Line:
    """Settle a sale on its own business date."""
    gross = values_of(sale)["amount_minor"] if amount is None else amount
    new = line(maker, sale, maker.cleared(sale, sale.business), gross, **changes)
    maker.join_cycle(new, sale, sale.business)
    return new


def act(maker: Bank, sale: Sale, kind: str, at: dt.datetime, amount: int) -> Fact:
    """Add a till event that acts on a sale: a refund, a void, a tip."""
    values = values_of(sale)
    fact = Fact("sales")
    keep = ("merchant_id", "store_id", "terminal_id", "provider_id", "channel", "currency")
    maker.learned(fact, at, 0.1, **{
        **{n: values[n] for n in keep},
        "sale_id": f"{values['sale_id']}-{kind[0]}{len(sale.acts)}", "kind": kind,
        "original_sale_id": values["sale_id"], "amount_minor": amount, "captured_at": at,
        "host_at": maker.rng.choice([at, None]),
    })  # fmt: skip
    sale.acts.append(fact)
    maker.others.append(fact)
    return fact


def soon(maker: Bank, sale: Sale) -> dt.datetime:
    return sale.clock + maker.seconds(300, 3_600)


def after(maker: Bank, sale: Sale) -> dt.datetime:
    assert sale.due is not None
    return sale.due.at + maker.seconds(3_600, 200_000)


def share(maker: Bank, sale: Sale) -> int:
    return maker.rng.randint(1, values_of(sale)["amount_minor"] // 2)


def later_line(
    maker: Bank, sale: Sale, at: dt.datetime, gross: int, kind: str, **more: Any
) -> Line:
    """Add a line on a later business date, to be netted from that date's payout."""
    business = at.date() + DAY
    cleared = maker.world.closes(sale.terms, business) + maker.seconds(3_600, 9_000)
    new = line(maker, sale, cleared, gross, kind=kind, by_id=True, **more)
    maker.join_cycle(new, sale, business)
    return new


def completion(maker: Bank, sale: Sale) -> None:
    values = values_of(sale)
    hold = Fact("sales")
    at = values["captured_at"] - maker.seconds(600, 80_000)
    amount = values["amount_minor"] * 2
    hold.learn(at, **{**values, "sale_id": f"{values['sale_id']}-pre", "kind": "preauth",
                      "amount_minor": amount, "captured_at": at, "host_at": None,
                      "submitted_at": None, "rrn": None})  # fmt: skip
    maker.others.append(hold)
    known, first = sale.versions[0]
    original = f"{values['sale_id']}-pre"
    sale.versions[0] = (known, {**first, "kind": "completion", "original_sale_id": original})
    settle(maker, sale)


def refund_netted(maker: Bank, sale: Sale) -> None:
    """Give part back at once; the provider settles only the rest."""
    part = share(maker, sale)
    act(maker, sale, "refund", soon(maker, sale), part)
    settle(maker, sale, values_of(sale)["amount_minor"] - part)


def refund_line(maker: Bank, sale: Sale) -> None:
    """Give part back at once; the provider shows it as a line of the same payout."""
    part = share(maker, sale)
    back = act(maker, sale, "refund", soon(maker, sale), part)
    own = settle(maker, sale)
    at = own.versions[-1][1]["cleared_at"] + maker.seconds(1, 60)
    extra = line(maker, sale, at, -part, kind="refund", by_id=True)
    if maker.rng.random() < 0.5:
        known, values = extra.versions[0]
        own_id = back.versions[0][1]["sale_id"]
        extra.versions[0] = (max(known, back.versions[0][0]), {**values, "ref": own_id})
        extra.learned_silently = False
    maker.join_cycle(extra, sale, sale.business)


def refund_full(maker: Bank, sale: Sale) -> None:
    """Give all back before anything is paid out: never settled, or settled and taken again."""
    amount = values_of(sale)["amount_minor"]
    act(maker, sale, "refund", soon(maker, sale), amount)
    if maker.rng.random() < 0.5 and "windows" not in sale.terms:
        own = settle(maker, sale)
        at = own.versions[-1][1]["cleared_at"] + maker.seconds(1, 60)
        extra = line(maker, sale, at, -amount, kind="refund", by_id=True)
        maker.join_cycle(extra, sale, sale.business)


def refund_later(maker: Bank, sale: Sale) -> None:
    """Give some or all back after the money arrived; a later payout is short of it."""
    settle(maker, sale)
    part = values_of(sale)["amount_minor"] if maker.rng.random() < 0.3 else share(maker, sale)
    at = after(maker, sale)
    act(maker, sale, "refund", at, part)
    if maker.rng.random() < 0.7:
        later_line(maker, sale, at, -part, "refund")


def void(maker: Bank, sale: Sale) -> None:
    act(maker, sale, "void", soon(maker, sale), values_of(sale)["amount_minor"])


def reversal(maker: Bank, sale: Sale) -> None:
    at = sale.clock + maker.seconds(30, 90)
    act(maker, sale, "reversal", at, values_of(sale)["amount_minor"])


def tip(maker: Bank, sale: Sale) -> None:
    extra = share(maker, sale)
    act(maker, sale, "adjustment", soon(maker, sale), extra)
    settle(maker, sale, values_of(sale)["amount_minor"] + extra)


def chargeback(maker: Bank, sale: Sale) -> None:
    settle(maker, sale)
    at = after(maker, sale)
    amount = values_of(sale)["amount_minor"]
    later_line(maker, sale, at, -amount, "chargeback", fee=100)
    if maker.rng.random() < 0.5:
        later_line(maker, sale, at + DAY, amount, "chargeback_reversal")


def reserve(maker: Bank, sale: Sale) -> None:
    held = values_of(sale)["amount_minor"] // 20
    settle(maker, sale, reserve=held)
    if maker.rng.random() < 0.5:
        later_line(maker, sale, after(maker, sale), 0, "reserve_release", reserve=-held)


def fee_line(maker: Bank, sale: Sale) -> None:
    """Charge the fee as a line of its own."""
    fee, tax = fee_of(sale.terms, values_of(sale)["amount_minor"])
    own = settle(maker, sale, fee=0, tax=0)
    at = own.versions[-1][1]["cleared_at"] + maker.seconds(1, 60)
    extra = line(maker, sale, at, 0, kind="fee", by_id=True, fee=fee, tax=tax)
    maker.join_cycle(extra, sale, sale.business)


def fee_wrong(maker: Bank, sale: Sale) -> None:
    settle(maker, sale, fee=values_of(sale)["amount_minor"] // 90)


def short(maker: Bank, sale: Sale) -> None:
    settle(maker, sale, values_of(sale)["amount_minor"] - share(maker, sale))


def submit_late(maker: Bank, sale: Sale) -> None:
    """Submit after the cut-off: the money goes with the next business date."""
    known, values = sale.versions[0]
    late = sale.closes + maker.seconds(3_600, 60_000)
    sale.versions[0] = (known, {**values, "submitted_at": late})
    business = sale.business + DAY
    new = line(maker, sale, maker.cleared(sale, business), values["amount_minor"])
    maker.join_cycle(new, sale, business)


def never_submitted(maker: Bank, sale: Sale) -> None:
    known, values = sale.versions[0]
    sale.versions[0] = (known, {**values, "submitted_at": None})


def line_missing(maker: Bank, sale: Sale) -> None:
    """Submit a sale that no settlement line ever shows."""


def rejected(maker: Bank, sale: Sale) -> None:
    at = maker.cleared(sale, sale.business)
    status = maker.rng.choice(["rejected", "held"])
    amount = values_of(sale)["amount_minor"]
    line(maker, sale, at, amount, status=status, reason=f"{status} by risk control")


def _settled_after(maker: Bank, sale: Sale, status: str) -> None:
    amount = values_of(sale)["amount_minor"]
    at = maker.cleared(sale, sale.business)
    stuck = line(maker, sale, at, amount, status=status, reason="E-17", by_id=True)
    business = sale.business + maker.rng.randint(1, 4) * DAY
    then = maker.cleared(sale, business)
    if maker.rng.random() < 0.4:
        stuck.learn(then, status="settled", reason=None, cleared_at=then)
        settled = stuck
    else:
        settled = line(maker, sale, then, amount, by_id=True)
    maker.join_cycle(settled, sale, business)


def rejected_then_settled(maker: Bank, sale: Sale) -> None:
    _settled_after(maker, sale, "rejected")


def held_then_settled(maker: Bank, sale: Sale) -> None:
    _settled_after(maker, sale, "held")


def cleared_late(maker: Bank, sale: Sale) -> None:
    business = sale.business + maker.rng.randint(1, 3) * DAY
    amount = values_of(sale)["amount_minor"]
    new = line(maker, sale, maker.cleared(sale, business), amount)
    maker.join_cycle(new, sale, business)


def clear_slow(maker: Bank, sale: Sale) -> None:
    """Clear after the deadline but early enough for the payout: a delay that costs nothing."""
    assert sale.due is not None
    at = sale.due.at - 4 * HOUR
    new = line(maker, sale, at, values_of(sale)["amount_minor"])
    maker.join_cycle(new, sale, sale.business)


def corrected(maker: Bank, sale: Sale) -> None:
    """Learn a wrong amount first and the right one a day later."""
    known, values = sale.versions[0]
    right = values["amount_minor"]
    sale.versions[0] = (known, {**values, "amount_minor": right + 777})
    sale.learn(known + maker.seconds(3_600, 90_000), amount_minor=right)
    settle(maker, sale)


def ghost(maker: Bank, sale: Sale) -> None:
    """Add a sale that was never one and is withdrawn; the real one settles."""
    settle(maker, sale)
    twin = Sale(
        "sales", unit=sale.unit, terms=sale.terms, business=sale.business, clock=sale.clock,
        closes=sale.closes, due=sale.due, account=sale.account, story="ghost",
    )  # fmt: skip
    known, values = sale.versions[0]
    name = f"{values['sale_id']}-ghost"
    twin.learn(known, **{**values, "sale_id": name, "rrn": None})
    twin.learn(known + maker.seconds(3_600, 90_000), removed=1)
    maker.ghosts.append(twin)


def ghost_line(maker: Bank, sale: Sale) -> None:
    """Add a settled line twice; the second one is withdrawn later."""
    own = settle(maker, sale)
    extra = line(maker, sale, own.versions[0][1]["cleared_at"], own.versions[0][1]["gross_minor"])
    extra.learn(extra.versions[0][0] + maker.seconds(3_600, 90_000), removed=1)


STORIES: dict[str, Callable[[Bank, Sale], Any]] = {
    story.__name__: story
    for story in (
        completion, refund_netted, refund_line, refund_full, refund_later, void, reversal, tip,
        chargeback, reserve, fee_line, fee_wrong, short, submit_late, never_submitted,
        line_missing, rejected, rejected_then_settled, held_then_settled, cleared_late, clear_slow,
        corrected, ghost, ghost_line,
    )
}  # fmt: skip
"""Every story by its feature's name."""
