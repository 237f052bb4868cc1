"""What keeps a point ready while nothing happens: test runs, the age of the fuel, the battery, checks, words that expire. Pure.

What cannot be known is a task too: nobody may take for done what nobody knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import combinations
from statistics import median
from typing import NamedTuple

import msgspec

from paraat.domain.profiles import UpkeepPlan
from paraat.domain.readiness import EXPIRED, ResourceState, State
from paraat.domain.stretches import Stretch, Stretches

TEST_RUN = "test-run"
FUEL_AGE = "fuel-age"
BATTERY = "battery"
CHECK = "check"
ATTEST = "attest"  # of a resource

# Codes of a task: why it stands so.
RAN = "ran"  # detail minutes; and of each of these three wanted_minutes, wanted_percent
NEVER_RAN = "never-ran"  # no run that was long enough, under load, is known
LOAD_UNKNOWN = "load-unknown"  # it ran long enough, and nobody knows under what load
DELIVERED = "delivered"
NEVER_DELIVERED = "never-delivered"
STEADY = "steady"  # detail drop_percent
FALLS = "falls"
TOO_SHORT = "too-short"  # measured for too few days to see a trend
CHECKED = "checked"
NEVER_CHECKED = "never-checked"
HELD = "held"  # a word, until it ends
NO_WORD = "no-word"

DAY_S = 86_400.0
TREND_DAYS = 90
_TREND_LEAST_DAYS = 14  # on which it was measured
_TREND_LEAST_SPAN = 28
_RUN_LEAST_S = 60.0  # what is shorter is a try of the starter, and no run


class TaskState(StrEnum):
    """How a task stands."""

    DONE = "done"  # until its due_at
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


_NEED = {TaskState.UNKNOWN: 0, TaskState.OVERDUE: 1, TaskState.DONE: 2}


class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that must be done again and again. t: when it was done last; due_at: when it must be done again.

    resource: which one, of ATTEST. code and detail say why it stands so, without words; by: who did it, where that is known.
    """

    kind: str
    state: TaskState
    code: str
    resource: str = ""
    detail: dict[str, float] = {}
    t: float | None = None
    due_at: float | None = None
    by: str = ""

    def is_due(self, until: float) -> bool:
        """Whether it must be done before `until`, unix seconds."""
        return self.state is not TaskState.DONE or (self.due_at is not None and self.due_at <= until)


class EngineRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the generator. loaded_s: how long under the load that a test asks for; None: the load is not known.

    alone_until: until when the grid was out in it, as far as is known; None: it was there.
    """

    since: float
    until: float
    loaded_s: float | None
    alone_until: float | None = None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The resting voltage of the battery over TREND_DAYS at most.

    days: on how many it was measured; drop_percent: by how much it falls in TREND_DAYS at this rate, below 0 where it rises;
    None while too few days are known.
    """

    volts: float  # of the newest day
    days: int
    drop_percent: float | None


class Upkeep(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The upkeep of one point. run: the last run, whatever it was worth as a test; test: the last that was a test."""

    run: EngineRun | None = None
    test: EngineRun | None = None
    fuel_at: float | None = None  # the last delivery
    battery: Trend | None = None
    checked_at: float | None = None
    checked_by: str = ""
    tasks: tuple[Task, ...] = ()

    def due(self, until: float) -> list[Task]:
        """What must be done before `until`, in the order of by_need."""
        return [task for task in self.by_need() if task.is_due(until)]

    def by_need(self) -> list[Task]:
        """Every task: what nobody knows, what is overdue, and then what must be done first."""
        return sorted(self.tasks, key=lambda task: (_NEED[task.state], task.due_at or 0.0))


class Runs(NamedTuple):
    """When the generator ran, and when it ran under load. interval_s: between two sets of the board.

    load_known: whether its load is measured and held against its size. alone_t: when it last ran with the grid out.
    """

    ran: Stretches
    loaded: Stretches
    interval_s: float
    load_known: bool
    alone_t: float = float("-inf")


def upkeep(
    plan: UpkeepPlan,
    *,
    now: float,
    runs: Runs,
    fuel_at: float | None,
    has_generator: bool = True,
    has_battery: bool,
    trend: Trend | None,
    checked: tuple[float, str] | None,
    words: Iterable[Task],
) -> Upkeep:
    """The upkeep of a point at `now`.

    trend: of its battery, None where nothing is known of it. checked: when somebody was last known to be there, and who.
    words: as of word_tasks().
    """
    every = [
        _run(stretch, runs) for stretch in runs.ran if stretch[1] - stretch[0] >= _RUN_LEAST_S and stretch[0] <= now
    ]
    long = [run for run in every if run.until - run.since >= plan.test_minutes * 60]
    tests = [run for run in long if not plan.test_load_percent or (run.loaded_s or 0.0) >= plan.test_minutes * 60]
    test = tests[-1] if tests else None
    checked_at, checked_by = checked or (None, "")
    tasks = [
        *((_test_run(plan, test, long, runs, now),) if has_generator else ()),
        *((_aged(FUEL_AGE, DELIVERED, NEVER_DELIVERED, fuel_at, plan.fuel_max_days, now),) if has_generator else ()),
        *((_battery(plan, trend),) if has_battery else ()),
        _aged(CHECK, CHECKED, NEVER_CHECKED, checked_at, plan.check_every_days, now, checked_by),
        *words,
    ]
    return Upkeep(
        run=every[-1] if every else None,
        test=test,
        fuel_at=fuel_at,
        battery=trend,
        checked_at=checked_at,
        checked_by=checked_by,
        tasks=tuple(tasks),
    )


def _run(stretch: Stretch, runs: Runs) -> EngineRun:
    """A run, with the part of it under load: a load is read once in a set, and not at its beginning and end."""
    first, last = stretch
    alone_until = runs.alone_t if first <= runs.alone_t <= last else None
    if not runs.load_known:
        return EngineRun(since=first, until=last, loaded_s=None, alone_until=alone_until)
    seen = [s for s in runs.loaded if first - runs.interval_s <= s[0] and s[1] <= last + runs.interval_s]
    loaded_s = sum(min(last, b + runs.interval_s) - max(first, a - runs.interval_s) for a, b in seen)
    loaded_s = max(0.0, min(last - first, loaded_s))
    return EngineRun(since=first, until=last, loaded_s=loaded_s, alone_until=alone_until)


def _test_run(plan: UpkeepPlan, test: EngineRun | None, long: Sequence[EngineRun], runs: Runs, now: float) -> Task:
    wanted = {"wanted_minutes": plan.test_minutes, "wanted_percent": plan.test_load_percent}
    if test is not None:
        due_at = test.until + plan.test_every_days * DAY_S
        state = TaskState.DONE if now < due_at else TaskState.OVERDUE
        detail = wanted | {"minutes": (test.until - test.since) / 60}
        return Task(kind=TEST_RUN, state=state, code=RAN, detail=detail, t=test.until, due_at=due_at)
    if long and not runs.load_known:
        detail = wanted | {"minutes": (long[-1].until - long[-1].since) / 60}
        return Task(kind=TEST_RUN, state=TaskState.UNKNOWN, code=LOAD_UNKNOWN, detail=detail, t=long[-1].until)
    return Task(kind=TEST_RUN, state=TaskState.UNKNOWN, code=NEVER_RAN, detail=wanted)


def _aged(kind: str, code: str, never: str, t: float | None, days: float, now: float, by: str = "") -> Task:
    """What must not be longer ago than so many days."""
    if t is None:
        return Task(kind=kind, state=TaskState.UNKNOWN, code=never)
    due_at = t + days * DAY_S
    state = TaskState.DONE if now < due_at else TaskState.OVERDUE
    return Task(kind=kind, state=state, code=code, t=t, due_at=due_at, by=by)


def _battery(plan: UpkeepPlan, trend: Trend | None) -> Task:
    if trend is None or trend.drop_percent is None:
        return Task(kind=BATTERY, state=TaskState.UNKNOWN, code=TOO_SHORT, detail={"days": trend.days if trend else 0})
    detail = {"drop_percent": trend.drop_percent, "volts": trend.volts}
    falls = trend.drop_percent >= plan.battery_drop_percent
    return Task(
        kind=BATTERY,
        state=TaskState.OVERDUE if falls else TaskState.DONE,
        code=FALLS if falls else STEADY,
        detail=detail,
    )


def word_tasks(resources: Iterable[ResourceState]) -> tuple[Task, ...]:
    """What must be attested anew, of each of these resources that somebody attests."""
    return tuple(_word(state) for state in resources if state.by_word and state.need != "not-required")


def _word(state: ResourceState) -> Task:
    """When a word must be given anew. One that says that something is not there is a word too, and ends."""
    if state.code == EXPIRED:
        found, code = TaskState.OVERDUE, HELD
    elif state.state is State.UNKNOWN:
        return Task(kind=ATTEST, resource=state.resource, state=TaskState.UNKNOWN, code=NO_WORD, t=state.t, by=state.by)
    else:
        found, code = TaskState.DONE, HELD
    return Task(
        kind=ATTEST, resource=state.resource, state=found, code=code, t=state.t, due_at=state.until, by=state.by
    )


def trend_of(rested: Mapping[int, float], now: float) -> Trend | None:
    """How the resting voltage goes, by day since 1970 (UTC): the middle of the slopes between all pairs of days (Theil 1950, Sen 1968).

    So a day that was measured wrong, or at work, does not bend it. None where nothing was measured in TREND_DAYS.
    """
    today = int(now // DAY_S)
    days = sorted((day, volts) for day, volts in rested.items() if today - TREND_DAYS < day <= today)
    if not days:
        return None
    drop = None
    if len(days) >= _TREND_LEAST_DAYS and days[-1][0] - days[0][0] >= _TREND_LEAST_SPAN:
        slope = median((vb - va) / (b - a) for (a, va), (b, vb) in combinations(days, 2))
        drop = -slope * TREND_DAYS / median(volts for _, volts in days) * 100
    return Trend(volts=days[-1][1], days=len(days), drop_percent=drop)
