"""What of a point's readings must outlive them: runs of its generator, how its battery rests, people, what befell its fuel.

A start of the host reads only the last sets of each point back. So the host itself keeps what it found, as facts; what it found
before and what it reads joins to the same, in whatever order and however often it comes.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paraat.domain.day_pattern import Pattern
from paraat.domain.facts import BatteryRested, Found, FuelFound, GeneratorRan, PeoplePassed
from paraat.domain.fuel_events import REFUEL, THEFT, FuelEvent, seen_whole
from paraat.domain.last_burn import LastBurn
from paraat.domain.model import SampleSet, Value
from paraat.domain.passages import Passages, tally_of
from paraat.domain.points import Point
from paraat.domain.profiles import UpkeepPlan
from paraat.domain.stretches import Stretches
from paraat.domain.upkeep import DAY_S, TREND_DAYS, Runs, Trend, trend_of

FUEL_KEPT = 50  # events, the newest

_GENERATOR, _STARTED, _MAINS, _LOAD = "power/generator", "event/generator", "power/mains", "power/load"
_VOLTAGE, _CURRENT = "battery/voltage", "battery/current"
_GAP_S, _GAP_SETS = 300.0, 2.5  # between two moments of one run, at least; and in intervals of the board
_REST_A, _REST_PART = 0.5, 0.01  # a battery rests below this current, or below this part of its capacity an hour
# At night a battery is as warm as the night before. A start reads ten hours back, so it takes nothing from a night either,
# but for a host of more than 660 points (service.py).
_NIGHT_S = 6 * 3600.0
_TELL_RUN_S = 900.0  # a run that goes on is kept so often
_STOOD_S = 600.0  # a level stood so long after an event before it is kept
_TELL_FUEL_S = 3600.0  # an event that goes on is kept so often
_SUDDEN, _MORE = (REFUEL, THEFT), 1.25  # over at once; by so much more it is told again
_SAME_S = 3600.0  # an event found anew may begin or end so much earlier or later


class Kept:
    """What was found of one point. plan: says from what load on a run counts as one under load."""

    def __init__(self, point: Point, plan: UpkeepPlan) -> None:
        self._point = point.id
        self._interval_s = float(point.board.interval_s)
        gap_s = max(_GAP_S, _GAP_SETS * self._interval_s)
        self._ran, self._loaded = Stretches(gap_s), Stretches(gap_s)
        self._loaded_w = None if point.generator is None else point.generator.rated_w * plan.test_load_percent / 100
        self._load_seen = False
        self._rest_a = _REST_A if point.battery is None else max(_REST_A, _REST_PART * point.battery.capacity_ah)
        self.has_battery = point.battery is not None
        self.rested: dict[int, float] = {}  # by day since 1970: the lowest voltage at rest, 0 to 6 h UTC
        self._trend: tuple[int, Trend | None] | None = None  # as of that day
        self.passages = Passages()
        self.fuel: list[FuelEvent] = []  # in order of their beginning
        self._day: Pattern | None = None
        self._alone_t = self._beside_t = float("-inf")  # when it was last seen to run with the grid out, and there
        self._newest_t = float("-inf")
        self._ran_told = GeneratorRan(point=point.id)
        self._rested_told = BatteryRested(point=point.id)
        self._passed_told = PeoplePassed(point=point.id)

    @property
    def runs(self) -> Runs:
        """When the generator ran, and when under load."""
        load_known = self._loaded_w is not None and self._load_seen
        return Runs(self._ran, self._loaded, self._interval_s, load_known, self._alone_t)

    def learn(self, a_set: SampleSet) -> None:
        """Take in a set, also once more."""
        values, t = a_set.values, a_set.t
        self._newest_t = max(self._newest_t, t)
        # The event that it stopped tells that it ran until then, as the one that it started tells that it runs.
        if values.get(_GENERATOR) or _STARTED in values:
            self._ran.add(t)
        if (mains := values.get(_MAINS)) is not None and values.get(_GENERATOR):
            if mains:
                self._beside_t = max(self._beside_t, t)
            else:
                self._alone_t = max(self._alone_t, t)
        load = values.get(_LOAD)
        if load is not None:
            self._load_seen = True
            if values.get(_GENERATOR) and self._loaded_w is not None and load >= self._loaded_w:
                self._loaded.add(t)
        if (volts := values.get(_VOLTAGE)) is not None:
            self.has_battery = True
            if t % DAY_S < _NIGHT_S and self._rests(values):
                self._learn_rest(int(t // DAY_S), float(volts))
        if (tally := tally_of(values, a_set.faults, t)) is not None:
            self.passages.add(tally)

    def _rests(self, values: Mapping[str, Value]) -> bool:
        """Whether nothing flows. Without a current nothing is known but that the grid carries the point."""
        current = values.get(_CURRENT)
        if current is not None:
            return abs(current) < self._rest_a
        return bool(values.get(_MAINS)) and not values.get(_GENERATOR)

    def trend(self, now: float) -> Trend | None:
        """How the resting voltage goes; as upkeep.trend_of. Worked out once a day, and when a night is told otherwise."""
        today = int(now // DAY_S)
        if self._trend is None or self._trend[0] != today:
            self._trend = today, trend_of(self.rested, now)
        return self._trend[1]

    def _learn_rest(self, day: int, volts: float) -> None:
        if volts >= self.rested.get(day, float("inf")):
            return
        self._trend = None
        self.rested[day] = volts
        if len(self.rested) > TREND_DAYS:
            del self.rested[min(self.rested)]

    def remember(self, found: Found) -> None:
        """Take in what the host kept."""
        match found:
            case GeneratorRan():
                self._ran.add_all(found.ran)
                self._loaded.add_all(found.loaded)
                self._load_seen = self._load_seen or found.load_seen
                days = [day for day in (self._day, found.day) if day is not None]
                self._day = max(days, key=lambda day: day.first, default=None)
                if found.grid_out:
                    self._alone_t = max(self._alone_t, found.ran[-1][1])
                self._ran_told = found
            case BatteryRested():
                self.has_battery = True
                for day, volts in found.days:
                    self._learn_rest(day, volts)
                self._rested_told = found
            case PeoplePassed():
                for run in found.runs:
                    self.passages.add_run(run)
                self._passed_told = found
            case FuelFound():
                same = [event for event in self.fuel if _same(event, found.event)]
                told = functools.reduce(_longer, same, found.event)
                self.fuel = joined((event for event in self.fuel if event not in same), [told])

    def forget_after(self, t: float) -> None:
        """Let go of what is dated after t, unix seconds."""
        if self._newest_t > t:
            self._newest_t = t
        self._alone_t, self._beside_t = min(self._alone_t, t), min(self._beside_t, t)
        self._ran.forget_after(t)
        self._loaded.forget_after(t)
        self.rested = {day: volts for day, volts in self.rested.items() if day * DAY_S <= t}
        self._trend = None
        self.passages.forget_after(t)
        self.fuel = [event for event in self.fuel if event.since <= t]
        self._day = None if self._day is None or self._day.last > t else self._day

    @property
    def day(self) -> Pattern | None:
        """What was burnt by the time of day, as it was kept; None where the generator has stood still since."""
        day, run = self._day, self._ran.newest
        holds = day is not None and run is not None and run[0] <= day.first and day.last <= run[1] >= self._newest_t
        return day if holds else None

    @property
    def burn(self) -> LastBurn | None:
        """What the generator burnt in the last run that told it, as it was kept."""
        return self._ran_told.burn

    @property
    def was_exercise(self) -> bool:
        """Whether the grid was there, as far as is known, while the generator ran last."""
        run = self._ran.newest
        return run is not None and self._alone_t < run[0] <= self._beside_t

    def due(self, events: Sequence[FuelEvent], day: Pattern | None = None, burn: LastBurn | None = None) -> list[Found]:
        """What must be kept now. events: those that are found in the level now. day: what it burns by the time of day.

        burn: what the level tells of the burn rate; it is kept with the run that told it.
        """
        due: list[Found] = []
        ran = GeneratorRan(
            point=self._point,
            ran=tuple(self._ran),
            loaded=tuple(self._loaded),
            load_seen=self._load_seen,
            day=day,
            burn=self._ran_told.burn,
            grid_out=self._ran.newest is not None and self._alone_t >= self._ran.newest[0],
        )
        if self._ran.newest is not None and ran != self._ran_told and self._is_worth(ran):
            due.append(ran if burn is None else msgspec.structs.replace(ran, burn=burn))
        days = tuple(sorted(one for one in self.rested.items() if one[0] * DAY_S + _NIGHT_S <= self._newest_t))
        if days and days != self._rested_told.days:
            due.append(BatteryRested(point=self._point, days=days))
        ended = self.passages.ended
        if ended and ended != self._passed_told.runs:
            due.append(PeoplePassed(point=self._point, runs=ended))
        due += [
            FuelFound(point=self._point, event=event) for event in seen_whole(events, self.fuel) if self._is_news(event)
        ]
        return due

    def _is_worth(self, ran: GeneratorRan) -> bool:
        """Whether more changed than that a run goes on: that can wait for a while."""
        told, last = self._ran_told.ran, ran.ran[-1][1]
        if self._newest_t > last + self._ran.gap_s or not set(told).issuperset(ran.ran[:-1]):
            return True
        return last - (told[-1][1] if told and told[-1][1] >= ran.ran[-1][0] else ran.ran[-1][0]) >= _TELL_RUN_S

    def _is_news(self, event: FuelEvent) -> bool:
        """Whether an event is not kept yet, or has grown. What was just found may be found otherwise in a moment."""
        before = next((one for one in self.fuel if _same(one, event)), None)
        if before is None:
            return self._newest_t - event.since >= _STOOD_S and (
                self._newest_t - event.until >= _STOOD_S or event.until - event.since >= _TELL_FUEL_S
            )
        if event.kind in _SUDDEN:
            return event.litres > _MORE * before.litres
        return event.until - before.until >= _TELL_FUEL_S or _stands_elsewhere(before, event)


def joined(kept: Iterable[FuelEvent], found: Sequence[FuelEvent]) -> list[FuelEvent]:
    """The events that were kept and those that are found now, the newest.

    What goes on began when it was first seen to. What was over at once is told by what was kept of it, when the level was
    known to the minute.
    """
    every = list(kept)
    for event in found:
        before = next((one for one in every if _same(one, event)), None)
        if before is None:
            every.append(event)
        elif event.kind not in _SUDDEN:
            every[every.index(before)] = _longer(before, event)
    return sorted(every, key=lambda event: (event.since, event.kind))[-FUEL_KEPT:]


def _stands_elsewhere(before: FuelEvent, event: FuelEvent) -> bool:
    """Whether a stuck gauge stands where it was not known to: that is what says later whether it has moved."""
    if event.stands_l is None:
        return False
    return before.stands_l is None or abs(event.stands_l - before.stands_l) > before.moves_l


def _longer(a: FuelEvent, b: FuelEvent) -> FuelEvent:
    """What goes on, from the first that was seen of it to the last."""
    newest = max(a, b, key=lambda event: event.until)
    return msgspec.structs.replace(newest, since=min(a.since, b.since), litres=max(a.litres, b.litres))


def _same(a: FuelEvent, b: FuelEvent) -> bool:
    return a.kind == b.kind and a.since <= b.until + _SAME_S and b.since <= a.until + _SAME_S
