import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import autonomy
from paraat.domain.fuel_history import ON, History, Slot
from paraat.domain.points import Tank
from paraat.domain.seen import RANGES_MAX, Seen

T0 = 1764000000.0
SAMPLES = st.lists(
    st.tuples(st.integers(0, 4 * 86400), st.floats(0, 400), st.sampled_from([True, False, None])),
    min_size=1,
    max_size=200,
)


def fold(rows: list[tuple[float, float, bool | None]]) -> History:
    history = History()
    for t, litres, running in rows:
        history.add(T0 + t, litres, running, None)
    return history


@given(rows=SAMPLES, seed=st.integers(0, 1000))
def test_the_order_in_which_samples_come_changes_nothing(rows: list[tuple[int, float, bool | None]], seed: int) -> None:
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    one, other = list(fold(rows).slots()), list(fold(shuffled).slots())
    assert one == other
    tank = Tank(capacity_l=400, burn_l_per_h=9.5)
    assert autonomy.read(one, tank) == autonomy.read(other, tank)


HOUR_S = 3840  # of a slot of 64 minutes
IN_A_SLOT = st.lists(
    st.tuples(st.integers(0, 10 * HOUR_S - 6), st.integers(0, 10_000_000)), min_size=4, max_size=60,
    unique_by=lambda one: one[0],
)  # fmt: skip


@given(rows=IN_A_SLOT, seed=st.integers(0, 1000), early=st.integers(0, 60))
def test_the_line_within_a_slot_is_that_of_its_samples(rows: list[tuple[int, int]], seed: int, early: int) -> None:
    """As two samples at its mean less and plus the deviation of the times: number, means, squares and products are the same.

    Whatever their order, and whether they come before or after the slots were made coarser.
    """
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    later = (20 * 3600.0, 300.0, None)
    told = [(ds / 10, ml / 1000, True) for ds, ml in shuffled]
    slots = fold([*told[:early], later, *told[early:]]).slots()
    assert slots == fold([*((ds / 10, ml / 1000, True) for ds, ml in sorted(rows)), later]).slots()
    slot, _ = slots
    assert slot.within is not None
    spread_s, slope = slot.within.spread_s, slot.within.slope
    n, mean_ds, mean_ml = (
        len(rows),
        Fraction(sum(ds for ds, _ in rows), len(rows)),
        Fraction(sum(ml for _, ml in rows), len(rows)),
    )
    squares = sum((ds - mean_ds) ** 2 for ds, _ in rows) / 100
    products = sum((ds - mean_ds) * (ml - mean_ml) for ds, ml in rows) / 10_000
    two = [(sign * spread_s, slot.litres + sign * spread_s * slope) for sign in (-1, 1)]
    assert slot.n == n
    assert sum(litres for _, litres in two) / 2 == pytest.approx(float(mean_ml) / 1000, abs=1e-6)
    assert n / 2 * sum(off_s**2 for off_s, _ in two) == pytest.approx(float(squares), rel=1e-9)
    assert n / 2 * sum(off_s * (litres - slot.litres) for off_s, litres in two) == pytest.approx(
        float(products), rel=1e-6, abs=1e-6 * math.sqrt(float(squares)) * n
    )


def test_the_sums_of_a_line_are_exact_also_for_a_large_tank_and_a_set_a_second() -> None:
    rows = [(float(second), 10_000 - second * 0.003, True) for second in range(HOUR_S)]
    later = (20 * 3600.0, 300.0, None)
    one, other = fold([*rows, later]).slots(), fold([later, *rows[::-1]]).slots()
    assert one == other
    assert one[0].within is not None
    assert one[0].within.spread_s == pytest.approx(HOUR_S / math.sqrt(12), rel=1e-6)
    assert one[0].within.slope == pytest.approx(-0.003, rel=1e-9)


def test_only_where_the_generator_ran_a_line_is_told_and_not_of_the_newest() -> None:
    rows = [(60.0 * i, 300 - 0.1 * i, on) for on in (True, False, None) for i in range(600)]
    lined = [slot for slot in fold(rows).slots() if slot.within is not None]
    assert {slot.state for slot in lined} == {ON}
    assert all(slot.within.slope == pytest.approx(-0.1 / 60) for slot in lined if slot.within is not None)
    assert max(slot.last_t for slot in lined) < T0 + 60 * (592 - 128)  # 592: the newest step of sixteen minutes


def test_nothing_is_lost_in_the_slots_that_are_kept() -> None:
    rows = [(60.0 * i + 7, 300 - 0.1 * i, True) for i in range(600)]
    slots = list(fold(rows).slots())
    assert sum(slot.n for slot in slots) == 600
    assert sum(slot.litres * slot.n for slot in slots) == pytest.approx(sum(litres for _, litres, _ in rows))
    assert slots[0].first_t == T0 + 7
    assert slots[-1].last_t == T0 + 599 * 60 + 7
    assert [slot.t for slot in slots] == sorted(slot.t for slot in slots)


def test_it_stays_small_for_ever() -> None:
    history = History()
    for i in range(30 * 24 * 60):  # a month, with an exercise of the generator each day
        history.add(T0 + 60 * i, 300.0, i % 1440 < 30, 4000.0)
    assert history.size_bytes() < 17_000
    assert sum(slot.state == 1 for slot in history.slots()) >= 25  # the exercises of weeks ago are still there


def test_what_lies_after_a_moment_can_be_forgotten() -> None:
    history = fold([(60.0 * i, 300.0, True) for i in range(100)])
    history.forget_after(T0 + 50 * 60)
    assert history.newest_t is not None
    assert T0 + 46 * 60 <= history.newest_t <= T0 + 50 * 60  # the slot that lies across it goes whole
    history.forget_after(T0 - 1)
    assert list(history.slots()) == []
    assert history.newest_t is None


def test_a_slot_says_what_it_holds() -> None:
    history = History()
    for second, litres, load in ((0, 100.0, 2000.0), (20, 104.0, None), (40, 102.0, 4000.0)):
        history.add(T0 + second, litres, None, load)
    (slot,) = history.slots()
    assert slot == Slot(T0 + 20, 102.0, 3, -1, T0, T0 + 40, 100.0, 104.0, 3000.0)


@settings(max_examples=200)
@given(st.lists(st.integers(1, 60), max_size=100))
def test_a_number_is_new_once(numbers: list[int]) -> None:
    seen, told = Seen(), set[int]()
    for number in numbers:
        assert seen.add(number) == (number not in told)
        told.add(number)


def test_the_ranges_are_bounded_and_the_newest_stay_exact() -> None:
    seen = Seen()
    for number in range(1, 4 * RANGES_MAX, 2):
        assert seen.add(number)
    assert not seen.add(2)  # in the lowest gap, which was let go
    assert seen.add(4 * RANGES_MAX - 2)
