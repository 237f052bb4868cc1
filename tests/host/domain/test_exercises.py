"""Runs with a rest between them: what those of before tell of the newest one, and what they must not."""

from dataclasses import replace

import pytest

from course_scores import tank_of
from fuel_courses import COURSES, T0, Course
from paraat.domain import autonomy
from paraat.domain.autonomy import Reading
from paraat.domain.fuel import Fuel
from paraat.domain.fuel_history import History
from paraat.domain.model import Autonomy

(WEEKLY,) = (course for course in COURSES if course.name == "exercises a week apart")
NEWEST_H = 336.0  # when the third of them begins
# Without most sets of the weeks at rest: of those the history keeps the last day alone.
FEWER = replace(WEEKLY, gaps=((3, 128), (171, 296)))


def read(course: Course, hour: float, seed: int) -> Reading:
    history = History()
    for sample in course.samples(seed):
        if sample.t <= T0 + hour * 3600:
            history.add(sample.t, sample.litres, sample.running, sample.load_w)
    reading = autonomy.read(history.slots(), tank_of(course))
    assert reading is not None
    return reading


def left(course: Course, hour: float, seed: int) -> Autonomy:
    return autonomy.estimate(read(course, hour, seed), tank_of(course), T0 + hour * 3600, drains=True)


def test_they_do_not_stand_in_for_it() -> None:
    """In its first ten minutes the record counts, as if there had been none: exercises without load make no outage last."""
    light = replace(FEWER, legs=((0.5, 3), (167.5, 0), (0.5, 3), (167.5, 0), (0.5, 9.5)), noise=0.0005)
    for minutes in (3, 9):
        assert read(light, NEWEST_H + minutes / 60, 1).burn.source == "record"


@pytest.mark.parametrize(("before", "now"), [(5, 10), (7, 10.5)])
def test_after_a_rest_of_a_day_another_load_is_as_good_as_the_same(before: float, now: float) -> None:
    """Too many hours, a quarter of an hour after an outage began: on most ripples where a change was taken to be rare."""
    course = Course("daily", (*((0.5, before), (23.5, 0)) * 3, (1, now)), noise=0.002)
    hour = 72.25
    true = course.left_h(hour)
    assert sum(left(course, hour, seed).hours > 1.1 * true for seed in range(150, 160)) <= 2


@pytest.mark.parametrize(("before", "now"), [(5, 10), (6, 9.5), (7, 10.5)])
@pytest.mark.parametrize("minutes", [1, 4, 8])
def test_until_a_run_after_a_day_of_rest_tells_anything_its_load_may_be_another(
    before: float, now: float, minutes: float
) -> None:
    """Once it was that of the day before for its first ten minutes, and the hours up to twice too many."""
    course = Course("daily", ((3, before), (24, 0), (1, now)), noise=0.002)
    hour = 27 + minutes / 60
    assert left(course, hour, 1).hours <= 1.1 * course.left_h(hour)


def test_it_may_so_at_every_set_of_its_first_ten_minutes() -> None:
    """Also where the reading of before is carried on to the newest sets."""
    course = Course("daily", ((3, 5), (24, 0), (1, 10)), noise=0.002)
    fuel, told = Fuel(tank_of(course)), []
    for sample in course.samples(1):
        fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
        minutes = (sample.t - T0) / 60 - 27 * 60
        reading = fuel.reading()
        if 0 <= minutes < 9 and reading is not None:
            told.append(reading.burn.source)
    assert told == ["record"] * 9


def test_after_a_short_stop_it_burns_what_it_burnt() -> None:
    course = Course("filled", ((3, 6), (0.25, 0), (1, 6)), noise=0.002)
    hour = 3.25 + 5 / 60
    assert left(course, hour, 1).hours == pytest.approx(course.left_h(hour), rel=0.1)


def test_what_is_lost_at_rest_between_exercises_is_not_burnt() -> None:
    """A leak and a can of fuel: only the fall within each run tells the rate."""
    still = replace(FEWER, noise=0.001)
    moved = replace(still, refuels=((50, -25, 600), (250, 9, 5)))
    hour = NEWEST_H + 0.5
    assert read(moved, hour, 3).burn.likely == pytest.approx(read(still, hour, 3).burn.likely, rel=0.01)


@pytest.mark.parametrize("begins_h", [8.6, 8.7, 8.8, 8.9])
def test_a_slot_at_rest_around_a_run_is_no_level_before_or_after_it(begins_h: float) -> None:
    """Of an exercise of 21 minutes in one slot of 64: once 3.0 litres an hour (2.0-4.0), fifteen hours after it burnt 9.5."""
    course = Course("amid", ((1e-6, 9.5), (begins_h, 0), (0.35, 9.5), (15, 0)), noise=0.0005)
    burn = read(course, course.hours - 0.5, 1).burn
    assert burn.low <= 9.5 <= burn.high
