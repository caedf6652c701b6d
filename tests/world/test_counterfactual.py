"""Truth is counterfactual: without the fault that it names, the sale would have been on time.

Proved by brute force: the estate is built again without a fault, and its own truth is asked.
"""

from __future__ import annotations

import pytest

from daozhang.world import FAULTS

MOVERS = [code for code, fault in FAULTS.items() if fault.leg]
SOME = ("F6", "F9", "F16", "F19")
SALES = 2_500
GROUPS = (("F1", "F6", "F9", "F16"), ("F7", "F9", "F18", "F13", "F16"), ("F14", "F13", "F22"))


def named(world) -> dict[str, tuple[list[str], bool]]:
    """Late sales with the faults named and whether one alone was needed."""
    rows = world.rows(
        "select sale_id, string_split(faults, ';'), on_time_without_fault from {journeys} "
        "where status in ('late', 'never')"
    )
    return {sale: (faults, needed) for sale, faults, needed in rows}


def on_time(world) -> set[str]:
    return {s for (s,) in world.rows("select sale_id from {journeys} where status = 'on_time'")}


@pytest.mark.parametrize(
    "code", [c if c in SOME else pytest.param(c, marks=pytest.mark.soak) for c in MOVERS]
)
def test_without_the_named_fault_the_sale_is_on_time(built, code):
    everything = tuple(FAULTS)
    full = named(built(*everything, sales=SALES))
    without = on_time(built(*(c for c in everything if c != code), sales=SALES))
    for sale, (faults, needed) in full.items():
        if needed:
            assert (sale in without) == (code in faults), (sale, faults)
        else:
            # No single fault was needed, so leaving one out changes nothing for it.
            assert sale not in without, (sale, faults)


@pytest.mark.parametrize("group", GROUPS, ids="+".join)
def test_of_overlapping_faults_each_that_would_have_done_it_is_named(built, group):
    """Removing any one that was needed, or all that were named, makes the sale on time."""
    full = named(built(*group))
    assert full
    alone = {code: set(named(built(code))) for code in group}
    either = [(sale, faults) for sale, (faults, needed) in full.items() if not needed]
    for sale, faults in either:
        assert set(faults) == {code for code in group if sale in alone[code]}, sale
    for sale, (faults, needed) in full.items():
        if needed and len(faults) > 1:
            # Two that were needed together: neither alone would have made it late, or one leads
            # to the other.
            assert sum(sale in alone[code] for code in faults) < len(faults), (sale, faults)


def test_some_sales_have_more_than_one_cause(built):
    full = named(built(*FAULTS))
    assert any(len(faults) > 1 for faults, _ in full.values())
    assert any(not needed for _, needed in full.values())
