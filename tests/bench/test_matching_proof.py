"""A small version of the accuracy proof of the benchmarks: planted truth, and no wrong answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.matching_made import Made, Mode, make, score
from daozhang.journey.arrivals import match
from daozhang.journey.sides import Credit


def brought(made: Made) -> dict[str, frozenset[str]]:
    """Match, and return by credit the lines it was said to bring; money must stay whole."""
    lines = {c.chain_id: {i.line_id for i in made.lines[c.chain_id]} for c in made.chains}
    nets = {i.line_id: i.net_minor for items in made.lines.values() for i in items}
    desk = match(made.chains, made.credits, None, made.lines_of)
    for (_, line), chain in sorted(desk.moved.items()):
        for members in lines.values():
            members.discard(line)
        lines.setdefault(chain.chain_id, set()).add(line)
    for chain in (*made.chains, *(apart for apart, _ in desk.parted)):
        assert chain.net_minor == sum(nets[line] for line in lines.get(chain.chain_id, ()))
    said = {
        c.credit_id: frozenset(line for x in c.chains for line in lines[x.chain_id])
        for c in made.credits
        if c.chains
    }
    paid: dict[frozenset[str], int] = {}
    for credit in made.credits:
        if credit.chains:
            key = said[credit.credit_id]
            paid[key] = paid.get(key, 0) + credit.amount_minor
            assert credit.explained_minor == credit.amount_minor
    for key, amount in paid.items():
        assert amount == sum(nets[line] for line in key), "a credit is its lines, to the cent"
    return said


MODES: list[Mode] = ["payouts", "lines", "sales"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sales", [20, 200])
def test_every_single_answer_is_found_and_no_other(mode: Mode, sales: int) -> None:
    made = make(3, mode, sales=sales, days=240)
    told = score(made, brought(made))
    assert told.one_answer > 200
    assert told.several > 5
    assert told.wrong == 0
    assert told.recall >= 0.999
    assert told.refused_of_several == told.several


@pytest.mark.parametrize("mode", ["lines", "sales"])
def test_refunds_taken_off_a_day_late_are_named(mode: Mode) -> None:
    made = make(4, mode, sales=20, days=160, odd=0.0, moved=0.2)
    told = score(made, brought(made))
    assert told.wrong == 0
    assert told.recall >= 0.98


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**6), st.sampled_from(MODES), st.integers(4, 12), st.sampled_from([0.0, 0.3])
)
def test_nothing_is_said_that_is_not_so(seed: int, mode: Mode, sales: int, moved: float) -> None:
    """Derandomised: of ten thousand made credits, chance answers one or two."""
    made = make(seed, mode, sales=sales, days=12, odd=0.2, moved=moved)
    assert score(made, brought(made)).wrong == 0


def story(credits: Sequence[Credit]) -> list[tuple[object, ...]]:
    return sorted(
        (
            c.credit_id, c.matched_by, c.rivals, c.chance_ppm, c.ambiguous,
            tuple(sorted(x.chain_id for x in c.chains)),
        )
        for c in credits
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(MODES), st.integers(0, 10**6))
def test_order_does_not_matter(seed: int, mode: Mode, shuffle: int) -> None:
    stories = []
    for rng in (random.Random(seed), random.Random(shuffle)):
        made = make(seed, mode, sales=6, days=30, odd=0.2, moved=0.2)
        rng.shuffle(made.chains)
        rng.shuffle(made.credits)
        for items in made.lines.values():
            rng.shuffle(items)
        match(made.chains, made.credits, None, made.lines_of)
        stories.append(story(made.credits))
    assert stories[0] == stories[1]
