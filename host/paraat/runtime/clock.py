"""The one place where the host reads the time."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Where the service gets `now` from, so that a demo can run faster and a test can stand still."""

    def now(self) -> float:
        """Unix time in seconds, UTC."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set or `seconds` of this clock have passed; True when the event is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


def uptime_s() -> float:
    """Seconds since the machine started, also those that it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class ScaledClock:
    """Story time: starts at t0_unix, runs `speed` times as fast as real time, and at real speed once it was ended.

    real0_s: the moment of time.monotonic() at which the story began.
    """

    def __init__(self, t0_unix: float, speed: float, *, real0_s: float | None = None) -> None:
        self.t0_unix = t0_unix
        self.speed = speed
        self._real0_s = time.monotonic() if real0_s is None else real0_s
        self._end_s: float | None = None

    def story_s(self) -> float:
        """Seconds of the story that have passed."""
        real_s = time.monotonic() - self._real0_s
        story_s = real_s * self.speed
        if self._end_s is not None and story_s > self._end_s:
            return self._end_s + real_s - self._end_s / self.speed
        return story_s

    def end_at(self, story_s: float) -> None:
        """From this second of the story on, which must lie ahead, time runs at real speed."""
        self._end_s = story_s

    def now(self) -> float:
        return self.t0_unix + self.story_s()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        # At either speed this is never too long; who waits looks at the clock again.
        return event.wait(seconds / self.speed)
