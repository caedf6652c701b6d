"""What is concluded from a folder's facts: its time zone, its timings, whose account is whose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.app._start_accounts import Vote
from daozhang.app._start_amounts import Fit, find_fit
from daozhang.app._start_facts import Facts, Linked
from daozhang.app._start_terms import Known
from daozhang.app._start_timing import Timing, find_timing, local_day, zones_of
from daozhang.app.intake import Intake
from daozhang.app.words_start import Said

__all__ = ["fits", "offsets", "timings", "votes", "zone_of"]

_HEAD_BYTES: Final = 64 * 1024
_OFFSET: Final = re.compile(rb"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?([+-]\d\d:\d\d)\b")
_NIGHT: Final = range(1, 6)
_NIGHT_SHARE_MAX: Final = 0.12
_NIGHT_SALES_MIN: Final = 100
_SPLIT_GAIN: Final = 0.05
_FITS_MAX: Final = 60
_FIT_SHARE_MIN: Final = 0.5


def offsets(folder: Path, intake: Intake) -> Counter[str]:
    """Count the offsets in which the canonical files' times are written; ``Z`` says nothing."""
    found: Counter[str] = Counter()
    for file in intake.files:
        if file.kind != "facts" or file.format != "canonical_csv":
            continue
        try:
            with (folder / file.file).open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
        except OSError:
            continue
        found.update(match.decode() for match in _OFFSET.findall(head))
    return found


def zone_of(facts: Facts, currency: Known, written: Counter[str], told: str | None) -> Known:
    """Return the likeliest zone, how it is known, and why.

    Args:
        facts: what the files hold.
        currency: of most sales.
        written: how often each offset stands in the files.
        told: the zone of terms that are there already; None: there are none.
    """
    names = zones_of(currency.value)
    if told is not None and told not in names:
        names = (told, *names)
    moment = facts.providers[0].first or datetime(2026, 1, 1, tzinfo=UTC)
    total = written.total()
    for offset, count in written.most_common(1):
        for name in names:
            if 2 * count > total and _offset_text(name, moment) == offset:
                return Known(name, "seen", Said("why.zone_offset", {"offset": offset}))
    if sum(facts.hours.values()) >= _NIGHT_SALES_MIN:
        shares = [
            (_night_share(facts.hours, name, moment), place) for place, name in enumerate(names)
        ]
        share, place = min(shares)
        if share <= _NIGHT_SHARE_MAX:
            return Known(names[place], "seen", Said("why.zone_quiet"))
    return Known(names[0], "guessed", Said("why.zone_currency", {"currency": currency.value}))


def _offset_text(name: str, moment: datetime) -> str:
    offset = moment.astimezone(ZoneInfo(name)).strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _night_share(hours: Mapping[int, int], name: str, moment: datetime) -> float:
    """Return the share of sales in the small hours of a zone; for choosing only."""
    shift = moment.astimezone(ZoneInfo(name)).utcoffset() or timedelta()
    local = {(hour + round(shift.total_seconds() / 3600)) % 24: n for hour, n in hours.items()}
    return sum(local.get(hour, 0) for hour in _NIGHT) / max(1, sum(local.values()))


def timings(
    linked: Sequence[Linked], currency: str, zones: Sequence[str], home: str
) -> dict[str | None, Timing]:
    """Return what explains a provider's dates: for all, or by channel where that does better."""
    whole = find_timing(linked, currency, zones, home)
    if whole is None:
        return {}
    channels = sorted({row.channel for row in linked})
    if whole.share >= 1 - _SPLIT_GAIN or len(channels) == 1:
        return {None: whole}
    parts = {}
    for channel in channels:
        found = find_timing([r for r in linked if r.channel == channel], currency, zones, home)
        assert found is not None
        parts[channel] = found
    explained = sum(part.explained for part in parts.values())
    if explained < whole.explained + _SPLIT_GAIN * whole.sales:
        return {None: whole}
    most = max(parts.values(), key=lambda part: part.sales)
    return {None: most} | {
        channel: part
        for channel, part in parts.items()
        if (part.plan, part.cutoff) != (most.plan, most.cutoff)
    }


def fits(facts: Facts, zone: str) -> dict[tuple[str, str], Fit]:
    """Return by (merchant, provider) what fits amounts, where no sale could be followed."""
    groups = sorted({(part.merchant_id, part.provider_id) for part in facts.sums})
    out: dict[tuple[str, str], Fit] = {}
    if not facts.arrived or len(groups) > _FITS_MAX:
        return out
    for merchant, provider in groups:
        mine = [p for p in facts.sums if (p.merchant_id, p.provider_id) == (merchant, provider)]
        found = _good(find_fit(mine, facts.arrived, zone))
        if found:
            out[merchant, provider] = found
    for merchant in sorted({merchant for merchant, _ in groups}):
        providers = [provider for who, provider in groups if who == merchant]
        if len(providers) > 1 and not any((merchant, p) in out for p in providers):
            mine = [p for p in facts.sums if p.merchant_id == merchant]
            found = _good(find_fit(mine, facts.arrived, zone))
            if found:
                out.update({(merchant, provider): found for provider in providers})
    return out


def _good(fit: Fit | None) -> Fit | None:
    return fit if fit is not None and fit.timing.share >= _FIT_SHARE_MIN else None


def votes(facts: Facts, zone: str) -> list[Vote]:
    """Return a vote for every followed sale whose account is known."""
    place = ZoneInfo(zone)
    return [
        Vote(
            row.merchant_id, row.provider_id, row.channel, row.store_id or "", row.currency,
            row.account_id, local_day(row.seen, place, day_only=row.day_only)[0],
        )
        for row in facts.linked
        if row.account_id is not None
    ]  # fmt: skip
