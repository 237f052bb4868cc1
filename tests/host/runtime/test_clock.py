"""Story time: as fast as it was asked for, and at real speed behind its end."""

import threading

import pytest

from paraat.runtime import clock
from paraat.runtime.clock import ScaledClock

T0 = 1764000000.0


class RealTime:
    """The machine's monotonic seconds, which only the test moves."""

    def __init__(self) -> None:
        self.now_s = 5000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    time = RealTime()
    monkeypatch.setattr(clock, "time", time)
    return time


def test_a_story_runs_at_its_speed_from_its_first_moment(real: RealTime) -> None:
    story = ScaledClock(T0, 60.0)
    assert (story.now(), story.story_s()) == (T0, 0.0)
    real.now_s += 2.5
    assert (story.now(), story.story_s()) == (T0 + 150.0, 150.0)


def test_who_joins_a_story_later_is_told_when_it_began(real: RealTime) -> None:
    assert ScaledClock(T0, 60.0, real0_s=real.now_s - 10.0).now() == T0 + 600.0
    assert ScaledClock(T0, 60.0, real0_s=0.0).now() == T0 + 60.0 * real.now_s


def test_behind_its_end_a_story_runs_at_real_speed_and_never_leaps(real: RealTime) -> None:
    story = ScaledClock(T0, 60.0)
    story.end_at(300.0)
    seen = []
    for _ in range(8):
        seen.append(story.story_s())
        real.now_s += 1.0
    assert seen == [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 301.0, 302.0]


def test_a_wait_is_never_longer_than_its_seconds_of_the_story() -> None:
    asked_s = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            asked_s.append(timeout)
            return self.is_set()

    event = Event()
    assert not ScaledClock(T0, 60.0).wait(event, 90.0)
    event.set()
    assert ScaledClock(T0, 60.0).wait(event, 90.0)
    assert asked_s == [1.5, 1.5]
