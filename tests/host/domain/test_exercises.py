"""Runs with a rest between them: what those of before tell of the newest one, and what they must not."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest

from course_scores import tank_of
from fuel_courses import COURSES, T0, Course, demand
from paraat.domain import autonomy, slopes
from paraat.domain.autonomy import Reading
from paraat.domain.fuel_history import History
from paraat.domain.model import Autonomy
from paraat.domain.slopes import Line
from paraat.domain.spots import Spot

(WEEKLY,) = (course for course in COURSES if course.name == "exercises a week apart")
NEWEST_H = 336.0  # when the third of them begins
# Without most sets of the weeks at rest: of those the history keeps the last day alone.
FEWER = replace(WEEKLY, gaps=((3, 128), (171, 296)))


def read(course: Course, hour: float, seed: int, *, since: float = 0.0) -> Reading:
    history = History()
    for sample in course.samples(seed):
        if T0 + since * 3600 <= sample.t <= T0 + hour * 3600:
            history.add(sample.t, sample.litres, sample.running, sample.load_w)
    reading = autonomy.read(history.slots(), tank_of(course))
    assert reading is not None
    return reading


def left(course: Course, hour: float, seed: int) -> Autonomy:
    return autonomy.estimate(read(course, hour, seed), tank_of(course), T0 + hour * 3600, drains=True)


def test_exercises_of_weeks_ago_confirm_the_rate_of_the_newest_one() -> None:
    """Their slope is kept. By the newest alone the range at this moment is 5.8 times what the noise demands, and the error 13 %."""
    hour = NEWEST_H + 1 / 3
    shown, true = [left(FEWER, hour, seed) for seed in range(150, 157)], WEEKLY.left_h(hour - 1e-6)
    widths = [(one.hours_high - one.hours_low) / 2 / true / demand(WEEKLY, hour - 1e-6) for one in shown]
    assert median(widths) <= 4.5
    assert median(abs(one.hours / true - 1) for one in shown) <= 0.1
    assert max(one.hours for one in shown) <= 1.1 * true
    assert all(one.hours_low <= true <= one.hours_high for one in shown)


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


def test_what_is_lost_at_rest_between_exercises_is_not_burnt() -> None:
    """A leak and a can of fuel: only the fall within each run tells the rate."""
    still = replace(FEWER, noise=0.001)
    moved = replace(still, refuels=((50, -25, 600), (250, 9, 5)))
    hour = NEWEST_H + 0.5
    assert read(moved, hour, 3).burn.likely == pytest.approx(read(still, hour, 3).burn.likely, rel=0.01)


def fitted(course: Course, hour: float, monkeypatch: pytest.MonkeyPatch) -> list[Spot]:
    """What the line is laid through."""
    found: list[Spot] = []

    def lines(spots: Sequence[Spot], **how: float) -> list[Line]:
        found[:] = spots
        return slopes.lines(spots, **how)

    monkeypatch.setattr(autonomy, "slopes", SimpleNamespace(lines=lines, quantile=slopes.quantile))
    read(course, hour, 1)
    return found


def test_the_line_goes_through_two_spots_of_each_earlier_run(monkeypatch: pytest.MonkeyPatch) -> None:
    spots = fitted(FEWER, NEWEST_H + 0.5, monkeypatch)
    earlier = [[spot for spot in spots if spot.stretch == stretch] for stretch in (0, 1)]
    assert [len(run) for run in earlier] == [2, 2]
    for first, last in earlier:
        assert last.x - first.x == pytest.approx(2 * 0.5 / math.sqrt(12), rel=0.01), "hours, of half an hour of sets"
        assert (first.y - last.y) / (last.x - first.x) == pytest.approx(9.5, rel=0.3)
        assert first.variance == last.variance
    assert [spot.x for spot in spots] == sorted(spot.x for spot in spots), "runs do not lie over each other"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"legs": ((1 / 6, 9.5), (1 / 6, 0)) * 3 + ((167, 0), (0.5, 9.5))},
        {"refuels": ((0.05, 6, 1),)},
        {"gaps": ((0.05, 0.2), (0.25, 0.45), *FEWER.gaps)},
        {"step": 0.01},
    ],
    ids=["it stood still in between", "a can of fuel", "most sets were lost", "a coarse scale"],
)
def test_a_slot_in_which_more_happened_tells_no_line(spoilt: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    once = replace(FEWER, legs=((0.5, 9.5), (167.5, 0), (0.5, 9.5)), noise=0.001)
    hour = once.hours
    assert sum(spot.stretch == 0 for spot in fitted(once, hour, monkeypatch)) == 2
    course = replace(once, **spoilt)
    assert sum(spot.stretch == 0 for spot in fitted(course, course.hours, monkeypatch)) == 1


@pytest.mark.parametrize("begins_h", [8.6, 8.7, 8.8, 8.9])
def test_a_slot_at_rest_around_a_run_is_no_level_before_or_after_it(begins_h: float) -> None:
    """Of an exercise of 21 minutes in one slot of 64: once 3.0 litres an hour (2.0-4.0), fifteen hours after it burnt 9.5."""
    course = Course("amid", ((1e-6, 9.5), (begins_h, 0), (0.35, 9.5), (15, 0)), noise=0.0005)
    burn = read(course, course.hours - 0.5, 1).burn
    assert burn.low <= 9.5 <= burn.high
