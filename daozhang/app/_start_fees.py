"""Which fee the settlement lines were charged, as an exact rate.

Rules kept here: a rate is *found* when at least 95 % of a provider's sale lines have exactly the
fee that it gives, to the minor unit, under one rounding, with one cap and one fixed part; of the
rates that do, the roundest number is taken. Where one rate does not do, lines are parted by
channel, by merchant, then by both. A rate that changes over time is not followed: that may be a
fault (a merchant category changed after an upgrade) and must not become an agreement.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from daozhang.app._start_facts import FeeLine
from daozhang.money import Rounding, share_of

__all__ = ["AGREED_SHARE", "Fee", "FeeKey", "find_fees", "rate_text"]

AGREED_SHARE: Final = Fraction(95, 100)
"""Share of lines that must have exactly the fee that a rate gives."""

FeeKey = tuple[str | None, str | None]
"""Channel and merchant that a fee is for; None: any."""

_KNOWN_SHARE: Final = Fraction(3, 4)
_GAIN: Final = Fraction(5, 100)
_LINES_MAX: Final = 1_000
_NEAR_LINES: Final = 100
_CAP_LINES_MIN: Final = 4
_WHOLE: Final = 10_000
_FINE: Final = 1_000_000
"""Parts of a basis point that intervals of rates are counted in."""

_STEPS: Final = (Fraction(10), Fraction(1), Fraction(1, 2), Fraction(1, 10), Fraction(1, 100))
_ROUNDINGS: Final = (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.DOWN, Rounding.UP)


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee and how many of its lines have it exactly.

    Attributes:
        bps: exact rate in basis points.
        cap: minor units, None: no cap was seen.
        fixed: minor units a line, above the cap.
        tax_bps: tax on the fee, exact; 0: none.
        rounding: of fee and tax.
        agreed: lines that have exactly this fee and tax.
        lines: lines looked at.
    """

    bps: Fraction
    cap: int | None
    fixed: int
    tax_bps: Fraction
    rounding: Rounding
    agreed: int
    lines: int

    @property
    def found(self) -> bool:
        """Whether enough lines agree."""
        return self.lines > 0 and self.agreed >= AGREED_SHARE * self.lines

    @property
    def terms(self) -> tuple[object, ...]:
        """What two equal agreements have in common."""
        return self.bps, self.cap, self.fixed, self.tax_bps, self.rounding


def rate_text(bps: Fraction) -> str:
    """Return a rate as TOML has it: ``38`` or ``52.5``."""
    if bps.denominator == 1:
        return str(bps.numerator)
    return f"{bps.numerator / bps.denominator:.10f}".rstrip("0")


def find_fees(lines: Sequence[FeeLine]) -> dict[FeeKey, Fee]:
    """Return the fees of one provider's lines: the common one under (None, None), then others.

    Args:
        lines: settled sale lines of one provider.

    Returns:
        Empty without lines. Where nothing agrees, one fee whose ``found`` is false.
    """
    if not lines:
        return {}
    whole = _fee_of(lines)
    if whole.found:
        return {(None, None): whole}
    best: tuple[Fraction, dict[FeeKey, Fee]] | None = None
    for by_channel, by_merchant in ((True, False), (False, True), (True, True)):
        parts = _parted(lines, by_channel=by_channel, by_merchant=by_merchant)
        if sum(map(len, parts.values())) < _KNOWN_SHARE * len(lines):
            continue  # Too many lines do not say what they are to be parted by.
        fees = {key: _fee_of(part) for key, part in parts.items()}
        agreed = Fraction(sum(f.agreed for f in fees.values()), sum(f.lines for f in fees.values()))
        if best is None or agreed > best[0] + _GAIN:
            best = agreed, fees
        if agreed >= AGREED_SHARE:
            break
    whole_share = Fraction(whole.agreed, whole.lines)
    if best is None or (best[0] < AGREED_SHARE and best[0] < whole_share + _GAIN):
        return {(None, None): whole}
    return _with_common(best[1])


def _parted(
    lines: Sequence[FeeLine], *, by_channel: bool, by_merchant: bool
) -> dict[FeeKey, list[FeeLine]]:
    """Part the lines; those that do not say what they are parted by are left out."""
    parts: dict[FeeKey, list[FeeLine]] = defaultdict(list)
    for line in lines:
        if (by_channel and not line.channel) or (by_merchant and not line.merchant_id):
            continue
        key = line.channel if by_channel else None, line.merchant_id if by_merchant else None
        parts[key].append(line)
    return parts


def _with_common(fees: dict[FeeKey, Fee]) -> dict[FeeKey, Fee]:
    """Name the fee of most lines once for all, then each channel's, and only then exceptions."""
    out: dict[FeeKey, Fee] = {(None, None): _commonest(fees.values())}
    for channel in sorted({channel for channel, _ in fees if channel is not None}):
        theirs = _commonest(fee for key, fee in fees.items() if key[0] == channel)
        if theirs.terms != out[None, None].terms:
            out[channel, None] = theirs
    for key in sorted(fees, key=str):
        general = out.get((key[0], None)) or out[None, None]
        if fees[key].terms != general.terms:
            out[key] = fees[key]
    return out


def _commonest(fees: Iterable[Fee]) -> Fee:
    """Return the fee of most lines, its lines counted over all that have it."""
    known = list(fees)
    weight: Counter[tuple[object, ...]] = Counter()
    for fee in known:
        weight[fee.terms] += fee.lines
    (common, _), *_ = weight.most_common(1)
    shared = [fee for fee in known if fee.terms == common]
    agreed, lines = sum(fee.agreed for fee in shared), sum(fee.lines for fee in shared)
    return replace(shared[0], agreed=agreed, lines=lines)


def _fee_of(lines: Sequence[FeeLine]) -> Fee:
    sample = sorted(lines[:_LINES_MAX], key=lambda line: (line.gross, line.fee))
    pairs = [(line.gross, line.fee) for line in sample]
    tried = []
    for fixed in _fixed_parts(pairs):
        for cap in _caps(pairs, fixed):
            for rank, rounding in enumerate(_ROUNDINGS):
                bps = _rate(pairs, fixed, cap, rounding)
                agreed = sum(_fee(g, bps, cap, fixed, rounding) == f for g, f in pairs)
                # 9 rounded up and 10 rounded down are nearly one rule: rounder words go first.
                odd = 0 if fixed % 10 == 0 else 1 if fixed % 5 == 0 else 2
                tried.append((-agreed, odd, cap is not None, rank, bps, cap, fixed))
        if -min(entry[0] for entry in tried) >= AGREED_SHARE * len(pairs) and not fixed:
            break
    least = min(entry[0] for entry in tried) + len(pairs) // _NEAR_LINES
    best = min((entry for entry in tried if entry[0] <= least), key=lambda e: (*e[1:4], e[0]))
    *_, rank, bps, cap, fixed = best
    rounding = _ROUNDINGS[rank]
    taxed = [(line.fee, line.tax) for line in sample if line.fee]
    tax = Fraction(0)
    if any(part for _, part in taxed):
        tax = _rate(taxed, 0, None, rounding)
    agreed = sum(
        _fee(line.gross, bps, cap, fixed, rounding) == line.fee
        and _fee(line.fee, tax, None, 0, rounding) == line.tax
        for line in sample
    )
    return Fee(bps, cap, fixed, tax, rounding, agreed, len(sample))


def _fee(base: int, bps: Fraction, cap: int | None, fixed: int, rounding: Rounding) -> int:
    fee = share_of(base, bps.numerator, bps.denominator * _WHOLE, rounding)
    return (fee if cap is None else min(fee, cap)) + fixed


def _fixed_parts(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return fixed parts to try: none, and what smallest and largest lines suggest."""
    parts = [0]
    (small, small_fee), (large, large_fee) = pairs[0], pairs[-1]
    if large > small and large_fee >= small_fee:
        slope = Fraction(large_fee - small_fee, large - small)
        rest = Counter(round(fee - slope * gross) for gross, fee in pairs)
        parts += [part for part, _ in rest.most_common(3) if part > 0]
    return parts


def _caps(pairs: Sequence[tuple[int, int]], fixed: int) -> list[int | None]:
    """Return caps to try: none, and the fee that very different amounts have most often."""
    (common, lines), *_ = Counter(fee for _, fee in pairs).most_common(1)
    at_cap = [gross for gross, fee in pairs if fee == common]
    wide = max(at_cap) > Fraction(6, 5) * min(at_cap)
    if common > fixed and wide and lines >= _CAP_LINES_MIN:
        return [None, common - fixed]
    return [None]


def _rate(
    pairs: Sequence[tuple[int, int]], fixed: int, cap: int | None, rounding: Rounding
) -> Fraction:
    """Return the roundest rate, in bps, that gives most pairs their part.

    Each pair allows an interval of rates; the rate lies where most intervals overlap.
    """
    # Twice the fraction of a minor unit that rounding may have taken or given.
    lower, upper = {Rounding.DOWN: (0, 2), Rounding.UP: (-2, 0)}.get(rounding, (-1, 1))
    ends: list[tuple[int, int]] = []
    for base, part in pairs:
        rest = part - fixed
        if (cap is not None and rest == cap) or rest < 0:
            continue
        scale = _WHOLE * _FINE
        low = -((-(2 * rest + lower) * scale) // (2 * base))
        high = (2 * rest + upper) * scale // (2 * base)
        ends += [(low, -1), (high, 1)]
    if not ends:
        return Fraction(0)
    ends.sort()
    depth = deepest = 0
    low = high = ends[0][0]
    for place, (at, step) in enumerate(ends):
        depth -= step
        if depth > deepest:
            deepest = depth
            low, high = at, ends[place + 1][0] if place + 1 < len(ends) else at
    return _roundest(Fraction(max(low, 0), _FINE), Fraction(high, _FINE))


def _roundest(low: Fraction, high: Fraction) -> Fraction:
    """Return the roundest number of the interval, else its middle to a hundredth."""
    if low <= 0 <= high:
        return Fraction(0)
    middle = (low + high) / 2
    for step in _STEPS:
        near = round(middle / step) * step
        if low <= near <= high:
            return near
    return Fraction(round(middle * 100), 100)
