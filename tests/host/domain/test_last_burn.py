"""What a run told of the burn rate counts on after its samples are gone; and an exercise is no outage."""

import random

import pytest

from paraat.domain.facts import Found
from paraat.domain.points import Tank
from tracker_bench import POINT, T0, Bench

HOUR = 3600
RECORD = POINT.tank.burn_l_per_h  # 10 l/h


class Course(Bench):
    """A point whose generator runs for some time, and stands still before and after; what the host keeps comes back."""

    def __init__(self, tank: Tank = POINT.tank) -> None:
        super().__init__(tank=tank)
        self.tank, self.t, self.litres = tank, T0, 0.75 * tank.capacity_l
        self.kept: list[Found] = []
        self.chance = random.Random(1)

    def plays(
        self, hours: float, rate: float, *, mains: bool | None = True, every_s: int = 60, load: int | None = None
    ) -> None:
        for _ in range(round(hours * HOUR / every_s)):
            self.t += every_s
            self.litres -= rate * every_s / HOUR
            shown = 100 * (self.litres + self.chance.gauss(0, 0.5)) / self.tank.capacity_l
            more = {} if load is None or not rate else {"power__load": load}
            without = "power/mains" if mains is None else ""
            values = {"fuel__level": round(shown, 2), "power__generator": rate > 0, "power__mains": bool(mains), **more}
            self.sees(self.t, without=without, **values)
            for found in self.tracker.due():
                self.kept.append(found)
                self.tracker.remember(found)

    def restarts(self) -> None:
        """A new host, which knows what was kept, and of the sets none."""
        seq, count = self.seq, self.kept
        super().__init__(tank=self.tank)
        self.seq = seq
        for found in count:
            self.tracker.remember(found)

    def burn(self) -> tuple[float, str]:
        left = self.view(self.t).autonomy
        assert left is not None
        return left.burn_l_per_h, left.source

    def shown_over_true(self, rate: float) -> float:
        left = self.view(self.t).autonomy
        assert left is not None
        return left.hours * rate / self.litres


@pytest.mark.parametrize("restart", [False, True])
def test_a_generator_that_took_more_than_the_record_says_is_remembered_for_weeks(restart: bool) -> None:
    course = Course()
    course.plays(0.5, 0)
    course.plays(0.5, 14)
    course.plays(2, 0)
    assert 0.85 < course.shown_over_true(14) < 1.1
    course.plays(24 * 15, 0, every_s=1200)
    if restart:
        course.restarts()
        course.plays(0.5, 0)
    assert 0.85 < course.shown_over_true(14) < 1.1
    assert course.burn()[1] == "slope"
    left = course.view(course.t).autonomy
    assert left is not None
    assert left.hours_low <= course.litres / 14


@pytest.mark.parametrize("restart", [False, True])
def test_an_exercise_with_the_grid_there_makes_no_hours(restart: bool) -> None:
    course = Course()
    course.plays(0.5, 0)
    course.plays(0.5, 4)
    assert course.burn() == (RECORD, "record")
    course.plays(2, 0)
    if restart:
        course.restarts()
        course.plays(0.5, 0)
    assert course.burn() == (RECORD, "record")
    course.plays(0.2, 0, mains=False)  # nor when the grid goes, before the generator carries the point
    assert course.burn() == (RECORD, "record")


def test_what_it_burns_in_an_outage_counts_both_ways_also_while_it_is_filled_and_when_the_grid_is_back() -> None:
    course = Course()
    course.plays(0.5, 0)
    course.plays(4, 5, mains=False)
    assert 0.9 < course.shown_over_true(5) < 1.1
    course.plays(0.2, 0, mains=False)
    assert 0.9 < course.shown_over_true(5) < 1.1
    course.plays(0.5, 5, mains=False)
    course.plays(0.1, 5)
    course.plays(0.2, 0)
    assert 0.9 < course.shown_over_true(5) < 1.1


def test_an_exercise_after_an_outage_is_an_exercise() -> None:
    course = Course()
    course.plays(2, 6, mains=False)
    course.plays(3, 0)
    course.plays(0.5, 3)
    course.plays(0.2, 0)
    assert course.burn() == (RECORD, "record")


def test_where_nobody_knows_of_the_grid_what_is_burnt_counts() -> None:
    course = Course()
    course.plays(3, 5, mains=None)
    assert 0.9 < course.shown_over_true(5) < 1.1


def test_by_its_load_the_curve_counts_and_an_exercise_at_little_load_makes_no_hours() -> None:
    course = Course(Tank(capacity_l=400, burn_l_per_h=10, reserve_l=0, burn_by_load=((0, 2.0), (10_000, 10.0))))
    course.plays(0.5, 0)
    course.plays(0.5, 4.5, load=2000)  # its curve says 3.6: it takes a quarter more
    course.plays(1, 0)
    assert course.burn() == (RECORD, "record")
    course.plays(24 * 3, 0, every_s=1200)
    course.plays(0.15, 12.5, mains=False, load=10_000)  # a run too short to tell anything by itself
    rate, source = course.burn()
    assert source == "load"
    assert rate == pytest.approx(12.5, rel=0.1)


def test_a_run_is_kept_with_what_it_burnt_once_and_not_again_at_rest() -> None:
    course = Course()
    course.plays(0.5, 0)
    course.plays(0.5, 14)
    course.plays(0.5, 0)
    kept = len(course.kept)
    course.plays(20, 0, every_s=300)
    assert len(course.kept) == kept
