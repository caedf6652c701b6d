"""English words of the gate's pictures."""

from __future__ import annotations

from typing import Final

__all__ = ["ENGLISH_GATE"]

ENGLISH_GATE: Final[dict[str, str]] = {
    "picture.gate_days.title": "Upgraded terminals beside the others",
    "picture.gate_days.note": (
        "Share of terminals harmed, by business day. A line is the share, the bar around it what "
        "95 of 100 such bars hold; a store's terminals count once for the bar. The others are "
        "weighted as the upgraded lie over providers and banks, so a slow bank is on both sides."
    ),
    "picture.gate_days.part": "{day}: upgraded {upgraded}, others {others}",
    "picture.gate_days.alt": "Share of terminals harmed by business day. {parts}.",
    "gate.begins": "first upgrade",
    "gate.halted": "stopped",
    "gate.key.upgraded": "upgraded",
    "gate.key.others": "not upgraded, same banks",
    "gate.key.open": "not all of its money is due yet",
    "gate.nobody": "none",
    "gate.share": "{share} (between {low} and {high})",
    "picture.gate_time.title": "What was said, hour by hour",
    "picture.gate_time.note": (
        "The strip is the verdict. Evidence is how many times a bet on harm has been multiplied; "
        "while a release does no harm it reaches the red line in one of so many rollouts at most, "
        "however often one looks."
    ),
    "picture.gate_time.alt": (
        "{looks} looks. At the last one {exposed} of {fleet} terminals were upgraded, the verdict "
        "was: {verdict}, evidence {e} to 1 of {stop} to 1. At most {money} were late."
    ),
    "gate.time.verdict": "Verdict",
    "gate.time.exposed": "Terminals upgraded",
    "gate.time.evidence": "Evidence, to 1 (stops at {stop})",
    "gate.time.money": "Their late money (at most {most})",
    "gate.verdict.pass": "PASS: go on",
    "gate.verdict.fail": "FAIL: stop",
    "gate.verdict.wait": "WAIT: not yet",
}
"""Key → English text."""
