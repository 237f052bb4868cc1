"""What is kept of a reading: it saves the work of another, and changes nothing of what comes out."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from course_scores import tank_of
from fuel_courses import T0, Course, Sample
from paraat.domain import autonomy
from paraat.domain.fuel import Fuel
from paraat.domain.fuel_history import OFF, Slot

STEADY = Course("steady", ((1, 0.0), (5, 9.0)), capacity_l=400, start_l=390)
CHANGES = Course("changes", ((3, 6.0), (2, 14.0)), capacity_l=400, start_l=390)
RESTS = Course("rests", ((4, 0.0),), capacity_l=400, start_l=390)


class Asked:
    """One who asks after each sample, and counts how often all was read anew."""

    def __init__(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fuel = Fuel(tank_of(course))
        self.reads: list[float] = []
        read, self._t = autonomy.read, 0.0
        monkeypatch.setattr(autonomy, "read", lambda *args: self.reads.append((self._t - T0) / 3600) or read(*args))

    def hear(self, sample: Sample) -> None:
        self._t = sample.t
        self.fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
        self.fuel.reading()

    def between(self, begin_h: float, end_h: float) -> int:
        return sum(begin_h <= at < end_h for at in self.reads)


def told(course: Course, samples: Sequence[Sample]) -> Fuel:
    """Who is asked at the end alone."""
    fuel = Fuel(tank_of(course))
    for sample in samples:
        fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
    return fuel


@pytest.mark.parametrize("course", [STEADY, CHANGES, RESTS], ids=lambda course: course.name)
def test_it_says_the_same_however_often_it_was_asked_and_in_whatever_order_it_heard(course: Course) -> None:
    samples, often, late = list(course.samples(1)), Fuel(tank_of(course)), random.Random(1)
    waiting: list[Sample] = []
    for n, sample in enumerate(samples):
        if late.random() < 0.1:
            waiting.append(sample)  # its set comes some minutes, or half an hour, later
            continue
        often.add(sample.t, sample.litres, sample.running, sample.load_w)
        assert often.reading() is not None
        for old in waiting if n % 30 == 0 or late.random() < 0.3 else ():
            often.add(old.t, old.litres, old.running, old.load_w)
            often.reading()
            waiting.remove(old)
            break
        if n % 40 == 0:
            assert often.reading() == told(course, [one for one in samples[: n + 1] if one not in waiting]).reading()


def test_who_is_not_asked_or_heard_nothing_new_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(STEADY, monkeypatch)
    assert asked.fuel.reading() is None
    for sample in list(STEADY.samples(1))[:90]:
        asked.hear(sample)
    before = len(asked.reads)
    first = asked.fuel.reading()
    assert asked.fuel.reading() is first
    assert len(asked.reads) == before


@pytest.mark.parametrize(
    ("course", "begin_h", "end_h", "most"),
    [
        (RESTS, 2.0, 4.0, 16),  # once in 16 minutes, and where the level is odd
        (STEADY, 4.0, 6.0, 14),
        (CHANGES, 0.0, 0.5, 14),  # a run that began just now: once in four
    ],
    ids=["at rest", "a steady load", "a new run"],
)
def test_where_all_goes_on_as_it_went_little_is_read(
    course: Course, begin_h: float, end_h: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(course, monkeypatch)
    for sample in course.samples(1):
        asked.hear(sample)
    assert 0 < asked.between(begin_h, end_h) <= most


def test_a_load_that_changed_is_read_at_once_and_more_often_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(CHANGES, monkeypatch)
    for sample in CHANGES.samples(1):
        asked.hear(sample)
    assert asked.between(3.0, 3.5) > asked.between(2.5, 3.0)


def test_what_is_forgotten_is_in_nothing_that_was_kept() -> None:
    samples = list(CHANGES.samples(1))
    often = Fuel(tank_of(CHANGES))
    for sample in samples:
        often.add(sample.t, sample.litres, sample.running, sample.load_w)
        often.reading()
    often.forget_after(T0 + 2.9 * 3600)
    found, anew = often.reading(), told(CHANGES, [one for one in samples if one.t <= T0 + 2.9 * 3600]).reading()
    assert found is not None
    assert anew is not None
    assert found.burn.likely == pytest.approx(anew.burn.likely, rel=0.02)
    assert found.litres == pytest.approx(anew.litres, abs=1)


BEGIN = 64_000 * 60.0  # with which a step of any length begins


class Read(NamedTuple):
    """What of a reading says how long it holds."""

    t: float
    since: float | None
    is_at_rest: bool


class Steps:
    """Which minutes are read and when, whatever they say. since: of the rate, as a reading at some minute finds it."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        since: Callable[[int], int | None] = lambda _: None,
        *,
        carries: bool = True,
    ) -> None:
        self.fuel = Fuel(tank_of(STEADY))
        self.reads: list[tuple[int, int]] = []  # when, and the last minute that was read
        self.carried: list[tuple[int, int]] = []  # when, and the first minute that was held against what was read
        self._minute = 0

        def read(slots: Sequence[Slot], tank: object) -> Read | None:
            assert tank == tank_of(STEADY)
            if not slots:
                return None
            newest = int(slots[-1].t - BEGIN) // 60
            self.reads.append((self._minute, newest))
            begun = since(newest)
            return Read(slots[-1].t, None if begun is None else BEGIN + 60 * begun, slots[-1].state == OFF)

        def carry(reading: Read, slots: Sequence[Slot], tank: object) -> Read | None:
            assert tank == tank_of(STEADY)
            self.carried.append((self._minute, int(slots[0].t - BEGIN) // 60))
            return reading if carries else None

        monkeypatch.setattr(autonomy, "read", read)
        monkeypatch.setattr(autonomy, "carry", carry)

    def hear(self, minutes: range, *, running: bool = True) -> None:
        for minute in minutes:
            self.at(minute, running=running)

    def at(self, minute: int, *, running: bool = True, asked: bool = True) -> None:
        self.fuel.add(BEGIN + 60 * minute, 300.0, running, None)
        self._minute = max(self._minute, minute)
        if asked:
            self.fuel.reading()

    @property
    def moments(self) -> list[int]:
        return [moment for moment, _ in self.reads]


@pytest.mark.parametrize("running", [True, False])
def test_the_longer_all_goes_on_the_longer_the_steps(running: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    steps.hear(range(200), running=running)
    assert steps.moments == [0, 1, 2, 3, 4, *range(8, 48, 8), *range(48, 200, 16)]
    assert all(newest == moment - 1 for moment, newest in steps.reads[4:]), "and what was before the step, all of it"
    steps.at(200, running=not running)
    assert steps.moments[-1] == 200, "a change is read at once"
    before = len(steps.reads)
    steps.hear(range(201, 209), running=not running)
    assert steps.moments[before:] == [208]


def test_soon_after_a_start_it_is_read_more_often_once_the_level_tells_of_the_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = Steps(monkeypatch, lambda minute: 0 if minute >= 12 else None)
    steps.hear(range(32))
    assert steps.moments == [0, 1, 2, 3, 4, 8, 16, 20, 24, 26, 28, 30]


def test_a_rate_that_is_new_is_read_more_often_until_it_is_three_steps_old(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, lambda minute: 0 if minute < 100 else 100)
    steps.hear(range(210))
    assert [moment for moment in steps.moments if moment >= 96] == [96, *range(112, 162, 2), 176, 192, 208]


def test_a_rate_that_is_new_is_read_no_more_often_while_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, lambda minute: 0 if minute < 100 else 100)
    steps.hear(range(210), running=False)
    assert [moment for moment in steps.moments if moment >= 96] == list(range(96, 210, 16))


def test_what_came_since_is_held_against_what_was_read_with_the_last_four_minutes_of_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = Steps(monkeypatch)
    steps.hear(range(110))
    assert {(moment, first) for moment, first in steps.carried if moment >= 96} == {(n, 92) for n in range(96, 110)}
    assert (20, 12) in steps.carried
    assert len(steps.fuel._kept) <= 4, "of the steps that are over nothing is kept"


def test_where_it_is_not_what_was_expected_all_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, carries=False)
    steps.hear(range(70))
    assert [(moment, newest) for moment, newest in steps.reads if moment == newest] == [(n, n) for n in range(70)]


def test_a_set_that_comes_late_is_taken_in_where_it_lies_before_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    steps.hear(range(98))
    steps.hear(range(99, 102))
    before = len(steps.reads)
    steps.at(98)
    steps.at(96)
    assert steps.reads[before:] == []
    steps.at(95)
    assert steps.reads[before:] == [(101, 95)]
    steps.at(95)
    assert len(steps.reads) == before + 2


def test_since_when_it_knows_of_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    assert not steps.fuel.knows_since(BEGIN)
    steps.at(3)
    assert [steps.fuel.knows_since(BEGIN + 60 * minute) for minute in (2, 3, 4)] == [False, True, True]


def test_what_is_forgotten_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    steps.hear(range(80))
    before = len(steps.reads)
    steps.fuel.forget_after(BEGIN + 60 * 75)
    steps.fuel.reading()
    assert steps.reads[before:] == [(79, 63)]
