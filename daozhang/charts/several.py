"""What a credit may be that several answers fit: the answers, in the reader's language.

An answer is written by ``daozhang.journey.ways`` as ids joined by a few fixed words; the ids stay
as they are and the words are said in the language of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from daozhang.charts.guard import clean
from daozhang.charts.speech import Speech

__all__ = ["several_answers"]

_JOINTS: Final = re.compile(r" (less|plus|with) ")
_MORE: Final = re.compile(r" and (\d+) more")
_SHOWN: Final = 120
"""How many characters of one answer are shown; the export holds it whole."""


def several_answers(row: Mapping[str, Any], speech: Speech) -> tuple[str, ...]:
    """Return a line that says how many answers fit the credit, then one for each; else nothing.

    Args:
        row: a row of ``credit_standing``; ``ambiguous`` holds the answers, parted by `` | ``.
        speech: the language.
    """
    if not row["ambiguous"]:
        return ()
    told = str(row["ambiguous"]).split(" | ")
    fits = max(len(told), int(row["rivals"] or 0) + 1)
    lines = [speech("several.fit", count=f"{fits:,}"), *(_said(answer, speech) for answer in told)]
    if fits > len(told):
        lines.append(speech("several.more", count=f"{fits - len(told):,}"))
    return tuple(lines)


def _said(answer: str, speech: Speech) -> str:
    said = _JOINTS.sub(lambda found: speech(f"several.{found[1]}"), answer)
    said = _MORE.sub(lambda found: speech("several.and_more", count=found[1]), said)
    return clean(said, _SHOWN)
