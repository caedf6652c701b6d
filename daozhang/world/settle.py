"""Payouts and credits: what the days' lines add up to, and how it shows in the bank.

Rules kept here: a payout carries exactly its lines, a credit (or the two parts of a split one,
or the one of several merged payouts) exactly its payouts. A returned payout was sent, came back
with a reason, and is replaced by another one after the fix. Foreign lines (a rent deposit, bank
charges) belong to no payout. A missing statement takes its lines and its coverage with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Bools, Ints, stream
from daozhang.world.daily import Book, payout_ids, statement_at
from daozhang.world.estate import BANKS
from daozhang.world.money_path import Path
from daozhang.world.providers import CURRENCIES, PROVIDERS
from daozhang.world.statements import bank_known, ordinary_known
from daozhang.world.write import Cells, Digits, FactFile

__all__ = ["CreditLines", "Payouts", "credits_of", "payouts_of", "write_credits", "write_payouts"]

_STREAM: Final = 8
_REASONS: Final[tuple[str | None, ...]] = ("户名不符", "卡号无效")
_RISK: Final = "风控冻结：批次重复上送"
_REVIEW: Final = "商户资料审核中"
_QUOTA: Final = "BANK_CARD_COLLECTIONS_ABOVE_QUOTA"
_OTHER_PAYER: Final = "恒信商务信息咨询有限公司"
_ROUND: Final = 1_000
_FOREIGN: Final = (
    ("RENT", "退还租房押金", "物业管理有限公司", 1, (80_000, 900_000)),
    ("CHARGE", "账户管理费", "本行", -1, (500, 20_000)),
)
_SPLIT_MIN: Final = 10
_FOREIGN_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Payouts:
    """Payouts by provider, pair and cycle; one entry a payout that carries money.

    Attributes:
        provider: provider number.
        pair: pair number.
        cycle: cycle number.
        net: minor units.
        first_paid_out: when it first left.
        paid_out: when the one that arrived left.
        credited: when the last part was booked.
        returned: the first one came back.
        held: it waited, and the provider says so.
        stalled: it came late from another payer.
        statement: when the provider's statement of its lines is known.
        due_day: day number.
        ids: Arrow texts.
    """

    provider: Ints
    pair: Ints
    cycle: Ints
    net: Ints
    first_paid_out: Ints
    paid_out: Ints
    credited: Ints
    returned: Bools
    held: Bools
    stalled: Bools
    statement: Ints
    due_day: Ints
    ids: Any


def payouts_of(path: Path, book: Book) -> Payouts:
    """Return every payout, provider by provider, in order of pair and cycle."""
    world = path.world
    net = book.net.reshape(-1, world.width)
    assert (net >= 0).all(), "a payout would be negative"
    parts: dict[str, list[Any]] = {name: [] for name in Payouts.__dataclass_fields__}
    ids = []
    for p, cycles in enumerate(world.cycles):
        pair, cycle = np.nonzero((net > 0) & (world.estate.pair_provider == p)[:, None])
        own: dict[str, Any] = {
            "provider": np.full(len(pair), p, dtype=np.int64),
            "pair": pair,
            "cycle": cycle,
            "net": net[pair, cycle],
            "first_paid_out": world.draws.paid_out[pair, cycle],
            "paid_out": path.paying.paid_out[pair, cycle],
            "credited": path.paying.credited[pair, cycle],
            "returned": path.paying.returned[pair, cycle],
            "held": path.paying.held[pair, cycle],
            "stalled": path.paying.stalled[pair, cycle],
            "statement": statement_at(world, p)[cycle],
            "due_day": cycles.due_day[cycle],
        }
        for name, values in own.items():
            parts[name].append(values)
        ids.append(payout_ids(world, p, pair, cycle, None))
    columns: dict[str, Any] = {n: np.concatenate(v) for n, v in parts.items() if n != "ids"}
    return Payouts(**columns, ids=pa.concat_arrays(ids))


def write_payouts(path: Path, cells: Cells, file: FactFile, payouts: Payouts) -> None:
    """Write payouts as they are known: held, sent, then perhaps returned, then sent again."""
    first_known = np.maximum(payouts.first_paid_out + 5 * MINUTE, payouts.statement + 2 * MINUTE)
    everyone = np.arange(len(payouts.net), dtype=np.int64)
    reasons = _held_reasons(path, payouts)
    waits = np.array([reason is not None for reason in reasons], dtype=np.bool_)
    held = np.flatnonzero(waits)
    _payout_rows(
        path, cells, file, payouts, chosen=held, known=first_known[held],
        paid_out=payouts.first_paid_out, status="held", reason=[reasons[i] for i in held.tolist()],
    )  # fmt: skip
    left = np.where(payouts.returned, payouts.first_paid_out, payouts.paid_out)
    sent_known = np.maximum(np.maximum(left + 5 * MINUTE, first_known), first_known + waits)
    _payout_rows(path, cells, file, payouts, chosen=everyone, known=sent_known, paid_out=left)
    back = np.flatnonzero(payouts.returned)
    again_ids = pa.array([f"{i}R" for i in payouts.ids.take(pa.array(back)).to_pylist()])
    returned_known = sent_known[back] + 3 * HOUR
    if "return_pending" in path.world.plan.traps:
        returned_known = np.full(len(back), NEVER, dtype=np.int64)
    _payout_rows(
        path, cells, file, payouts, chosen=back, known=returned_known, paid_out=left,
        status="returned", reason=[_REASONS[int(p) % len(_REASONS)] for p in payouts.pair[back]],
    )  # fmt: skip
    again_known = np.maximum(payouts.paid_out[back] + 5 * MINUTE, returned_known + MINUTE)
    _payout_rows(
        path, cells, file, payouts, chosen=back, known=again_known, paid_out=payouts.paid_out,
        again=again_ids,
    )  # fmt: skip


def _held_reasons(path: Path, payouts: Payouts) -> list[str | None]:
    """Return what the provider says of each payout that waits; None where it says nothing."""
    strikes, plan = path.world.plan.strikes, path.world.plan
    silent = "hold_without_notice" in plan.traps
    found: list[str | None] = []
    for pair, held in zip(payouts.pair.tolist(), payouts.held.tolist(), strict=True):
        reason: str | None = None
        if held and pair == strikes.twice_pair and "F12" in path.faults:
            reason = _RISK
        elif held and strikes.reviewed[pair] and "F13" in path.faults:
            reason = None if silent else _REVIEW
        elif held:
            reason = _QUOTA
        found.append(reason)
    return found


def _payout_rows(
    path: Path,
    cells: Cells,
    file: FactFile,
    payouts: Payouts,
    *,
    chosen: Ints,
    known: Ints,
    paid_out: Ints,
    status: str = "sent",
    reason: list[str | None] | None = None,
    again: Any = None,
) -> None:
    estate = path.world.estate
    seen = known <= path.world.plan.as_of
    kept = chosen[seen]
    count = len(kept)
    ids = payouts.ids.take(pa.array(kept))
    reasons = (
        [None] * count if reason is None else [r for r, s in zip(reason, seen, strict=True) if s]
    )
    pair = payouts.pair[kept]
    file.write(
        {
            "payout_id": ids if again is None else again.filter(pa.array(seen)).cast(pa.string()),
            "provider_id": cells.chosen([p.provider_id for p in PROVIDERS], payouts.provider[kept]),
            "merchant_id": cells.chosen(estate.merchant_ids, estate.pair_merchant[pair]),
            "account_id": cells.chosen(estate.account_ids, estate.pair_account[pair]),
            "net_minor": cells.ints(payouts.net[kept]),
            "currency": cells.chosen(CURRENCIES, payouts.provider[kept]),
            "paid_out_at": cells.times(paid_out[kept]),
            "status": cells.same(status, count),
            "reason": cells.texts(reasons),
            "replaces_payout_id": cells.same(None, count) if again is None else ids,
            "known_at": cells.times(known[seen]),
        }
    )


@dataclass(frozen=True, slots=True)
class CreditLines:
    """Lines of bank statements; one entry a line.

    Attributes:
        account: account number.
        bank: bank number.
        amount: signed minor units.
        booked: instant.
        ref: what the line says of its payout; None: nothing.
        counterparty: who paid.
    """

    account: Ints
    bank: Ints
    amount: Ints
    booked: Ints
    ref: list[str | None]
    counterparty: list[str]


def credits_of(path: Path, payouts: Payouts) -> CreditLines:
    """Return every line that the banks book, in order of time and account."""
    world = path.world
    draws, estate = world.draws, world.estate
    windows = np.array([bool(p.windows) for p in PROVIDERS])[payouts.provider]
    moved = payouts.paid_out > payouts.first_paid_out
    merged = draws.merged[payouts.pair] & ~moved & ~windows
    # A merged credit takes together what one provider pays one account on one due day.
    alone = np.arange(len(payouts.net), dtype=np.int64) + 2**40
    key = np.where(merged, payouts.pair * 2**16 + payouts.due_day, alone)
    _, first, group, sizes = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    amount = np.zeros(len(first), dtype=np.int64)
    np.add.at(amount, group, payouts.net)
    split = draws.split[payouts.pair[first], payouts.cycle[first]]
    split &= (sizes == 1) & (amount >= _SPLIT_MIN) & ~moved[first]
    head = np.where(split, amount * 3 // 5, 0)
    # An intermediary pays a round amount first and the rest with it, a minute later.
    stalled = payouts.stalled[first]
    rounded = amount // _ROUND * _ROUND
    head = np.where(stalled & (rounded < amount), rounded, np.where(stalled, 0, head))
    split = head > 0

    pair = payouts.pair[first]
    ref = _refs(path, payouts, first, sizes)
    payer = [
        _OTHER_PAYER if other else PROVIDERS[p].legal_name
        for p, other in zip(payouts.provider[first].tolist(), stalled.tolist(), strict=True)
    ]
    booked = payouts.credited[first]
    extra = np.flatnonzero(split)
    account = np.concatenate([estate.pair_account[pair], estate.pair_account[pair[extra]]])
    amounts = np.concatenate([amount - head, head[extra]])
    times = np.concatenate([booked, booked[extra] - 60])
    lines = CreditLines(
        account,
        estate.account_rows[account, 1],
        amounts,
        times,
        [*ref, *(ref[i] for i in extra.tolist())],
        [*payer, *(payer[i] for i in extra.tolist())],
    )
    return _ordered(_with_foreign(path, lines))


def _refs(path: Path, payouts: Payouts, first: Ints, sizes: Ints) -> list[str | None]:
    """Return what each credit's line says: an id, a text with the id, or nothing."""
    ids = payouts.ids.take(pa.array(first)).to_pylist()
    banks = path.world.estate.pair_bank[payouts.pair[first]]
    again = payouts.returned[first]
    stalled = payouts.stalled[first]
    found: list[str | None] = []
    for payout_id, bank, resent, size, other in zip(
        ids, banks.tolist(), again.tolist(), sizes.tolist(), stalled.tolist(), strict=True
    ):
        shown = f"{payout_id}R" if resent else payout_id
        manner = BANKS[bank].ref
        if size > 1 or (manner == "none" and not other):
            # The transfer of several payouts names none of them; an unknown payer says what for.
            found.append(None)
        else:
            found.append(shown if manner == "id" else f"货款结算 {shown} 入账")
    return found


def _with_foreign(path: Path, lines: CreditLines) -> CreditLines:
    world = path.world
    rng = stream(world.seed, _STREAM)
    accounts = len(world.estate.account_ids)
    extra: list[tuple[int, int, int, str, str]] = []
    for account in np.flatnonzero(rng.random(accounts) < _FOREIGN_SHARE).tolist():
        _, text, payer, sign, bounds = _FOREIGN[int(rng.integers(len(_FOREIGN)))]
        day = world.plan.first_day + int(rng.integers(world.plan.days))
        at = day * DAY + int(rng.integers(9 * HOUR, 17 * HOUR))
        extra.append((account, sign * int(rng.integers(*bounds)), at, text, payer))
    number = np.array([e[0] for e in extra], dtype=np.int64)
    return CreditLines(
        np.concatenate([lines.account, number]),
        np.concatenate([lines.bank, world.estate.account_rows[number, 1]]),
        np.concatenate([lines.amount, np.array([e[1] for e in extra], dtype=np.int64)]),
        np.concatenate([lines.booked, np.array([e[2] for e in extra], dtype=np.int64)]),
        [*lines.ref, *(e[3] for e in extra)],
        [*lines.counterparty, *(e[4] for e in extra)],
    )


def _ordered(lines: CreditLines) -> CreditLines:
    order = np.lexsort((lines.amount, lines.account, lines.booked))
    places = order.tolist()
    return CreditLines(
        lines.account[order],
        lines.bank[order],
        lines.amount[order],
        lines.booked[order],
        [lines.ref[i] for i in places],
        [lines.counterparty[i] for i in places],
    )


def write_credits(
    path: Path, cells: Cells, files: Mapping[bool, FactFile], lines: CreditLines
) -> Ints:
    """Write what the statements show; lines of banks that give only dates to their own file.

    Args:
        path: the estate's behaviour.
        cells: the file format.
        files: by whether the bank gives only dates.
        lines: what the banks booked.

    Returns:
        Numbers of the lines that a missing or late statement hides.
    """
    plan, estate = path.world.plan, path.world.estate
    known = bank_known(path, lines.bank, lines.booked // DAY)
    seen = known <= plan.as_of
    hidden = ~seen & (ordinary_known(lines.booked // DAY) <= plan.as_of)
    by_day = np.array([bank.by_day for bank in BANKS])[lines.bank]
    number = np.arange(len(seen), dtype=np.int64)
    for dated, file in files.items():
        kept = np.flatnonzero(seen & (by_day == dated))
        texts = np.array([f"{bank.bank_id:>4}".replace(" ", "0") for bank in BANKS]).tolist()
        booked = lines.booked[kept]
        file.write(
            {
                "credit_id": Digits().text(texts, lines.bank[kept]).number(number[kept], 9).array(),
                "account_id": cells.chosen(estate.account_ids, lines.account[kept]),
                "bank_id": cells.chosen([b.bank_id for b in BANKS], lines.bank[kept]),
                "amount_minor": cells.ints(lines.amount[kept]),
                "currency": cells.chosen([b.currency for b in BANKS], lines.bank[kept]),
                "booked_at": cells.dates(booked // DAY) if dated else cells.times(booked),
                "value_date": cells.dates(booked // DAY),
                "ref": cells.texts(lines.ref[i] for i in kept.tolist()),
                "counterparty": cells.texts(lines.counterparty[i] for i in kept.tolist()),
                "status": cells.same("booked", len(kept)),
                "known_at": cells.times(known[kept]),
            }
        )
    return np.flatnonzero(hidden)
