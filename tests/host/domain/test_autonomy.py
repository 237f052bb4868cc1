import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.autonomy import FuelSample, burn, estimate, level, since_refuel
from paraat.domain.points import Tank

TANK = Tank(capacity_l=400, burn_l_per_h=9.5, reserve_l=15)
T0 = 1764000000.0


def running(rate: float, hours: float, *, start_l: float = 300, noise_l: float = 0, seed: int = 1) -> list[FuelSample]:
    """A generator that takes `rate` litres an hour, measured each minute with a ripple."""
    chance = random.Random(seed)
    return [
        FuelSample(T0 + 60 * i, start_l - rate * i / 60 + chance.uniform(-noise_l, noise_l), True)
        for i in range(int(60 * hours))
    ]


def test_the_rate_is_measured_while_the_generator_runs() -> None:
    rate = burn(running(12, 2), TANK)
    assert rate.source == "slope"
    assert rate.likely == pytest.approx(12)
    left = estimate(running(12, 2), rate, TANK, T0 + 7200, drains=True)
    assert left is not None
    assert left.hours == pytest.approx((300 - 24 - 15) / 12, rel=0.02)
    assert left.empty_at == pytest.approx(T0 + 7200 + left.hours * 3600)
    assert left.refuel_before <= left.empty_at


def test_standing_still_does_not_dilute_the_rate() -> None:
    first = running(12, 1)
    rest = [FuelSample(T0 + 3600 + 60 * i, 288, False) for i in range(120)]
    second = [FuelSample(s.t + 3600 + 7200, s.litres - 12, True) for s in running(12, 1)]
    assert burn(first + rest + second, TANK).likely == pytest.approx(12, rel=0.02)


@pytest.mark.parametrize("samples", [running(12, 0.1), [], [FuelSample(T0 + 60 * i, 300, True) for i in range(60)]])
def test_too_short_or_no_fall_takes_the_tank_record(samples: list[FuelSample]) -> None:
    rate = burn(samples, TANK)
    assert rate.source == "record"
    assert rate.low < rate.likely == 9.5 < rate.high


def test_a_refuel_cuts_the_history_and_a_jump_of_the_echo_does_not() -> None:
    before = running(12, 2)
    after = [FuelSample(T0 + 7200 + 60 * i, 390 - 0.2 * i, True) for i in range(30)]
    assert since_refuel(before + after, 400)[0] in after[:2]
    assert level(before + after, 400) == pytest.approx(390 - 0.2 * 27)
    wild = [*before[:60], before[60]._replace(litres=390), *before[61:]]
    assert since_refuel(wild, 400) == wild
    assert burn(wild, TANK).likely == pytest.approx(12, rel=0.02)


def test_a_silent_point_goes_on_emptying() -> None:
    samples = running(12, 2)
    rate = burn(samples, TANK)
    at_once = estimate(samples, rate, TANK, T0 + 7200, drains=True)
    later = estimate(samples, rate, TANK, T0 + 7200 + 5 * 3600, drains=True)
    standing = estimate(samples, rate, TANK, T0 + 7200 + 5 * 3600, drains=False)
    assert at_once is not None
    assert later is not None
    assert standing is not None
    assert later.hours == pytest.approx(at_once.hours - 5, abs=0.01)
    assert standing.hours == pytest.approx(at_once.hours, abs=0.05)


def test_nothing_is_known_of_an_empty_history() -> None:
    assert estimate([], burn([], TANK), TANK, T0, drains=True) is None


@given(
    rate=st.floats(5, 40),
    hours=st.floats(0.75, 6),
    noise=st.floats(0, 2),
    seed=st.integers(0, 10_000),
)
def test_a_noisy_level_gives_the_rate_within_its_range(rate: float, hours: float, noise: float, seed: int) -> None:
    samples = running(rate, hours, noise_l=noise, seed=seed)
    found = burn(samples, TANK)
    assert 0 < found.low <= found.likely <= found.high
    if found.source == "slope":
        # The ripple over the time it was seen bounds the error of the slope.
        assert abs(found.likely - rate) <= 0.05 * rate + 2 * noise / hours


@given(st.lists(st.tuples(st.floats(0, 86400), st.floats(0, 400), st.sampled_from([True, False, None])), max_size=80))
def test_whatever_comes_no_nan_and_nothing_negative(rows: list[tuple[float, float, bool | None]]) -> None:
    samples = sorted((FuelSample(T0 + t, litres, on) for t, litres, on in rows), key=lambda s: s.t)
    left = estimate(samples, burn(samples, TANK), TANK, T0 + 90000, drains=True)
    if left is not None:
        assert 0 <= left.hours_low <= left.hours <= left.hours_high
        assert math.isfinite(left.empty_at)
