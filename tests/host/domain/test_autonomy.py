import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_scores import tank_of
from fuel_courses import Course
from paraat.domain import autonomy
from paraat.domain.autonomy import Burn, Reading, estimate
from paraat.domain.fuel_history import History
from paraat.domain.model import Autonomy
from paraat.domain.points import Tank

TANK = Tank(capacity_l=400, burn_l_per_h=9.5, reserve_l=15)
T0 = 1764000000.0


class FuelSample(NamedTuple):
    t: float
    litres: float
    running: bool | None


def read(samples: Sequence[FuelSample], tank: Tank = TANK) -> Reading:
    history = History()
    for sample in samples:
        history.add(sample.t, sample.litres, sample.running, None)
    reading = autonomy.read(history.slots(), tank)
    assert reading is not None
    return reading


def burn(samples: Sequence[FuelSample], tank: Tank = TANK) -> Burn:
    return read(samples, tank).burn


def left(samples: Sequence[FuelSample], now: float, *, drains: bool) -> Autonomy:
    return estimate(read(samples), TANK, now, drains=drains)


def running(rate: float, hours: float, *, start_l: float = 300, noise_l: float = 0, seed: int = 1) -> list[FuelSample]:
    """A generator that takes `rate` litres an hour, measured each minute with a ripple."""
    chance = random.Random(seed)
    return [
        FuelSample(T0 + 60 * i, start_l - rate * i / 60 + chance.uniform(-noise_l, noise_l), True)
        for i in range(int(60 * hours))
    ]


def test_the_rate_is_measured_while_the_generator_runs() -> None:
    rate = burn(running(12, 2))
    assert rate.source == "slope"
    assert rate.likely == pytest.approx(12)
    found = left(running(12, 2), T0 + 7200, drains=True)
    assert found.hours == pytest.approx((300 - 24 - 15) / 12, rel=0.02)
    assert found.empty_at == pytest.approx(T0 + 7200 + found.hours * 3600)
    assert found.refuel_before <= found.empty_at


def test_standing_still_does_not_dilute_the_rate() -> None:
    first = running(12, 1)
    rest = [FuelSample(T0 + 3600 + 60 * i, 288, False) for i in range(120)]
    second = [FuelSample(s.t + 3600 + 7200, s.litres - 12, True) for s in running(12, 1)]
    assert burn(first + rest + second).likely == pytest.approx(12, rel=0.02)


@pytest.mark.parametrize(("every_s", "widest"), [(600, 0.36), (1200, 0.6), (1800, 1.0)])
def test_a_board_that_sends_seldom_gives_the_rate_within_its_range_also_where_sets_are_lost(
    every_s: int, widest: float
) -> None:
    """The ripple shows in sets that lie far apart too, and a set that was lost is no gap where they always lie so."""
    course = Course(
        "seldom", ((10, 9.0),), capacity_l=400, start_l=390, record_l_per_h=7, every_s=every_s, missing=0.2
    )  # fmt: skip
    found = [
        burn([FuelSample(one.t, one.litres, one.running) for one in course.samples(seed)], tank_of(course))
        for seed in range(10)
    ]
    assert {one.source for one in found} == {"slope"}
    assert sum(one.low <= 9.0 <= one.high for one in found) >= 9
    assert sum(one.high - one.low for one in found) / 10 < widest, "litres an hour"


@pytest.mark.parametrize("samples", [running(12, 0.1), [FuelSample(T0 + 60 * i, 300, True) for i in range(60)]])
def test_too_short_or_no_fall_takes_the_tank_record(samples: list[FuelSample]) -> None:
    rate = burn(samples)
    assert rate.source == "record"
    assert rate.low < rate.likely == 9.5 < rate.high


def test_a_refuel_cuts_the_history_and_a_jump_of_the_echo_does_not() -> None:
    before = running(12, 2)
    after = [FuelSample(T0 + 7200 + 60 * i, 390 - 0.2 * i, True) for i in range(30)]
    found = read(before + after)
    (refuel,) = found.events
    assert refuel.kind == "refuel"
    assert refuel.until <= after[1].t
    assert refuel.litres == pytest.approx(390 - before[-1].litres, abs=1)
    assert found.litres == pytest.approx(390 - 0.2 * 29, abs=0.5)
    wild = [*before[:60], before[60]._replace(litres=390), *before[61:]]
    assert read(wild).events == ()
    assert burn(wild).likely == pytest.approx(12, rel=0.02)


@pytest.mark.parametrize("litres", [(20, 20), (20, 390), (390, 390)])
def test_two_wild_echoes_in_a_row_are_no_level_that_fell(litres: tuple[float, float]) -> None:
    """Before a third says the same: as a level they would be an alarm on fuel that runs out within the hour."""
    before = running(12, 4, noise_l=1)
    for n in (1, 2):
        wild = [
            *before[:-n], *(one._replace(litres=wild) for one, wild in zip(before[-n:], litres, strict=False)),
        ]  # fmt: skip
        found = left(wild, wild[-1].t, drains=True)
        assert found.hours == pytest.approx((before[-1].litres - 15) / 12, rel=0.05)
        assert read(wild).events == ()


def test_a_level_that_fell_counts_from_the_third_sample_on() -> None:
    before = running(12, 4, noise_l=1)
    fell = [*before[:-3], *(one._replace(litres=one.litres - 120) for one in before[-3:])]
    assert read(fell).litres == pytest.approx(before[-1].litres - 120, abs=3)
    assert read(fell).events[-1].kind == "theft"


def test_a_silent_point_goes_on_emptying() -> None:
    samples = running(12, 2)
    at_once = left(samples, T0 + 7200, drains=True)
    later = left(samples, T0 + 7200 + 5 * 3600, drains=True)
    standing = left(samples, T0 + 7200 + 5 * 3600, drains=False)
    assert later.hours == pytest.approx(at_once.hours - 5, abs=0.01)
    assert standing.hours == pytest.approx(at_once.hours, abs=0.05)


def test_nothing_is_known_of_an_empty_history() -> None:
    assert autonomy.read(History().slots(), TANK) is None


@given(
    rate=st.floats(5, 40),
    hours=st.floats(0.75, 6),
    noise=st.floats(0, 2),
    seed=st.integers(0, 10_000),
)
def test_a_noisy_level_gives_the_rate_within_its_range(rate: float, hours: float, noise: float, seed: int) -> None:
    samples = running(rate, hours, noise_l=noise, seed=seed)
    found = burn(samples)
    assert 0 < found.low <= found.likely <= found.high
    if found.source == "slope":
        # The ripple over the time it was seen bounds the error of the slope.
        assert abs(found.likely - rate) <= 0.05 * rate + 2 * noise / hours


@given(st.lists(st.tuples(st.floats(0, 86400), st.floats(0, 400), st.sampled_from([True, False, None])), max_size=80))
def test_whatever_comes_no_nan_and_nothing_negative(rows: list[tuple[float, float, bool | None]]) -> None:
    samples = [FuelSample(T0 + t, litres, on) for t, litres, on in rows]
    if not samples:
        return
    found = left(samples, T0 + 90000, drains=True)
    assert 0 <= found.hours_low <= found.hours <= found.hours_high
    assert math.isfinite(found.empty_at)
