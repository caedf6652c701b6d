"""Proposes a mapping profile for a layout that nobody has described yet.

Columns are guessed by their names, in Chinese and English, and by what their cells hold. What
cannot be guessed becomes a question; nothing is filled in silently. The proposal reads the file's
first rows through the proposed profile, so that its owner sees what would be understood. Which
fact table it fills is judged in ``_proposal_layout``; tables of tills and providers are described
in ``_proposal_tables``, statements of banks in ``_proposal_bank``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from daozhang.facts import Problem
from daozhang.formats._proposal_bank import bank_profile, heading_score
from daozhang.formats._proposal_layout import evidence, rank
from daozhang.formats._proposal_money import Closing
from daozhang.formats._proposal_survey import find_header, no_money_in, survey
from daozhang.formats._proposal_tables import Doubt, ask_of, profile_of
from daozhang.formats._toml import toml_text
from daozhang.formats.base import HEAD_BYTES, Facts, Options, Row, Source
from daozhang.formats.mapped import ProfileReader, preview
from daozhang.formats.profiles import Profile, load_profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


__all__ = ["Closing", "Doubt", "ProposedProfile", "propose_profile"]

SHOWN_ROWS: Final = 10
"""How many rows a proposal shows as understood."""


@dataclass(frozen=True, slots=True)
class ProposedProfile:
    """A proposal for a file's layout.

    Attributes:
        toml: the profile's text, ready to be saved as ``<name>.profile.toml`` and edited.
        profile: the loaded profile; None while a question stands in the way.
        questions: what the file does not say and its owner must, in English sentences.
        rows: up to ten rows as the profile understands them.
        problems: what went wrong in reading those rows.
        tables: the fact tables that fit, the likeliest first; the first is ``table`` unless
            another was asked for.
        table: the fact table that the profile fills.
        reasons: for each of ``tables`` the headings that speak for it.
        doubts: what is open of a till's or provider's table.
        closing: how far its gross, fee and net add up; None: it does not state all three.
        header: the header's cells.
    """

    toml: str
    profile: Profile | None
    questions: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    tables: tuple[str, ...] = ("credits",)
    table: str = "credits"
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    closing: Closing | None = None
    header: tuple[str, ...] = ()


def propose_profile(
    path: Path, name: str = "my_bank", table: str | None = None
) -> ProposedProfile | Problem:
    """Propose a profile for a CSV, XLSX or XLS file of money.

    Args:
        path: where the file lies.
        name: the name of the profile to be.
        table: ``credits``, ``settlements``, ``sales`` or ``payouts``; None: what fits best.

    Returns:
        The proposal, or one problem when the file has no table of money.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        source = Source(path, path.name, stream.read(HEAD_BYTES))
    found = find_header(preview(source), heading_score)
    if found is None:
        return Problem(
            path.name, None, "table_missing",
            "no row looks like the header of a table (a date, an amount, names of columns)",
        )  # fmt: skip
    columns = survey(source, found.header)
    if no_money_in(columns):
        few = ", ".join(cell.strip()[:40] for cell in found.header[:6])
        return Problem(
            path.name, found.place + 1, "table_not_money",
            f"the table under the columns {few} has no column of amounts with a day: it is none of "
            "sales, settlement lines, payouts or bank lines",
        )  # fmt: skip
    tables, layouts = rank(columns)
    chosen = table or tables[0]
    doubts: tuple[Doubt, ...] = ()
    closing = None
    if chosen in layouts:
        data, doubts = profile_of(layouts[chosen], name)
        text, questions = toml_text(data), tuple(map(ask_of, doubts))
        closing = layouts[chosen].closing
    else:
        data, questions = bank_profile(columns, name)
        text = toml_text(data)
    loaded = load_profile(text, f"{name}.profile.toml")
    proposal = ProposedProfile(
        text, None, questions, (), (), tables=tables, table=chosen,
        reasons={each: evidence(each, columns)[1] for each in tables},
        doubts=doubts, closing=closing,
        header=tuple(cell.strip() for cell in found.header if cell.strip()),
    )  # fmt: skip
    if not isinstance(loaded, Profile):
        return replace(proposal, problems=tuple(loaded))
    shown, problems = _understood(loaded, source)
    return replace(proposal, profile=loaded, rows=shown, problems=problems)


def _understood(profile: Profile, source: Source) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    shown: list[Row] = []
    problems: list[Problem] = []
    for item in ProfileReader(profile).read(source, Options()):
        if isinstance(item, Facts):
            shown += item.rows[: SHOWN_ROWS - len(shown)]
        else:
            problems.append(item)
        if len(shown) == SHOWN_ROWS or len(problems) == SHOWN_ROWS:
            break
    return tuple(shown), tuple(problems)
