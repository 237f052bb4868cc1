"""Whether each loop of the program gets on: one that hangs looks alive from outside, and does nothing."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class _Step(NamedTuple):
    limit_s: float
    began_s: float | None  # of time.monotonic(); None: it waits for work, for as long as there is none


class Progress:
    """Every loop says when it takes a step, and when it waits for work. now_s: seconds of a clock that only goes on."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._steps: dict[str, _Step] = {}

    def works(self, loop: str, limit_s: float) -> None:
        """A loop takes a step, which takes no longer than limit_s when all is well."""
        with self._lock:
            self._steps[loop] = _Step(limit_s, self._now_s())

    def waits(self, loop: str) -> None:
        """A loop has nothing to do, and somebody will wake it."""
        with self._lock:
            if loop in self._steps:
                self._steps[loop] = self._steps[loop]._replace(began_s=None)

    def ended(self, loop: str) -> None:
        """A loop has ended, as it should."""
        with self._lock:
            self._steps.pop(loop, None)

    def loops(self) -> dict[str, float]:
        """By loop for how long it has not got on, in seconds; 0: it does, or it waits for work."""
        now_s = self._now_s()
        with self._lock:
            steps = dict(self._steps)
        late = {loop: 0.0 if step.began_s is None else now_s - step.began_s for loop, step in steps.items()}
        return {loop: seconds if seconds > steps[loop].limit_s else 0.0 for loop, seconds in late.items()}

    def hung(self) -> dict[str, float]:
        """The loops that do not get on, and for how many seconds."""
        return {loop: seconds for loop, seconds in self.loops().items() if seconds}
