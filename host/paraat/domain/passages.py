"""How many people are in a point: who was counted, and who came and went since, by counters that begin at 0 again.

The counters of a board begin anew when it starts, while the people stay; and when somebody resets them because everybody is
out. By how long the board has been up the two are told apart: who cannot tell takes the people to be there still.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

IN, OUT, PRESENT, UPTIME = "people/in", "people/out", "people/present", "node/uptime"
KEPT = 8  # runs of the counters, the newest
_CLOCK_S = 60.0  # a board's clock and its uptime may disagree by so much

Value = float | int | bool


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """The counters at t, unix seconds. present: the board's own figure, where it has one door; booted_t: when it started."""

    t: float
    came_in: int
    went_out: int
    present: int | None = None
    booted_t: float | None = None

    @property
    def passages(self) -> int:
        """How often the doors were passed since the counters began."""
        return self.came_in + self.went_out

    def is_before(self, later: "Tally") -> bool:
        """Whether the counters may have run on from here to a later moment."""
        booted = later.booted_t is not None and later.booted_t > self.t + _CLOCK_S
        return not booted and self.came_in <= later.came_in and self.went_out <= later.went_out


class Run(msgspec.Struct, frozen=True):
    """The counters from when they began at 0 until they began anew: how they were first and last seen."""

    first: Tally
    last: Tally


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody counted people at t. tally: the newest that was known of the counters then; None: not known.

    shown: how many people a counter that tells nothing else showed then; None: not known.
    """

    t: float
    people: int
    by: str
    tally: Tally | None = None
    shown: int | None = None


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are in a point. low, high: the range, which grows with every passage since they were counted.

    t: of the newest count or reading in it. counted_at, counted_by: since when is reckoned; counted_by is "" where somebody
    set the counters to 0, counted_at None where nobody ever counted.
    """

    people: int
    low: int
    high: int
    t: float
    counted_at: float | None
    counted_by: str


def tally_of(values: Mapping[str, Value], faults: Mapping[str, str], t: float) -> Tally | None:
    """The counters of all doors together in one set; None where it does not tell them all."""
    people = [name for name in values if name.startswith("people/")]
    came_in = [int(values[name]) for name in people if _is(name, IN)]
    went_out = [int(values[name]) for name in people if _is(name, OUT)]
    if not came_in or len(came_in) != len(went_out) or any(_is(name, IN) or _is(name, OUT) for name in faults):
        return None
    present, uptime = values.get(PRESENT), values.get(UPTIME)
    return Tally(
        t=t,
        came_in=sum(came_in),
        went_out=sum(went_out),
        present=None if present is None else int(present),
        booted_t=None if uptime is None else t - float(uptime),
    )


def _is(name: str, base: str) -> bool:
    return name == base or name.startswith(f"{base}/")


class Passages:
    """The runs of the counters, in order of time.

    The order in which tallies come makes no difference as long as the counters began anew by a start of the board. A reset by
    hand that lies between a tally and one that came before it, and was older, is found where the counters show it.
    """

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[Run] = []

    @property
    def runs(self) -> Sequence[Run]:
        """Each run, in order of time."""
        return self._runs

    @property
    def ended(self) -> tuple[Run, ...]:
        """The runs that are over; the newest goes on."""
        return tuple(self._runs[:-1])

    @property
    def newest(self) -> Tally | None:
        """The newest tally."""
        return self._runs[-1].last if self._runs else None

    def add(self, tally: Tally) -> None:
        """Take in a tally, also once more."""
        self.add_run(Run(tally, tally))

    def add_run(self, run: Run) -> None:
        """Take in a run that was found before, whole or in part."""
        runs = self._runs
        at = len(runs)
        while at and runs[at - 1].first.t > run.first.t:
            at -= 1
        runs.insert(at, run)
        if at:
            at = self._join(at - 1)
        self._join(at)
        del runs[:-KEPT]

    def _join(self, at: int) -> int:
        """Make one of two runs that are one; returns where the second of them lies then."""
        if at + 1 >= len(self._runs):
            return at
        a, b = self._runs[at], self._runs[at + 1]
        if b.last.t <= a.last.t:  # it lies within the first one
            if a.first.is_before(b.first) and b.last.is_before(a.last):
                self._runs[at : at + 2] = [a]
                return at
            if a.first.is_before(b.last):  # more than at the end: between the two they began anew
                self._runs[at : at + 2] = [Run(a.first, b.last), Run(a.last, a.last)]
            else:
                self._runs[at : at + 2] = [Run(a.first, a.first), Run(b.first, a.last)]
            return at + 1
        if a.last.is_before(b.last) and (b.first.t <= a.last.t or a.last.is_before(b.first)):
            self._runs[at : at + 2] = [Run(a.first, b.last)]
            return at
        return at + 1

    def forget_after(self, t: float) -> None:
        """Let go of what is dated after t, unix seconds."""
        kept = [run for run in self._runs if run.first.t <= t]
        self._runs = [run if run.last.t <= t else Run(run.first, _at(run.last, t)) for run in kept]


def _at(tally: Tally, t: float) -> Tally:
    return msgspec.structs.replace(tally, t=t)


def present(
    runs: Sequence[Run],
    counted: Counted | None,
    miscount_percent: float,
    shown: tuple[float, int] | None = None,
) -> Present | None:
    """How many people there are; None where nobody counted and no counter was ever seen.

    miscount_percent: of so many of a hundred passages nobody knows whether they were counted right. shown: (when, how many)
    of a counter that tells nothing else: what it changed since a count by hand is who came or went since.
    """
    if not runs and shown is not None and (counted is None or shown[0] > counted.t):
        return _by_what_is_shown(shown, counted, miscount_percent)
    if counted is None and not runs:
        return None
    reckoning = _Reckoning(counted)
    for run in runs:
        reckoning.follow(run)
    half = math.ceil(miscount_percent / 100 * reckoning.passages + reckoning.unseen - 1e-9)
    people = reckoning.people
    return Present(
        people=people,
        low=max(0, people - half),
        high=people + half,
        t=reckoning.t,
        counted_at=reckoning.counted_at,
        counted_by=reckoning.counted_by,
    )


def _by_what_is_shown(shown: tuple[float, int], counted: Counted | None, miscount_percent: float) -> Present:
    t, people = shown
    if counted is None:
        half = math.ceil(miscount_percent / 100 * people - 1e-9)
        return Present(
            people=people, low=max(0, people - half), high=people + half, t=t, counted_at=None, counted_by=""
        )
    low = high = counted.people
    if (
        counted.shown is None
    ):  # what it showed then nobody knows: it may have been right, and all that is other came since
        low, high = min(low, people), max(high, people)
        people = counted.people
    else:
        change = people - counted.shown
        people = max(0, counted.people + change)
        half = math.ceil(miscount_percent / 100 * abs(change) - 1e-9)
        low, high = max(0, people - half), people + half
    return Present(people=people, low=low, high=high, t=t, counted_at=counted.t, counted_by=counted.by)


class _Reckoning:
    """From a count on, one run of the counters after the other."""

    def __init__(self, counted: Counted | None) -> None:
        self.people = 0 if counted is None else counted.people
        self.passages = 0
        self.unseen = 0.0  # passages that nothing counted, while a board was down
        self.t = float("-inf") if counted is None else counted.t
        self.counted_at = None if counted is None else counted.t
        self.counted_by = "" if counted is None else counted.by
        self._counted = counted
        self._before: Tally | None = None if counted is None else counted.tally
        self._begun = counted is None  # whether what the counters say comes after the count

    def follow(self, run: Run) -> None:
        if not self._begun and not self._begins_with(run):
            return
        before = self._before
        if before is not None and run.last.booted_t is not None and run.last.booted_t < before.t - _CLOCK_S:
            self.people, self.passages, self.unseen = 0, 0, 0.0  # the board was up: somebody set them to 0
            self.counted_at, self.counted_by = run.first.t, ""
        elif before is not None and run.last.booted_t is not None:
            self.unseen += _rate(run) * max(0.0, run.last.booted_t - before.t)
        self._add(run.last, run.last.came_in, run.last.went_out)

    def _begins_with(self, run: Run) -> bool:
        """Take the run with which the time after the count begins; True where it began after the count whole."""
        assert self._counted is not None
        tally = self._counted.tally
        since = self._counted.t if tally is None else tally.t
        if run.last.t <= since:
            self._begun = tally is not None and run.last.t == since  # what follows is another run
            return False
        self._begun = True
        if tally is None:
            if run.first.t > since:
                return True
            self.passages += run.last.passages - run.first.passages  # how many of them came after it, nobody knows
            self._seen(run.last)
            return False
        if not tally.is_before(run.last):
            return True
        self._add(run.last, run.last.came_in - tally.came_in, run.last.went_out - tally.went_out)
        return False

    def _add(self, last: Tally, came_in: int, went_out: int) -> None:
        people = self.people + came_in - went_out
        if not self.people and last.present is not None:  # the board knows that nobody leaves an empty hall
            people = max(people, last.present)
        self.people = max(0, people)
        self.passages += came_in + went_out
        self._seen(last)

    def _seen(self, last: Tally) -> None:
        self.t = max(self.t, last.t)
        self._before = last


def _rate(run: Run) -> float:
    """Passages a second in a run."""
    since = run.first.t if run.last.booted_t is None else run.last.booted_t
    return run.last.passages / max(60.0, run.last.t - since)
