"""Stores that are back at their level, that are not, and of which it cannot be said yet."""

from dataclasses import replace

import pytest

from daozhang.gate import SettingsError
from daozhang.gate.recovery import Cell, recovery
from daozhang.gate.recovery_settings import RecoverySettings
from daozhang.world.recoveries import FIRST_DAY, UPGRADED_ON, Stores, simulate_stores

SETTINGS = RecoverySettings()


def judged(seed, **plan):
    return recovery(simulate_stores(seed, Stores(**plan)), "r2", SETTINGS)


def cell(store, method, measure) -> Cell:
    return next(c for c in store.cells if (c.method, c.measure) == (method, measure))


def only(seed, **plan):
    (store,) = judged(seed, **plan).stores
    return store


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("days", 3), ("baseline_days", 20), ("baseline_days", 30), ("volume", 0.0),
        ("success", 0.3), ("lag", 0.0), ("satisfaction", 5.0), ("wrong_pass", 0.5),
        ("wrong_fail", float("nan")), ("controls_min", 1),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_refused(name, value):
    with pytest.raises(SettingsError, match="allowed is"):
        RecoverySettings(**{name: value})


def test_the_looks_share_the_error():
    assert sum(tail for _, _, tail in SETTINGS.looks) == pytest.approx(SETTINGS.wrong_pass)
    assert SETTINGS.looks[0][:2] == (1, SETTINGS.days)
    assert all(first == SETTINGS.days + 1 for first, _, _ in SETTINGS.looks[1:])


def test_unharmed_stores_pass_after_the_days_allowed():
    verdicts = [store.verdict for seed in range(2) for store in judged(seed, upgraded=12).stores]
    assert verdicts.count("pass") >= 12
    assert "fail" not in verdicts


def test_before_the_days_are_over_nothing_is_said():
    for store in judged(1, upgraded=3, after=6).stores:
        assert store.verdict == "not yet"
        assert {c.reason for c in store.cells} == {"too_soon"}


def test_only_face_payment_hurt_fails_by_face_payment():
    for seed in range(3):
        found = judged(seed, upgraded=6, volume=lambda s, m, _: 0.1 if (s, m) == (0, "face") else 1)
        hurt, *others = found.stores
        assert hurt.verdict == "fail"
        assert (hurt.telling.method, hurt.telling.measure) == ("face", "volume")
        assert cell(hurt, "card", "volume").verdict != "fail"
        assert cell(hurt, "face", "volume").change.high < -0.5
        assert "fail" not in {store.verdict for store in others}


@pytest.mark.parametrize(
    ("measure", "plan"),
    [
        ("volume", {"volume": lambda *_: 0.6}),
        ("volume", {"volume": lambda *_: 1.6}),
        ("success", {"failed": lambda *_: 0.1}),
        ("lag", {"lag": lambda *_: 1.0}),
        ("satisfaction", {"ratings": 40.0, "score": lambda *_: -0.9}),
    ],
)
def test_what_does_not_come_back_fails_by_its_measure(measure, plan):
    store = only(3, **plan)
    assert store.verdict == "fail"
    assert cell(store, "*", measure).verdict == "fail"
    failed = {c.measure for c in store.cells if c.verdict == "fail"}
    assert failed == {measure}


def test_more_sales_than_before_are_told_apart_from_fewer():
    assert only(3, volume=lambda *_: 1.6).telling.reason == "above"
    assert only(3, volume=lambda *_: 0.6).telling.reason == "worse"


@pytest.mark.parametrize("plan", [{"failed": lambda *_: -0.019}, {"lag": lambda *_: 0.0}])
def test_what_got_better_has_not_failed_to_come_back(plan):
    store = only(5, failing=0.03, **plan)
    assert "fail" not in {c.verdict for c in store.cells}
    assert cell(store, "*", "success").verdict == "pass"


def test_down_first_and_back_by_the_seventh_day_is_no_fail():
    found = [
        judged(seed, upgraded=8, after=16, volume=lambda _s, _m, d: 0.5 if d < 5 else 1.0)
        for seed in range(2)
    ]
    verdicts = [store.verdict for one in found for store in one.stores]
    assert "fail" not in verdicts
    assert verdicts.count("pass") >= 8
    assert {c.window for one in found for s in one.stores for c in s.cells} >= {(8, 14)}


def test_back_too_late_is_a_fail():
    store = only(2, after=16, volume=lambda _s, _m, d: min(1.0, 0.4 + 0.04 * d))
    assert store.verdict == "fail"


def cut(days, after):
    """Return what was known so many days after the upgrade."""
    until = UPGRADED_ON + after + 1
    return replace(
        days,
        told_until=FIRST_DAY + until - 1,
        counts={name: cube[:, :, :until] for name, cube in days.counts.items()},
        special=days.special[:, :until],
    )


def test_harm_after_it_was_back_is_another_story():
    days = simulate_stores(
        4, Stores(upgraded=12, after=30, volume=lambda _s, _m, d: 1.0 if d < 10 else 0.3)
    )
    early, later = (recovery(known, "r2", SETTINGS) for known in (cut(days, 8), days))
    stood = 0
    for before, after in zip(early.stores, later.stores, strict=True):
        for was, is_ in zip(before.cells, after.cells, strict=True):
            if was.reason in {"back", "better"} and was.measure != "lag":
                assert is_ == was
                stood += 1
    assert stood > 50


def test_a_holiday_week_after_the_upgrade_does_not_fail_a_good_store():
    for seed in range(3):
        found = judged(seed, upgraded=6, holiday=(1, 9))
        assert {store.verdict for store in found.stores} == {"not yet"}
        assert {cell(s, "*", "volume").reason for s in found.stores} == {"few_days"}
        later = judged(seed, upgraded=6, holiday=(1, 9), after=23)
        assert "fail" not in {store.verdict for store in later.stores}
        assert "pass" in {cell(s, "*", "volume").verdict for s in later.stores}


def test_a_slow_bank_strikes_the_others_too_and_cancels():
    for store in judged(6, upgraded=4, slow_bank=(1, 8)).stores:
        assert cell(store, "*", "lag").verdict == "pass"
        assert cell(store, "*", "lag").controls == 20
    alone = judged(6, upgraded=4, others=0, slow_bank=(1, 8))
    assert {cell(store, "*", "lag").verdict for store in alone.stores} == {"fail"}
    assert {cell(store, "*", "lag").controls for store in alone.stores} == {0}


def test_a_store_of_which_nothing_is_heard_is_asked_after():
    found = judged(7, upgraded=4, volume=lambda s, *_: 0.0 if s == 0 else 1.0)
    closed = found.stores[0]
    assert closed.verdict == "not yet"
    assert closed.telling.reason == "silent"


def test_a_store_that_is_on_and_sells_nothing_fails():
    days = simulate_stores(7, Stores(volume=lambda *_: 0.0))
    days.counts["tries"][0, 0] += 20
    (store,) = recovery(days, "r2", SETTINGS).stores
    assert store.verdict == "fail"
    assert store.telling.measure == "volume"


def test_a_new_store_has_nothing_to_be_back_at():
    days = simulate_stores(8, Stores(upgraded=4))
    for cube in days.counts.values():
        cube[0, :, : UPGRADED_ON - 5] = 0
    store = recovery(days, "r2", SETTINGS).stores[0]
    assert store.verdict == "not yet"
    assert store.telling.reason == "no_past"


def test_another_release_in_between_is_judged_instead():
    days = simulate_stores(9, Stores(upgraded=4))
    spans = dict(days.spans)
    first = days.spans["r2"][0] + 4
    first[1:] = days.spans["r2"][0][4]
    spans["r3"] = first, first.copy()
    store = recovery(replace(days, spans=spans), "r2", SETTINGS).stores[0]
    assert store.verdict == "not yet"
    assert store.telling.reason == "other_upgrade"


def test_a_thin_method_leans_on_the_other_stores():
    small = {"card": 20.0, "face": 4.0, "qr": 40.0}
    found = judged(10, upgraded=60, after=36, a_day=small)
    faces = [cell(store, "face", "volume") for store in found.stores]
    assert {c.reason for c in faces} <= {"together", "back"}
    alone = only(10, a_day=small)
    assert cell(alone, "face", "volume").verdict == "not yet"
    assert cell(alone, "face", "volume").reason == "thin"


def test_a_look_is_the_same_when_nothing_later_is_known():
    """What was said after the seven days does not change with what comes after."""
    days = simulate_stores(11, Stores(upgraded=6, after=12))
    one, other = (recovery(known, "r2", SETTINGS) for known in (days, cut(days, 7)))
    for late, soon in zip(one.stores, other.stores, strict=True):
        assert [c for c in late.cells if c.measure != "lag"] == [
            c for c in soon.cells if c.measure != "lag"
        ]
