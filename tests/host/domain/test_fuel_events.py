"""What happened to the fuel: each found, named, dated and sized, and a ripple is none of them."""

import random
from collections.abc import Callable

import pytest

from paraat.domain import autonomy
from paraat.domain.fuel_events import LEAK, REFUEL, RISING, STUCK, THEFT, FuelEvent, doubtful, lost
from paraat.domain.fuel_history import History
from paraat.domain.points import Tank

T0 = 1764000000.0
TANK = Tank(capacity_l=400, burn_l_per_h=9.5)


def events(
    level: Callable[[float], float],
    hours: float,
    *,
    running: bool | None,
    noise_l: float = 1.2,
    seed: int = 1,
    step_l: float = 0.4,
) -> tuple[FuelEvent, ...]:
    """Of a course that is told by its litres at an hour, measured each minute."""
    chance = random.Random(seed)
    history = History()
    for minute in range(int(hours * 60)):
        shown = level(minute / 60) + chance.gauss(0, noise_l)
        history.add(T0 + 60 * minute, round(shown / step_l) * step_l, running, None)
    reading = autonomy.read(history.slots(), TANK)
    assert reading is not None
    return reading.events


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_in_standby_is_found_within_the_first_hour(seed: int) -> None:
    """400 l from 80 % by 5 % an hour, after a night of rest."""
    (leak,) = events(lambda h: 320 - 20 * max(0, h - 8), 8.9, running=False, seed=seed)
    assert leak.kind == LEAK
    assert leak.litres == pytest.approx(18, abs=3)
    assert leak.since == pytest.approx(T0 + 8 * 3600, abs=900)
    assert leak.until == T0 + (8.9 * 60 - 1) * 60


def test_a_leak_that_was_there_from_the_start_is_found_too() -> None:
    (leak,) = events(lambda h: 320 - 20 * h, 1, running=False)
    assert leak.kind == LEAK


@pytest.mark.parametrize("running", [False, True, None])
def test_a_theft_is_named_dated_and_sized(running: bool | None) -> None:
    found = events(lambda h: 300.0 - (9.5 * h if running else 0) - (80 if h >= 4 else 0), 5, running=running)
    (theft,) = (event for event in found if event.kind == THEFT)
    assert theft.litres == pytest.approx(80, abs=4)
    assert theft.since == pytest.approx(T0 + 4 * 3600, abs=180)


@pytest.mark.parametrize("running", [False, True])
def test_a_delivery_is_named_dated_and_sized(running: bool) -> None:
    (refuel,) = events(
        lambda h: 150.0 - (9.5 * h if running else 0) + min(180.0, max(0.0, (h - 3) * 1080)), 4.5, running=running
    )
    assert refuel.kind == REFUEL
    assert refuel.litres == pytest.approx(180, abs=6)
    assert refuel.since == pytest.approx(T0 + 3 * 3600, abs=180)
    assert refuel.until == pytest.approx(T0 + 3 * 3600 + 600, abs=240)


@pytest.mark.parametrize("level", [300.0, 302.5])
def test_a_gauge_that_stands_still_while_the_generator_runs_is_stuck(level: float) -> None:
    (stuck,) = events(lambda h: level if h > 1 else level + 9.5 * (1 - h), 2.8, running=True, noise_l=0.2)
    assert stuck.kind == STUCK
    assert stuck.since == pytest.approx(T0 + 3600, abs=900)
    assert stuck.litres == pytest.approx(9.5 * 1.8, abs=3)


def test_the_hours_of_a_stuck_gauge_go_on_falling() -> None:
    history = History()
    for minute in range(180):
        history.add(T0 + 60 * minute, 300.0, True, None)
    reading = autonomy.read(history.slots(), TANK)
    assert reading is not None
    left = autonomy.estimate(reading, TANK, reading.t, drains=True)
    assert left.hours == pytest.approx((300 - 9.5 * 2.98) / 9.5, rel=0.02)


def test_a_gauge_that_creeps_up_is_no_delivery() -> None:
    (rising,) = events(lambda h: 200 + 12 * h, 4, running=False)
    assert rising.kind == RISING
    assert rising.litres == pytest.approx(48, abs=6)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("noise_l", [0.4, 1.2, 4.0])
def test_a_level_that_sloshes_is_no_event(seed: int, running: bool, noise_l: float) -> None:
    assert events(lambda h: 300 - (9.5 * h if running else 0), 6, running=running, noise_l=noise_l, seed=seed) == ()


@pytest.mark.parametrize("step_l", [0.4, 4.0])
def test_warmth_that_comes_and_goes_is_no_leak(step_l: float) -> None:
    """Diesel shrinks by 0.8 % when it is 10 degrees colder at night."""
    assert events(lambda h: 300 - 1.2 * min(h, 12 - h), 11, running=False, noise_l=0.4, step_l=step_l) == ()


def test_a_loss_is_told_until_the_tank_was_filled_or_a_day_has_passed() -> None:
    theft = FuelEvent(kind=THEFT, since=T0, until=T0 + 60, litres=80)
    refuel = FuelEvent(kind=REFUEL, since=T0 + 3600, until=T0 + 4200, litres=100)
    assert lost((theft,), T0 + 3600) == theft
    assert lost((theft, refuel), T0 + 7200) is None
    assert lost((theft,), T0 + 90_000) is None


def test_a_gauge_is_doubtful_while_it_is() -> None:
    stuck = FuelEvent(kind=STUCK, since=T0, until=T0 + 4000, litres=10)
    assert doubtful((stuck,), T0 + 4000) == stuck
    assert doubtful((stuck,), T0 + 8000) is None
