"""Each piece of evidence says in which facts it is seen."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from daozhang.charts.speech import Speech
from daozhang.charts.witness import SEEN_IN, seen_said
from daozhang.charts.words import WORDS
from daozhang.facts import TABLES


def test_every_piece_of_evidence_is_seen_somewhere_and_nothing_else_is() -> None:
    told = {key.removeprefix("fact.") for key in WORDS["en"] if key.startswith("fact.")}
    assert set(SEEN_IN) == told
    assert {table for tables in SEEN_IN.values() for table in tables} <= {*TABLES, "terms"}


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "see signals, upgrades"), ("zh", "见终端信号（signals）、终端升级（upgrades）")],
)
def test_it_is_said_in_words(lang, said) -> None:
    speech = Speech(lang, ZoneInfo("Asia/Shanghai"), {})
    assert seen_said({"fact": "silent_from_upgrade"}, speech) == said
    assert seen_said({"fact": "of another version"}, speech) == ""
