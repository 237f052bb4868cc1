"""The fuel of one point over time in little memory, the same whatever the order in which its sets come.

Samples are added up in slots of time: of one minute for the newest half hour, of four, sixteen and sixty-four minutes
before. A slot holds sums of whole numbers, so it does not matter in which order they are added; in which slot a sample
lies follows from its time and from the step of sixteen minutes that the newest one lies in. Nothing else is kept.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

SLOT_MIN = (1, 4, 16, 64)
SPAN_MIN = (32, 128, 512)  # how far back a level of slots reaches; the last one as far as it may hold
STEP_MIN = 16  # the slots become coarser in steps of so many minutes; within one, what lies before it stays as it is
RUNNING_KEPT = 32  # slots of the last level: of a generator that runs, and of one that does not
OTHERS_KEPT = 16
_LEVELS = range(len(SLOT_MIN))
_LAST = len(SLOT_MIN) - 1

# What a slot holds, one after the other in an array of doubles, which are exact for whole numbers up to 2 ** 53.
_SLOT, _STATE, _N, _SUM_MS, _SUM_ML, _FIRST_MS, _LAST_MS, _MIN_ML, _MAX_ML, _SUM_W, _N_W = range(11)
_WIDTH = 11

UNKNOWN, OFF, ON = -1, 0, 1
_STATES = {None: UNKNOWN, False: OFF, True: ON}


class Slot(NamedTuple):
    """The samples of one slot and one state of the generator (UNKNOWN, OFF or ON): means, and ends.

    t, first_t and last_t in unix seconds; litres, low and high in litres; load_w is None where no set told it.
    """

    t: float
    litres: float
    n: int
    state: int
    first_t: float
    last_t: float
    low: float
    high: float
    load_w: float | None


class History:
    """At most some 150 slots of about 90 bytes.

    shift_min: how much later its steps begin than those of others, so that not all of a fleet come to theirs at once.
    """

    __slots__ = ("_levels", "_shift_min", "newest_t", "version")

    def __init__(self, shift_min: int = 0) -> None:
        self._shift_min = shift_min
        self._levels = tuple(array("d") for _ in SLOT_MIN)
        self.newest_t: float | None = None
        self.version = 0  # counts the changes, so that who has read it knows whether to read again

    def add(self, t: float, litres: float, running: bool | None, load_w: float | None) -> None:
        """Take a sample in, also one that is older than others; the same one must not come twice."""
        minute, step = self.minute(t), self.step()
        if self.newest_t is None or t > self.newest_t:
            self.newest_t = t
            if self.step() != step:
                self._coarsen()
        self.version += 1
        level = self._level(minute)
        slot = minute // SLOT_MIN[level]
        start_s = self._start_s(level, slot)
        ms, ml = float(round((t - start_s) * 1000)), float(round(litres * 1000))
        row = [slot, _STATES[running], 1.0, ms, ml, ms, ms, ml, ml, 0.0, 0.0]
        if load_w is not None:
            row[_SUM_W], row[_N_W] = float(round(load_w)), 1.0
        self._put(level, row)

    def slots(self, *, since: int | None = None, until: int | None = None) -> list[Slot]:
        """Each slot, in order of time; those of one slot and two states by their middle.

        since, until: only those of the minutes from there on, or before it; neither lies more than SPAN_MIN[0] before
        the newest step.
        """
        newest = self._levels[0]
        cut, bound = len(newest), until if since is None else since
        while bound is not None and cut and newest[cut - _WIDTH] >= bound:
            cut -= _WIDTH
        if since is not None:
            return sorted(self._slots(0, newest[cut:]))
        found = self._slots(0, newest[:cut])
        for level in _LEVELS[1:]:
            found += self._slots(level, self._levels[level])
        return sorted(found)

    def minute(self, t: float) -> int:
        """The minute that a moment lies in, as the steps count them."""
        return int(t // 60) - self._shift_min

    def step(self, minutes: int = STEP_MIN) -> int:
        """The minute with which the newest step of so many minutes begins."""
        return 0 if self.newest_t is None else self.minute(self.newest_t) // minutes * minutes

    def steady_min(self, most: int) -> int:
        """For how many minutes the generator has been doing what it does, as far as that is seen, and `most` at most."""
        newest, state, begun = self.minute(self.newest_t or 0.0), None, None
        for rows, size in zip(self._levels, SLOT_MIN, strict=True):
            states = rows[_STATE::_WIDTH]
            if not states:
                continue
            state = states[-1] if state is None else state
            at = len(states) - 1
            while at and states[at] == state:
                at -= 1
            begun = int(rows[at * _WIDTH]) * size
            if states[at] != state or newest - begun >= most:
                break
        return 0 if begun is None else min(most, newest - begun)

    def oldest_t(self) -> float | None:
        """When the oldest sample was taken that it still knows of; None without any."""
        for level in reversed(_LEVELS):
            rows = self._levels[level]
            if rows:
                return self._start_s(level, int(rows[_SLOT])) + rows[_FIRST_MS] / 1000
        return None

    def forget_after(self, t: float) -> None:
        """Let go of the slots that end after t."""
        for level in _LEVELS:
            rows = self._levels[level]
            for i in range(len(rows) - _WIDTH, -1, -_WIDTH):
                if self._start_s(level, int(rows[i + _SLOT])) + rows[i + _LAST_MS] / 1000 > t:
                    del rows[i : i + _WIDTH]
        self.version += 1
        self.newest_t = max((slot.last_t for slot in self.slots()), default=None)

    def size_bytes(self) -> int:
        """What the slots take."""
        return sum(rows.itemsize * len(rows) for rows in self._levels)

    def _start_s(self, level: int, slot: int) -> int:
        """When a slot begins, unix seconds."""
        return (slot * SLOT_MIN[level] + self._shift_min) * 60

    def _slots(self, level: int, rows: Sequence[float]) -> list[Slot]:
        step_s, shift_s = SLOT_MIN[level] * 60, self._shift_min * 60
        fields = iter(rows)
        new = tuple.__new__  # a third of the time of Slot(...)
        return [
            new(
                Slot,
                (
                    (start_s := slot * step_s + shift_s) + sum_ms / n / 1000,
                    sum_ml / n / 1000,
                    int(n),
                    int(state),
                    start_s + first / 1000,
                    start_s + last / 1000,
                    low / 1000,
                    high / 1000,
                    sum_w / n_w if n_w else None,
                ),
            )
            for slot, state, n, sum_ms, sum_ml, first, last, low, high, sum_w, n_w in zip(
                *[fields] * _WIDTH, strict=True
            )
        ]

    def _level(self, minute: int) -> int:
        """In which level the samples of a minute lie: what a slot of the next level holds, moves there as a whole."""
        newest = self.step()
        for level, span in enumerate(SPAN_MIN):
            size = SLOT_MIN[level + 1]
            if (minute // size + 1) * size > newest - span:
                return level
        return _LAST

    def _coarsen(self) -> None:
        for level in range(_LAST):
            rows, size = self._levels[level], SLOT_MIN[level]
            moved = 0
            while moved < len(rows) and self._level(int(rows[moved + _SLOT]) * size) > level:
                self._move(level, rows[moved : moved + _WIDTH].tolist())
                moved += _WIDTH
            if moved:
                del rows[:moved]

    def _move(self, level: int, row: list[float]) -> None:
        size, larger = SLOT_MIN[level], SLOT_MIN[level + 1]
        slot = row[_SLOT] * size // larger
        ms = (row[_SLOT] * size - slot * larger) * 60_000
        row[_SLOT] = slot
        row[_SUM_MS] += ms * row[_N]
        row[_FIRST_MS] += ms
        row[_LAST_MS] += ms
        self._put(level + 1, row)

    def _put(self, level: int, row: list[float]) -> None:
        rows, key = self._levels[level], (row[_SLOT], row[_STATE])
        at = len(rows)
        while at and (rows[at - _WIDTH], rows[at - _WIDTH + 1]) >= key:
            at -= _WIDTH
        if at < len(rows) and (rows[at], rows[at + 1]) == key:
            for field in (_N, _SUM_MS, _SUM_ML, _SUM_W, _N_W):
                rows[at + field] += row[field]
            for field in (_FIRST_MS, _MIN_ML):
                rows[at + field] = min(rows[at + field], row[field])
            for field in (_LAST_MS, _MAX_ML):
                rows[at + field] = max(rows[at + field], row[field])
            return
        rows[at:at] = array("d", row)
        if level == _LAST:
            self._drop_oldest(running=row[_STATE] == ON)

    def _drop_oldest(self, *, running: bool) -> None:
        rows = self._levels[_LAST]
        alike = [i for i in range(0, len(rows), _WIDTH) if (rows[i + _STATE] == ON) == running]
        if len(alike) > (RUNNING_KEPT if running else OTHERS_KEPT):
            del rows[alike[0] : alike[0] + _WIDTH]
