import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import autonomy
from paraat.domain.fuel_history import History, Slot
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
    assert history.size_bytes() < 15_000
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
