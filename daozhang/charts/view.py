"""What a face is given to show: the figures of a run and what is known of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from daozhang.journey.figures import Figures

__all__ = ["FileLine", "ReportView"]


@dataclass(frozen=True, slots=True)
class FileLine:
    """What became of one file.

    Attributes:
        name: the file's name as the user knows it.
        kind: ``facts`` (read); ``terms`` (settings); ``own_output`` (written by an earlier run);
            ``ignored`` (not meant as facts); ``refused``.
        form: what it was recognised as, e.g. ``mt940``; None: nothing of it was read.
        rows: facts taken from it.
        errors: rows that were refused, or 1 for the whole file.
        note: why it was skipped or refused; empty: nothing to say.
    """

    name: str
    kind: Literal["facts", "terms", "own_output", "ignored", "refused"]
    form: str | None = None
    rows: int = 0
    errors: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """One run as a report or a terminal shows it.

    Attributes:
        figures: every sum and list of the run.
        files: every file that was looked at.
        timezone: IANA name of the zone that all times are shown in.
        problems: the first problems with their places, as ``file:line: message [code]``.
        problems_total: how many problems there were; None: ``problems`` holds them all.
        identities_ok: every sale, payout and credit was accounted for to the minor unit.
        provisional_years: years whose calendar is not verified, so that promises may move.
        names: readable names of providers, banks, stores and accounts by their ids.
    """

    figures: Figures
    files: tuple[FileLine, ...]
    timezone: str
    problems: tuple[str, ...] = ()
    problems_total: int | None = None
    identities_ok: bool = True
    provisional_years: tuple[int, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Rows and whole files that were refused and are in no figure."""
        return sum(file.errors for file in self.files)
