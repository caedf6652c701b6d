"""What a sum may be made of: the search against trying everything (the contract's matching)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daozhang.journey import hypotheses
from daozhang.journey.hypotheses import Answer, Group, Part, scopes, search


def every_answer(groups: list[Group], parts: list[Part], total: int) -> set[frozenset[str]]:
    """Return, as sets of line names, everything that the contract's space holds for a sum.

    It knows of lines only: a group is its items and one line for the rest of it.
    """
    lines = {
        place: {f"i{n}": part.net for n, part in enumerate(parts) if part.group == place}
        for place in range(len(groups))
    }
    for place, group in enumerate(groups):
        rest = group.net - sum(lines[place].values())
        if group.lines > len(lines[place]):
            lines[place][f"g{place}"] = rest
    nets = {name: net for members in lines.values() for name, net in members.items()}
    nets |= {f"i{n}": part.net for n, part in enumerate(parts) if part.group < 0}
    found = set()
    for scope in scopes(groups):
        slots = sorted({
            group.slot for group in groups
            if group.channel in scope
            and sum(g.net for g in groups if g.slot == group.slot and g.channel in scope)
        })  # fmt: skip
        for start in range(len(slots)):
            for end in range(start, len(slots)):
                taken = {
                    place for place, g in enumerate(groups)
                    if g.channel in scope and g.slot in slots[start : end + 1] and g.net
                }  # fmt: skip
                union = {name for place in taken for name in lines[place]}
                names = [name for name in nets if name.startswith("i") and nets[name]]
                for count in range(4):
                    for items in combinations(names, count):
                        chosen = union.symmetric_difference(items)
                        # What is left without any whole or parted group is no union any more.
                        kept = any(set(lines[place]) & chosen for place in taken) or any(
                            set(members) <= chosen for members in lines.values() if members
                        )
                        if kept and sum(nets[name] for name in chosen) == total:
                            found.add(frozenset(n for n in chosen if nets[n]))
    return found


def as_lines(groups: list[Group], parts: list[Part], answer: Answer) -> frozenset[str]:
    names: set[str] = set()
    for place in answer.groups:
        members = {n for n, part in enumerate(parts) if part.group == place}
        names |= {f"i{n}" for n in members if parts[n].net}
        rest = groups[place].net - sum(parts[n].net for n in members)
        if groups[place].lines > len(members) and rest:
            names.add(f"g{place}")
    names -= {f"i{n}" for n in answer.left}
    return frozenset(names | {f"i{n}" for n in answer.added})


@st.composite
def small_spaces(draw: st.DrawFn) -> tuple[list[Group], list[Part], int]:
    count = draw(st.integers(1, 5))
    groups, parts = [], []
    for place in range(count):
        slot, channel = draw(st.integers(0, 4)), draw(st.sampled_from(["card", "wallet"]))
        items = draw(st.lists(st.integers(-40, 60), max_size=2))
        rest = draw(st.integers(1, 400))
        parts += [Part(net, place) for net in items]
        groups.append(Group(slot, channel, rest + sum(items), len(items) + 1))
    parts += [Part(net) for net in draw(st.lists(st.integers(-40, 60), max_size=1))]
    return groups, parts, draw(st.integers(1, 700))


@settings(max_examples=150, deadline=None)
@given(small_spaces())
def test_the_search_finds_what_trying_everything_finds(space):
    groups, parts, total = space
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hypotheses, "CHANCE_MAX_PPM", 10**12)
        patch.setattr(hypotheses, "ANSWERS_MAX", 10**9)
        found = search(groups, parts, total)
    got = {as_lines(groups, parts, answer) for answer in found.answers}
    wanted = every_answer(groups, parts, total)
    assert got == wanted
    assert len(got) == len(found.answers), "one set of lines is one answer"
    assert not found.undecided


@settings(max_examples=150, deadline=None)
@given(small_spaces())
def test_what_is_believed_is_true_or_beyond_the_searched_space(space):
    """With its bounds the search gives true answers only, simplest first."""
    groups, parts, total = space
    found = search(groups, parts, total)
    assert {as_lines(groups, parts, a) for a in found.answers} <= every_answer(groups, parts, total)
    assert [a.items for a in found.answers] == sorted(a.items for a in found.answers)


DAYS = [Group(0, "card", 31_208, 3), Group(1, "card", 20_917, 2), Group(2, "card", 44_873, 4)]
TWO = [Group(0, "card", 5_021, 1), Group(0, "wallet", 7_307, 1), Group(1, "card", 6_113, 1),
       Group(1, "wallet", 8_419, 1)]  # fmt: skip
TABLE = {
    "one day": (DAYS, [], 20_917, [Answer((1,))]),
    "days that follow each other": (DAYS, [], 52_125, [Answer((0, 1))]),
    "days that do not follow each other": (DAYS, [], 76_081, []),
    "a channel of two days": (TWO, [], 15_726, [Answer((1, 3))]),
    "both channels of one day": (TWO, [], 12_328, [Answer((0, 1))]),
    "two channels on different days are no union": (TWO, [], 13_440, []),
    "less a refund of another day": (DAYS, [Part(-1_499)], 29_709, [Answer((0,), added=(0,))]),
    "without the refund of its day": (
        DAYS, [Part(-1_499, 0)], 32_707, [Answer((0,), left=(0,))],
    ),
    "three items": (
        DAYS, [Part(-101), Part(-1_009), Part(-307), Part(-5)], 20_917 - 101 - 1_009 - 307,
        [Answer((1,), added=(0, 1, 2))],
    ),
    "four items are not looked for": (
        DAYS, [Part(-101), Part(-1_009), Part(-307), Part(-17)],
        20_917 - 101 - 1_009 - 307 - 17, [],
    ),
    "two days of one net": (
        [*DAYS, Group(3, "card", 20_917)], [], 20_917, [Answer((1,)), Answer((3,))],
    ),
    "a day less a refund, or another day": (
        [*DAYS, Group(3, "card", 19_418)], [Part(-1_499)], 19_418,
        [Answer((3,)), Answer((1,), added=(0,))],
    ),
    "a day that comes to nothing does not part its neighbours": (
        [DAYS[0], Group(1, "card", 0, 2), DAYS[2]], [], 76_081, [Answer((0, 2))],
    ),
    "leaving out all of a day is the day before alone": (
        [DAYS[0], Group(1, "card", 900, 1)], [Part(900, 1)], 31_208, [Answer((0,))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("groups", "parts", "total", "wanted"), TABLE.values(), ids=TABLE)
def test_table(groups, parts, total, wanted):
    assert list(search(groups, parts, total).answers) == wanted


def test_a_space_in_which_chance_gives_answers_is_not_believed():
    """Of 60 refunds, 34,220 threesomes: some of them come to any small sum."""
    refunds = [Part(-(n * n * 7 + n)) for n in range(1, 61)]
    found = search(DAYS, refunds, 31_208 - 8 - 30 - 66 - 116 - 5)
    assert found.undecided
    assert found.answers == ()


def test_more_than_four_channels_come_alone_all_or_all_but_one():
    groups = [Group(0, name, 1) for name in "abcdef"]
    assert sorted({len(scope) for scope in scopes(groups)}) == [1, 5, 6]
