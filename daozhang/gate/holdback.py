"""Draws who is upgraded in which wave, and who is held back until the last: a lot (R36). Pure.

The gate compares upgraded terminals with others on the same day, so somebody has to be left to
compare with, and had better differ by nothing but chance. A part of the fleet is therefore held
back until the last wave, and the waves before it are drawn as well.

Rules kept here:

* Nobody can bend it: the lot follows from the release, the terminals and a word that is passed in,
  by a hash; the same three give the same lot wherever and in whatever order they are given.
* Every terminal is held back with the same chance, and so for each wave.
* What fails together is on both sides: terminals are laid in a row by provider, bank, carrier and
  store, and every so many-th is taken from a start that is drawn (systematic sampling). A provider,
  a bank of it, and a store of ten where a tenth is held back are each represented by their share,
  to within one terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final

from daozhang.gate.lot import HOLD_BACK
from daozhang.gate.settings import SettingsError

__all__ = ["ENDS", "HELD", "Place", "Waves", "draw", "draw_waves", "usual_share"]

ENDS: Final = (0.1, 0.19, 0.5)
"""Shares of the fleet by the end of each wave, before the one of all but those held back."""

HELD: Final = 0.1
"""The share of the fleet that is held back, if that is as many as :data:`HELD_LEAST`."""

HELD_LEAST: Final = 60
"""So few held back show a release that harms three in ten when nobody else is left."""

HELD_MOST: Final = 1 / 3
"""The share that is held back at most, where nobody says otherwise."""

_MOST_HELD: Final = 0.5
_UNIT: Final = 1 << 64


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A terminal and what it shares with others; empty: not known.

    Attributes:
        provider: who clears its sales.
        bank: where their money goes.
        carrier: whose network it uses.
        store: where it stands.
        terminal_id: the terminal.
    """

    provider: str
    bank: str
    carrier: str
    store: str
    terminal_id: str


@dataclass(frozen=True, slots=True)
class Waves:
    """A lot.

    Attributes:
        release_id: the release that is to be rolled out.
        waves: terminals by wave, each in order of their ids.
        held: the last wave: who is held back until then; empty: nobody.
    """

    release_id: str
    waves: tuple[tuple[str, ...], ...]
    held: tuple[str, ...]

    @property
    def every(self) -> tuple[tuple[str, ...], ...]:
        """All waves with the last."""
        return (*self.waves, self.held) if self.held else self.waves


def draw(places: Iterable[Place], count: int, word: str) -> frozenset[str]:
    """Return so many terminals, each with the same chance, spread over what they share.

    Args:
        places: the terminals to draw from.
        count: how many; all of them if they are fewer.
        word: what chance follows from.

    Raises:
        ValueError: a terminal is named twice, or ``count`` is below 0.
    """
    row = _laid(places, word)
    return frozenset(place.terminal_id for place in _every(row, count, word))


def usual_share(terminals: int) -> float:
    """Return the share of a fleet of so many terminals that is held back unless somebody says."""
    return min(max(HELD, HELD_LEAST / max(terminals, 1)), HELD_MOST)


def draw_waves(
    release_id: str,
    places: Iterable[Place],
    ends: Sequence[float] = ENDS,
    held: float | None = None,
    salt: str = "",
) -> Waves:
    """Return who is upgraded in which wave.

    After the waves of ``ends`` comes one of all others but those held back, if there are any.
    A wave that would hold nobody is left out.

    Args:
        release_id: the release.
        places: the fleet.
        ends: the share of the fleet that is upgraded by the end of each wave, ascending.
        held: the share that is held back; at least one terminal where it is above 0; None:
            :func:`usual_share`.
        salt: another word, another lot.

    Raises:
        SettingsError: ``ends`` do not ascend from above 0 to at most what is not held back, or
            ``held`` is not in 0 to 0.5.
        ValueError: a terminal is named twice.
    """
    if held is not None and not 0 <= held <= _MOST_HELD:
        raise SettingsError("hold-back", held, f"0 to {_MOST_HELD}")
    if any(b <= a for a, b in zip((0.0, *ends), ends, strict=False)) or max(ends, default=0) > 1:
        raise SettingsError("waves", ", ".join(f"{e:g}" for e in ends), "ascending, above 0 to 1")
    word = f"{release_id}|{salt}"
    row = _laid(places, word)
    count = len(row)
    share = usual_share(count) if held is None else held
    kept = _every(row, ceil(share * count - 1e-9), f"{word}|{HOLD_BACK}")
    left = _without(row, kept)
    waves = []
    upgraded = 0
    for number, end in enumerate(ends):
        until = min(ceil(end * count - 1e-9), count - len(kept))
        drawn = _every(left, max(until - upgraded, 0), f"{word}|{number}")
        upgraded += len(drawn)
        left = _without(left, drawn)
        waves.append(drawn)
    named = (tuple(sorted(p.terminal_id for p in wave)) for wave in (*waves, left))
    held_back = tuple(sorted(place.terminal_id for place in kept))
    return Waves(release_id, tuple(wave for wave in named if wave), held_back)


def _laid(places: Iterable[Place], word: str) -> list[Place]:
    """Return the terminals in a row, neighbours sharing most; stores and theirs are shuffled."""
    found = list(places)
    twice = [name for name, n in Counter(p.terminal_id for p in found).items() if n > 1]
    if twice:
        raise ValueError(f"named twice: {', '.join(sorted(twice)[:5])}")
    return sorted(
        found,
        key=lambda p: (
            p.provider, p.bank, p.carrier, _chance(f"{word}|{p.store}"), p.store,
            _chance(f"{word}|{p.terminal_id}"), p.terminal_id,
        ),
    )  # fmt: skip


def _every(row: Sequence[Place], count: int, word: str) -> list[Place]:
    """Return so many of a row, evenly apart, from a start that the word gives."""
    if count < 0:
        raise ValueError(f"{count} cannot be drawn")
    if count >= len(row):
        return list(row)
    start = _chance(word)
    return [row[(j * _UNIT + start) * len(row) // (count * _UNIT)] for j in range(count)]


def _without(row: Iterable[Place], drawn: Iterable[Place]) -> list[Place]:
    gone = {place.terminal_id for place in drawn}
    return [place for place in row if place.terminal_id not in gone]


def _chance(word: str) -> int:
    """Return a number below 2 ** 64 that nothing but the word decides."""
    return int.from_bytes(sha256(word.encode()).digest()[:8])
