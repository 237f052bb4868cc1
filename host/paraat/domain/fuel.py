"""The fuel of one point: its samples, and what they say. Read anew only where they may say something else than expected.

A reading of all that is known costs a hundred times as much as seeing that all goes on as it went. So the samples before a
step of 8 or 16 minutes (4 soon after a start, 2 after a change of load) are read, once, and what came after is held against
that; the longer the load has been what it is, the less a few minutes more can tell, and the longer the step. What comes out follows from the samples alone, never
from when somebody asked: what is kept here is what a reading of the same samples would give.
"""

from paraat.domain import autonomy
from paraat.domain.autonomy import Reading
from paraat.domain.fuel_history import STEP_MIN, History
from paraat.domain.points import Tank

STEPS_MIN = (STEP_MIN, 8)
BEGUN_MIN = 4  # where it started not long ago, once the level tells of the load
NEW_LOAD_MIN = 2  # after a change of load while it runs
_KNOWN_STEPS = 3  # so many steps long the generator must have run, and the load have been what it is
_BEFORE_MIN = 4  # so much of what was read must be as the reading says: a step may begin in the midst of a delivery


class Fuel:
    """tank: whose fuel it is. shift_min: as of History."""

    __slots__ = ("_history", "_kept", "_reading", "_tank", "_version")

    def __init__(self, tank: Tank, shift_min: int = 0) -> None:
        self._tank = tank
        self._history = History(shift_min)
        self._kept: dict[int, Reading | None] = {}  # by the minute with which a step begins: what was before it
        self._reading: Reading | None = None
        self._version = self._history.version

    def add(self, t: float, litres: float, running: bool | None, load_w: float | None) -> None:
        """Take a sample in, also one that is older than others; the same one must not come twice."""
        self._history.add(t, litres, running, load_w)
        minute = self._history.minute(t)
        if self._kept and minute < max(self._kept):
            self._kept = {begin: kept for begin, kept in self._kept.items() if minute >= begin}

    def forget_after(self, t: float) -> None:
        """Let go of what is dated after t."""
        self._history.forget_after(t)
        self._kept = {}

    def knows_since(self, t: float) -> bool:
        """Whether any sample is as old as t."""
        oldest_t = self._history.oldest_t()
        return oldest_t is not None and oldest_t <= t

    def reading(self) -> Reading | None:
        """What the samples say; None without any."""
        if self._version != self._history.version:
            self._reading, self._version = self._read(), self._history.version
        return self._reading

    def _read(self) -> Reading | None:
        history = self._history
        for step_min in self._steps():
            begin = history.step(step_min)
            kept = self._before(begin)
            if kept is not None and _is_known(kept, step_min):
                carried = autonomy.carry(kept, history.slots(since=begin - _BEFORE_MIN), self._tank)
                if carried is not None:
                    return carried
        return autonomy.read(history.slots(), self._tank)

    def _steps(self) -> tuple[int, ...]:
        """The longest step that the time since the generator started or stopped allows; and that where less is known."""
        steady_min = self._history.steady_min(_KNOWN_STEPS * STEPS_MIN[0])
        for longest in STEPS_MIN:
            if _KNOWN_STEPS * longest <= steady_min:
                return longest, NEW_LOAD_MIN
        return STEPS_MIN[-1], BEGUN_MIN

    def _before(self, begin: int) -> Reading | None:
        """What the samples before the minute `begin` say."""
        if begin not in self._kept:
            steps = {self._history.step(minutes) for minutes in (*STEPS_MIN, BEGUN_MIN, NEW_LOAD_MIN)}
            self._kept = {step: kept for step, kept in self._kept.items() if step in steps}
            self._kept[begin] = autonomy.read(self._history.slots(until=begin), self._tank)
        return self._kept[begin]


def _is_known(reading: Reading, step_min: int) -> bool:
    """Whether a step more can tell little of the rate: it has been what it is for long, or nothing runs, or nothing is measured."""
    if step_min in (BEGUN_MIN, NEW_LOAD_MIN) or reading.is_at_rest or reading.since is None:
        return True
    return reading.t - reading.since >= _KNOWN_STEPS * step_min * 60
