"""A hall that is full by day and asleep at night: the day before tells what may come."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from course_scores import tank_of
from fuel_courses import T0, Course
from paraat.domain import autonomy
from paraat.domain.autonomy import Reading
from paraat.domain.day_pattern import DAY_S, Pattern, find_pattern
from paraat.domain.facts import Found, GeneratorRan
from paraat.domain.fuel_events import FuelEvent, Jump
from paraat.domain.fuel_history import OFF, ON, History, Slot
from paraat.domain.model import Autonomy, SampleSet
from paraat.domain.points import Tank
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from tracker_bench import POINT, PROFILE


def by_day(hour: float) -> float:
    return 12.0 if 8 <= hour % 24 < 22 else 5.0


DAYS = Course("days", ((48, 9.0),), capacity_l=1000, start_l=950, record_l_per_h=9, every_s=300, curve=by_day)

TEN_MIN = replace(DAYS, every_s=600)


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
    flat = msgspec.structs.replace(by_night, pattern=None)
    assert left(by_night, DAYS, 29).hours_low < 0.75 * left(flat, DAYS, 29).hours_low
    flat = msgspec.structs.replace(at_noon, pattern=None)
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


def test_hours_by_a_pattern_are_those_of_burning_minute_after_minute() -> None:
    rates = (12.0, 3.0, 7.0, 9.0, 4.0, 11.0, 2.0, 8.0, 10.0, 5.0, 6.0, 1.0)
    pattern = Pattern(T0, rates)
    for begin_h, litres in (
        (0.0, 30.0),
        (0.5, 5.9),
        (1.5, 40.0),
        (3.25, 200.0),
        (23.9, 1.0),
        (-1.0, 18.0),
        (47.5, 330.0),
    ):
        left, minutes = litres, 0
        while left > 0:
            left -= rates[int((begin_h + minutes / 60) % 24 // 2)] / 60
            minutes += 1
        assert pattern.hours_left(litres, T0 + begin_h * 3600) == pytest.approx(minutes / 60, abs=0.05)


def day(
    rate: Callable[[float], float],
    *,
    hours: float = 26.0,
    every_s: int = 600,
    running: Callable[[float], bool] | None = None,
) -> list[Slot]:
    """Slots of some samples each up to T0, of a generator that burns rate(hours before T0) and never stood still."""
    found, litres = [], 0.0
    for n in range(int(hours * 3600 / every_s) + 1):
        t, before_h = T0 - n * every_s, n * every_s / 3600
        state = ON if running is None or running(before_h) else OFF
        found.append(Slot(t, litres, 5, state, t, t, litres, litres, None))
        litres += rate(before_h + every_s / 7200) * every_s / 3600
    return found[::-1]


def of_two(by_day: float, by_night: float) -> Callable[[float], float]:
    """Half a day of the one, and before it half a day of the other."""
    return lambda before_h: by_day if before_h % 24 < 12 else by_night


def pattern_of(
    slots: list[Slot], *, noise_l: float = 0.1, jumps: tuple[Jump, ...] = (), least: float = 0.5
) -> Pattern | None:
    return find_pattern(slots, noise_l, jumps, least)


def test_the_rates_are_those_around_each_two_hours_of_the_last_day() -> None:
    found = pattern_of(day(of_two(12.0, 6.0)))
    assert found is not None
    assert found.since == T0 - DAY_S - 3600
    # The first part lies around the moment a day ago, when the next day's half began that is like the newest one.
    assert found.rates == pytest.approx((9.0, *(6.0,) * 5, 9.0, *(12.0,) * 5), abs=0.4)


@pytest.mark.parametrize(("by_day", "is_one"), [(10.7, False), (10.8, True)])
def test_rates_that_differ_by_less_than_a_seventh_of_their_mean_are_no_pattern(by_day: float, is_one: bool) -> None:
    assert (pattern_of(day(of_two(by_day, 20 - by_day))) is not None) is is_one


def test_what_the_noise_makes_is_no_pattern() -> None:
    """Parts of 12 slots with 5 samples each: six deviations of a rate are 0.55 l/h a litre."""
    slots = day(of_two(12.0, 9.0))
    assert pattern_of(slots, noise_l=5.3) is not None
    assert pattern_of(slots, noise_l=5.7) is None


def test_a_day_must_be_whole_and_the_generator_on_all_the_time() -> None:
    rate = of_two(12.0, 6.0)
    assert pattern_of(day(rate, hours=23.5)) is None
    assert pattern_of(day(rate, hours=26.0, running=lambda before_h: before_h != 13)) is None
    assert pattern_of(day(rate, hours=28.0, running=lambda before_h: before_h < 27)) is not None, "before that day"
    assert pattern_of(day(rate, hours=28.0, running=lambda before_h: before_h < 25)) is None, "its first rate is around"
    gap = [slot for slot in day(rate) if not 6 <= (T0 - slot.t) / 3600 < 8.5]
    assert pattern_of(gap) is None


def test_a_part_with_a_jump_has_the_mean_of_the_others_and_not_more_than_half_may() -> None:
    def jump(before_h: float) -> Jump:
        t = T0 - before_h * 3600
        return Jump(t, t + 60, FuelEvent(kind="refuel", since=t, until=t + 60, litres=100.0))

    slots = day(of_two(12.0, 6.0))
    plain, found = pattern_of(slots), pattern_of(slots, jumps=(jump(3.0),))
    assert plain is not None
    assert found is not None
    changed = [n for n in range(12) if found.rates[n] != plain.rates[n]]
    assert changed == [10, 11], "the two rates on whose samples it lies"
    known = [plain.rates[n] for n in range(12) if n not in changed]
    assert found.rates[10] == found.rates[11] == pytest.approx(sum(known) / 10)
    assert pattern_of(slots, jumps=tuple(jump(before_h) for before_h in (3, 7, 11))) is not None
    assert pattern_of(slots, jumps=tuple(jump(before_h) for before_h in (3, 7, 11, 15))) is None


def test_nothing_that_runs_burns_less_than_the_least() -> None:
    found = pattern_of(day(of_two(12.0, 0.0)), least=2.0)
    assert found is not None
    assert min(found.rates) == 2.0


class Days:
    """A point whose hall is full by day; and what its host keeps."""

    def __init__(self) -> None:
        self.sets = [
            SampleSet(
                point=POINT.id, kind="telemetry", seq=n + 1, t=one.t, received_at=one.t,
                values={"fuel/level": one.litres / 10, "power/generator": bool(one.running), "power/mains": False}, faults={},
            )
            for n, one in enumerate(TEN_MIN.samples(1))
        ]  # fmt: skip
        self.told: list[Found] = []

    def tracker(self) -> Tracker:
        tank = Tank(capacity_l=1000, burn_l_per_h=9)
        point = msgspec.structs.replace(POINT, tank=tank, board=msgspec.structs.replace(POINT.board, interval_s=600))
        return Tracker({POINT.id: point}, Alerts(), profiles={POINT.id: PROFILE}, since=T0, counts=lambda _: (0, 0))

    def run(self, tracker: Tracker, first: float, last: float, stands: tuple[float, float] | None = None) -> None:
        """Take in what came from hour `first` to hour `last`, and keep what is due. stands: it does not run meanwhile."""
        for a_set in self.sets:
            hour = (a_set.t - T0) / 3600
            if first <= hour < last:
                off = stands is not None and stands[0] <= hour < stands[1]
                values = a_set.values | {"power/generator": False} if off else a_set.values
                tracker.apply(msgspec.structs.replace(a_set, values=values))
                for found in tracker.due():
                    tracker.remember(found)
                    self.told.append(found)

    def forgetful(self) -> "Days":
        """The same, where nothing of a day is kept."""
        other = Days()
        other.told = [msgspec.structs.replace(one, day=None) for one in self.told if isinstance(one, GeneratorRan)]
        return other

    def restarted(self, hour: float, back_h: float) -> Tracker:
        """As a start reads it back: what the host kept last, and the sets of some hours."""
        tracker = self.tracker()
        tracker.remember(next(one for one in reversed(self.told) if isinstance(one, GeneratorRan)))
        self.run(tracker, hour - back_h, hour)
        return tracker


def hours(tracker: Tracker, hour: float) -> Autonomy:
    found = tracker.view(POINT.id, T0 + 3600 * hour).autonomy
    assert found is not None
    return found


def test_a_start_of_the_host_knows_the_day_that_it_does_not_read_back() -> None:
    days = Days()
    tracker = days.tracker()
    days.run(tracker, 0, 30)
    before, after = hours(tracker, 30), hours(days.restarted(30, back_h=6), 30)
    assert after.hours_low == pytest.approx(before.hours_low, rel=0.03)
    assert after.hours_high == pytest.approx(before.hours_high, rel=0.1)
    assert hours(days.forgetful().restarted(30, back_h=6), 30).hours_low > 1.25 * before.hours_low, (
        "else nothing is tested here"
    )


def test_a_day_before_a_rest_tells_nothing_of_what_comes() -> None:
    days = Days()
    days.run(days.tracker(), 0, 30)
    again, forgot = days.restarted(30, back_h=6), days.forgetful().restarted(30, back_h=6)
    assert hours(again, 30) != hours(forgot, 30)
    for tracker in (again, forgot):
        days.run(tracker, 30, 33, stands=(30, 32))
    assert hours(again, 33) == hours(forgot, 33)


def test_what_was_seen_since_the_start_goes_before_what_was_kept() -> None:
    days = Days()
    days.run(days.tracker(), 0, 27)
    again, forgot = days.restarted(27, back_h=6), days.forgetful().restarted(27, back_h=6)
    assert hours(again, 27) != hours(forgot, 27)
    for tracker in (again, forgot):
        days.run(tracker, 27, 46.5)
    assert hours(again, 46.5) == hours(forgot, 46.5)


def test_a_day_is_told_with_the_run_and_no_more_when_that_ends() -> None:
    days = Days()
    tracker = days.tracker()
    days.run(tracker, 0, 28)
    with_day = [one for one in days.told if isinstance(one, GeneratorRan) and one.day is not None]
    assert 6 <= len(with_day) <= 16, "each quarter of an hour, from when a whole day is known"
    days.run(tracker, 28, 31, stands=(28, 31))
    last = days.told[-1]
    assert isinstance(last, GeneratorRan)
    assert last.day is None
    assert last.ran[-1][1] < T0 + 28 * 3600
