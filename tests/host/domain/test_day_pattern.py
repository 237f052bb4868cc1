"""A hall that is full by day and asleep at night: the day before tells what may come."""

import pytest

from course_scores import tank_of
from fuel_courses import T0, Course
from paraat.domain import autonomy
from paraat.domain.autonomy import Reading
from paraat.domain.day_pattern import Pattern
from paraat.domain.fuel_history import History
from paraat.domain.model import Autonomy


def by_day(hour: float) -> float:
    return 12.0 if 8 <= hour % 24 < 22 else 5.0


DAYS = Course("days", ((48, 9.0),), capacity_l=1000, start_l=950, record_l_per_h=9, every_s=300, curve=by_day)


def true_left_h(course: Course, hour: float) -> float:
    """Until it is empty, when it goes on so."""
    litres, at = course.litres(hour), hour
    while litres > 0:
        litres -= by_day(at) / 60
        at += 1 / 60
    return at - hour


def readings(course: Course, hours: list[int], seed: int = 1) -> dict[int, Reading]:
    history, found, due = History(), {}, list(hours)
    for sample in course.samples(seed):
        while due and sample.t >= T0 + 3600 * due[0]:
            reading = autonomy.read(history.slots(), tank_of(course))
            assert reading is not None
            found[due.pop(0)] = reading
        history.add(sample.t, sample.litres, sample.running, sample.load_w)
    return found


def left(reading: Reading, course: Course, hour: int) -> Autonomy:
    return autonomy.estimate(reading, tank_of(course), T0 + 3600 * hour, drains=True)


def test_before_a_day_has_passed_the_load_of_now_is_taken_for_what_stays() -> None:
    (found,) = readings(DAYS, [20]).values()
    assert found.pattern is None
    assert left(found, DAYS, 20).hours_high < 0.8 * true_left_h(DAYS, 20)


def test_from_then_on_the_range_holds_what_a_day_as_the_last_one_gives() -> None:
    for hour, found in readings(DAYS, list(range(26, 48, 3))).items():
        shown, true = left(found, DAYS, hour), true_left_h(DAYS, hour)
        assert found.pattern is not None
        assert found.pattern.hours_left(found.litres, found.t) == pytest.approx(true, rel=0.05)
        assert shown.hours_low <= true <= shown.hours_high
        assert shown.hours_low <= shown.hours <= 1.15 * true, "at night the load of now would give a third more"


def test_the_cautious_end_is_the_lower_of_both() -> None:
    by_night, at_noon = (readings(DAYS, [hour])[hour] for hour in (29, 36))
    flat = by_night._replace(pattern=None)
    assert left(by_night, DAYS, 29).hours_low < 0.75 * left(flat, DAYS, 29).hours_low
    flat = at_noon._replace(pattern=None)
    assert left(at_noon, DAYS, 36).hours_low == left(flat, DAYS, 36).hours_low
    assert left(at_noon, DAYS, 36).hours_high > 1.2 * left(flat, DAYS, 36).hours_high


@pytest.mark.parametrize(
    "course",
    [
        Course("steady", ((30, 9.0),), capacity_l=1000, start_l=950, every_s=300),
        Course("steady, 1 % noise", ((30, 9.0),), capacity_l=400, start_l=390, every_s=300, noise=0.01),
        Course("at rest for a while", ((20, 9.0), (2, 0.0), (8, 9.0)), capacity_l=1000, start_l=950, every_s=300),
        Course(
            "not known whether it ran", DAYS.legs, capacity_l=1000, start_l=950, every_s=300, curve=by_day, flag=False
        ),
    ],
    ids=lambda course: course.name,
)
def test_what_is_no_pattern_moves_nothing(course: Course) -> None:
    assert readings(course, [29])[29].pattern is None


def test_a_delivery_in_the_day_that_was_seen_is_no_part_of_it() -> None:
    course = Course(
        "filled", DAYS.legs, capacity_l=1000, start_l=700, record_l_per_h=9, every_s=300, curve=by_day,
        refuels=((20, 250, 10),),
    )  # fmt: skip
    pattern = readings(course, [30])[30].pattern
    assert pattern is not None
    assert all(4 <= rate <= 13 for rate in pattern.rates)


def test_hours_by_a_pattern() -> None:
    pattern = Pattern(T0, (12.0,) * 6 + (6.0,) * 6)
    assert pattern.hours_left(24, T0) == 2
    assert pattern.hours_left(24, T0 + 3600) == 2
    assert pattern.hours_left(144, T0) == 12
    assert pattern.hours_left(150, T0) == 13
    assert pattern.hours_left(216 * 2 + 24, T0) == 50
    assert pattern.hours_left(24, T0 + 13 * 3600) == 4
    assert pattern.hours_left(24, T0 + 86400 * 3) == 2
    assert pattern.hours_left(0, T0) == 0
