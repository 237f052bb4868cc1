"""What happened to the fuel: each found, named, dated and sized, and a ripple is none of them."""

import random
from collections.abc import Callable, Sequence

import msgspec
import pytest

from paraat.domain import autonomy
from paraat.domain.fuel_events import (
    LEAK,
    REFUEL,
    RISING,
    STUCK,
    THEFT,
    FuelEvent,
    doubtful,
    find_jumps,
    find_losses,
    find_rises,
    find_stuck,
    is_in_doubt,
    lost,
    unmoved,
)
from paraat.domain.fuel_history import OFF, ON, History, Slot
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
    assert lost((theft,), (), T0 + 3600) == theft
    assert lost((theft, refuel), (), T0 + 7200) is None
    assert lost((), (theft,), T0 + 3600) == theft, "also when a start of the host no longer reads it back"
    assert lost((theft,), (refuel,), T0 + 7200) is None
    assert lost((theft,), (), T0 + 90_000) is None


def test_a_gauge_is_doubtful_while_it_is() -> None:
    stuck = FuelEvent(kind=STUCK, since=T0, until=T0 + 4000, litres=10)
    assert doubtful((stuck,), T0 + 4000) == stuck
    assert doubtful((stuck,), T0 + 8000) is None


def test_a_gauge_that_was_stuck_is_doubtful_until_it_moves() -> None:
    stuck = FuelEvent(kind=STUCK, since=T0, until=T0 + 4000, litres=10, stands_l=300.0, moves_l=4.0)
    came = FuelEvent(kind=REFUEL, since=T0 - 9000, until=T0 - 8000, litres=10)
    for log in ((stuck,), (came, stuck)):
        assert [unmoved(log, litres) for litres in (296.0, 300.0, 304.0)] == [stuck] * 3
        assert [unmoved(log, litres) for litres in (295.9, 304.1, None)] == [None] * 3
        assert is_in_doubt((), log, T0 + 90_000, 300.0)
    for kind in (REFUEL, THEFT, LEAK):
        moved = FuelEvent(kind=kind, since=T0 + 9000, until=T0 + 9600, litres=100)
        assert unmoved((stuck, moved), 300.0) is None, "it moved, and came back to where it stood"
    assert unmoved((msgspec.structs.replace(stuck, stands_l=None),), 300.0) is None, "kept by an older release"
    assert not is_in_doubt((), (), T0, 300.0)
    assert not is_in_doubt((), (stuck,), None, 300.0)


def slots_of(litres: Sequence[float], state: int, every_s: int = 120) -> list[Slot]:
    """One sample each, the last one at T0."""
    begun = T0 - (len(litres) - 1) * every_s
    return [
        Slot(begun + n * every_s, one, 1, state, begun + n * every_s, begun + n * every_s, one, one, None)
        for n, one in enumerate(litres)
    ]


BIG = Tank(capacity_l=400, burn_l_per_h=10)


@pytest.mark.parametrize(("litres", "within_h", "kind"), [(40, 6.0, LEAK), (100, 0.2, THEFT)])
def test_what_goes_slowly_leaks_and_what_goes_fast_is_taken(litres: float, within_h: float, kind: str) -> None:
    """A quarter of the tank in an hour is more than any leak takes."""
    slots = int(30 * within_h)
    level = [300.0] * 60 + [300 - litres * n / slots for n in range(slots + 1)] + [300.0 - litres] * 3
    (loss,) = find_losses(slots_of(level, OFF), 0.2, BIG, [])
    assert loss.kind == kind
    assert loss.until == T0


def test_a_gauge_that_moved_by_a_step_is_stuck_from_then_on() -> None:
    """The smallest step of its scale is 4 l: it moved half an hour after the start, and should have four times since."""
    found = find_stuck(slots_of([304.0] * 15 + [300.0] * 36, ON), 0.0, 4.0, Tank(capacity_l=400, burn_l_per_h=20), 600)
    assert found is not None
    assert (found.since, found.until) == (T0 - 35 * 120, T0)
    assert found.litres == pytest.approx(35 * 120 / 3600 * 20)


@pytest.mark.parametrize(("falls_l", "is_stuck"), [(1.0, True), (1.5, True), (3.0, False)])
def test_a_gauge_that_falls_by_less_than_a_tenth_of_what_was_burnt_and_its_ripple_is_stuck(
    falls_l: float, is_stuck: bool
) -> None:
    """20 l are burnt in two hours; between the first and the last third a gauge that works shows 13 of them."""
    level = [
        300 - falls_l * n / 40 for n in range(61)
    ]  # falls_l from the middle of the first third to that of the last
    assert (find_stuck(slots_of(level, ON), 1.0, 0.0, BIG, 600) is not None) is is_stuck


def slots(
    level: Callable[[float], float],
    hours: float,
    running: Callable[[float], bool],
    noise_l: float,
    gap_h: tuple[float, float],
) -> list[Slot]:
    """Of a course that is told by its litres at an hour, measured each minute but in the gap."""
    ripple, history = random.Random(1), History()
    for minute in range(int(hours * 60)):
        hour = minute / 60
        shown = level(hour) + ripple.gauss(0, noise_l)
        if not gap_h[0] <= hour < gap_h[1]:
            history.add(T0 + 60 * minute, shown, running(hour), None)
    return history.slots()


@pytest.mark.parametrize(
    ("level", "hours", "on_h", "gap_h", "found"),
    [
        # Each event with the minutes of its beginning and its end, and its litres.
        (lambda h: 300 - (80 if h >= 4 else 0), 5, 9, (9, 9), [(THEFT, 239, 240, 80.338)]),
        (lambda h: 300 - 9.5 * h - (80 if h >= 4 else 0), 5, 0, (9, 9), [(THEFT, 239, 240, 82.956)]),
        (lambda h: 150 - 9.5 * h + min(180, max(0, (h - 3) * 1080)), 4.5, 0, (9, 9), [(REFUEL, 179, 192, 175.665)]),
        (lambda h: 150 + (120 if h >= 3.5 else 0), 5, 9, (3, 4), [(REFUEL, 179, 240, 118.964)]),
        (lambda h: 150 + min(60, max(0, (h - 3) * 40)), 5, 9, (9, 9), [(RISING, 64, 299, 60.253)]),
        (
            lambda h: 100 + (80 if h >= 2 else 0) + (90 if h >= 4 else 0), 5, 9, (9, 9),
            [(REFUEL, 111, 128, 80.596), (REFUEL, 239, 240, 89.662)],
        ),
        (lambda h: 320 - 20 * max(0, h - 8), 8.9, 9, (9, 9), [(LEAK, 479, 533, 17.119)]),
        (lambda h: 320 - 12 * min(h, 3) - 9.5 * max(0, h - 3), 4, 3, (9, 9), [(LEAK, 79, 179, 19.263)]),
        (lambda h: 320 - 60 * max(0, h - 3), 3.6, 9, (9, 9), [(LEAK, 182, 215, 32.905)]),
        (lambda h: 300 if h > 1 else 300 + 9.5 * (1 - h), 3.5, 0, (9, 9), [(STUCK, 64, 209, 22.958)]),
        (lambda h: 200 + 12 * h, 4, 9, (9, 9), [(RISING, 0, 239, 43.883)]),
        (
            lambda h: 100 + (80 if h >= 2 else 0) + 12 * max(0, h - 2), 6, 9, (9, 9),
            [(REFUEL, 111, 144, 90.213), (RISING, 144, 359, 37.56)],
        ),
    ],
    ids=[
        "a theft at rest", "a theft from what runs", "a delivery that takes ten minutes", "a delivery in a gap",
        "a rise that is no delivery", "two deliveries", "a leak", "a leak before a run", "a quick leak", "a gauge that is stuck",
        "a level that creeps up", "a level that creeps up behind a delivery",
    ],
)  # fmt: skip
def test_the_figures_of_what_is_found(
    level: Callable[[float], float],
    hours: float,
    on_h: float,
    gap_h: tuple[float, float],
    found: list[tuple[str, float, float, float]],
) -> None:
    """Written down as they are, so that no change of the method goes unnoticed: who changes it on purpose writes them anew."""
    noise_l = 0.2 if found[0][0] == STUCK else 1.2
    course = slots(level, hours, lambda hour: hour >= on_h, noise_l, gap_h)
    jumps = find_jumps(course, noise_l, TANK, 300.0)
    stuck = find_stuck(course, noise_l, 0.1, TANK, 300.0)
    events = [
        *(jump.event for jump in jumps),
        *find_losses(course, noise_l, TANK, jumps),
        *([stuck] if stuck else []),
        *find_rises(course, noise_l, TANK, jumps, 300.0),
    ]
    assert [(one.kind, (one.since - T0) / 60, (one.until - T0) / 60, round(one.litres, 3)) for one in events] == found
