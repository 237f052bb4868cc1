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


class ScaledClock:
    """A clock that starts at t0_unix and runs `speed` times as fast as the machine's monotonic clock."""

    def __init__(self, t0_unix: float, speed: float, *, real0_s: float | None = None) -> None:
        self.t0_unix = t0_unix
        self.speed = speed
        self._real0_s = time.monotonic() if real0_s is None else real0_s

    def now(self) -> float:
        return self.t0_unix + (time.monotonic() - self._real0_s) * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.speed)
