"""What is kept of a reading: it saves the work of another, and changes nothing of what comes out."""

import random
from collections.abc import Sequence

import pytest

from course_scores import tank_of
from fuel_courses import T0, Course, Sample
from paraat.domain import autonomy
from paraat.domain.fuel import Fuel

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
