"""What is known of every expected point, folded from the sets as they come in any order.

A view follows from what is known and from the moment, never from who looked when. So the last one of each point is kept:
while nothing new came in and no moment has passed at which time alone changes something, it stands, but for `now`.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple
from zlib import crc32

import msgspec

from paraat.domain import activation, autonomy, battery, fuel_events, passages, readiness, remarks, tanks
from paraat.domain.air import Air, Lowest
from paraat.domain.autonomy import Reading
from paraat.domain.facts import Delivered, Found, Standing
from paraat.domain.fuel import Fuel
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.fuel_history import STEP_MIN
from paraat.domain.kept import Kept, joined
from paraat.domain.last_burn import heed, last_burn
from paraat.domain.last_fuel import at_least
from paraat.domain.model import AlertState, HelpCall, LastFuel, Latest, NodeState, PointView, SampleSet
from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.readiness import ResourceState, Verdict
from paraat.domain.seen import Seen
from paraat.domain.thresholds import Alerts, BoardMemory
from paraat.domain.upkeep import DAY_S, Task, Upkeep, upkeep, word_tasks

STARTS_KEPT = 50  # of a board
HISTORY_SAMPLES = 600  # that a start reads back of each point: ten hours at one a minute
# A point about which nothing new came is looked at again so often: figures that only run, such as the hours of a point that
# is silent, move an alert by then. What a verdict turns on is looked at when it turns.
LOOK_AGAIN_S = 60.0
_MARGIN_S = 1e-3  # so near a turn a view is made anew: sums of times are rounded

FUEL = "fuel/level"
DISTANCE = "fuel/distance"
MAINS = "power/mains"
GENERATOR = "power/generator"
OPEN = "point/open"
HELP = "button/help"
# Of these the point can do without, but when one of them is old it is not all well. The page shows each with its age.
_SHOWN = (GENERATOR, "people/present", "battery/voltage", "climate/temperature")

# What is the matter with a point or its board; alerts/texts and web/texts have the words. readiness.py judges the point.
NEVER_HEARD = "never-heard"
SILENT = "silent"
OFFLINE = "offline"
LOW_FUEL = "low-fuel"
HELP_ASKED = "help-asked"
GENERATOR_DOWN = "generator-down"
FUEL_FALLS = "fuel-falls"
FUEL_DOUBTFUL = "fuel-doubtful"
FUEL_UNKNOWN = "fuel-unknown"
MAINS_UNKNOWN = "mains-unknown"
GENERATOR_UNKNOWN = "generator-unknown"
FAULT = "fault"
OLD = "old"
MISSING = "missing"
MEMORY_LOW = "memory-low"
NOT_KEPT = "not-kept"  # the host itself: its disk takes nothing

_NONE: frozenset[str] = frozenset()

_NO_OWN: Mapping[str, Alerts] = {}
Counts = Callable[[str], tuple[int, int]]
Until = Callable[[str, float], float | None]


class Tracker:
    """points: by id, as profiles. counts: gives (stored, missing) of a point. since: when the host began to listen.

    alerts: the site's thresholds; own: by point, where its profile or its file has others. certificate_until: when the certificate of a point's board ends, asked with the point and now.
    """

    def __init__(
        self,
        points: Mapping[str, Point],
        alerts: Alerts,
        *,
        profiles: Mapping[str, Profile],
        since: float,
        counts: Counts,
        certificate_until: Until = lambda _point, _now: None,
        own: Mapping[str, Alerts] = _NO_OWN,
    ) -> None:
        self._points = {
            point_id: _Tracked(point, profiles[point_id], own.get(point_id, alerts))
            for point_id, point in points.items()
        }
        self.standing = Standing()  # what people said last
        self._since = since
        self._counts = counts
        self._certificate_until = certificate_until

    def apply(self, sample_set: SampleSet) -> None:
        """Take in a set, live, from a backlog or replayed. A set of a point that is not expected is left out."""
        tracked = self._points.get(sample_set.point)
        if tracked is not None:
            tracked.apply(sample_set)

    def apply_state(self, state: NodeState) -> None:
        """Take in a `state` message. A retained one is what the broker remembers, and no proof of life."""
        tracked = self._points.get(state.point)
        if tracked is not None:
            tracked.apply_state(state)

    def remember(self, found: Found) -> None:
        """Take in what the host kept of what a board had sent."""
        tracked = self._points.get(found.point)
        if tracked is not None:
            tracked.changed()
            tracked.kept.remember(found)

    def due(self) -> list[Found]:
        """What was found in what boards sent, and must be kept now, so that it outlives the sets that a start reads back."""
        return [found for point_id in self._points for found in self.due_of(point_id)]

    def due_of(self, point_id: str) -> list[Found]:
        """As due, of one point. Raises KeyError when it is not expected."""
        return self._points[point_id].due()

    def tally(self, point_id: str) -> passages.Tally | None:
        """How the counters of a point's doors stand. Raises KeyError when it is not expected."""
        return self._points[point_id].kept.passages.newest

    def shown_people(self, point_id: str) -> int | None:
        """How many people its own counter shows now. Raises KeyError when it is not expected."""
        shown = self._points[point_id].shown_present()
        return None if shown is None else shown[1]

    def begin(self, since: float) -> None:
        """The host began to listen then, unix seconds."""
        self._since = since

    def forget_after(self, t: float, only: str | None = None) -> None:
        """Let go of what is dated after t, by a clock that was set back since.

        It would hide everything newer, and never grow old. only: of this point.
        """
        self._since = min(self._since, t)
        for tracked in self._points.values() if only is None else filter(None, [self._points.get(only)]):
            tracked.forget_after(t)

    def note_alerts(self, alerts: Iterable[AlertState]) -> None:
        """Which alerts fire now: a point stays in alarm until its alert resolves, not until the first better value."""
        firing: dict[str, set[str]] = {}
        for alert in alerts:
            if alert.state == "firing" and alert.point is not None:
                firing.setdefault(alert.point, set()).add(alert.rule)
        for point_id, tracked in self._points.items():
            found = firing.get(point_id, _NONE)
            if tracked.firing != found:
                tracked.firing = found
                tracked.changed()

    def points(self) -> list[str]:
        """The ids of all expected points."""
        return list(self._points)

    def views(self, now: float) -> list[PointView]:
        """Every expected point at `now`, also those never heard."""
        return [self.view(point_id, now) for point_id in self._points]

    def view(self, point_id: str, now: float) -> PointView:
        """One point at `now`. Raises KeyError when it is not expected."""
        tracked = self._points[point_id]
        outside = self._outside(point_id, now)
        made = tracked.made
        if made is not None and made.outside == outside and made.view.now <= now < made.turn:
            return self._later(tracked, made, now)
        reading, drains = self._reading(tracked, now)
        view = self._view(tracked, outside, reading, drains, now)
        tracked.made = _Made(view, outside, reading, drains, self._turn(tracked, view, drains))
        return view

    def to_judge(self, now: float) -> list[str]:
        """The points that must be looked at: something new came since, time alone has changed something, or it is long ago."""
        changes = self.standing.changes
        return [
            point_id
            for point_id, tracked in self._points.items()
            if (looked := tracked.looked) is None
            or not looked.now <= now < looked.until
            or looked.said != changes(point_id)
        ]

    def look(self, point_id: str, now: float) -> PointView:
        """The view of a point for who judges it: it is not due again before it must be."""
        view = self.view(point_id, now)
        tracked = self._points[point_id]
        assert tracked.made is not None
        until = min(tracked.made.turn, now + LOOK_AGAIN_S)
        tracked.looked = _Looked(now, until, tracked.made.outside.said)
        return view

    def look_again(self) -> None:
        """All points are due: what was looked at last did not come to be judged."""
        for tracked in self._points.values():
            tracked.looked = None

    def _outside(self, point_id: str, now: float) -> "_Outside":
        stored, missing = self._counts(point_id)
        until = self._certificate_until(point_id, now)
        return _Outside(self._since, stored, missing, until, self.standing.changes(point_id))

    def _later(self, tracked: "_Tracked", made: "_Made", now: float) -> PointView:
        """The last view of a point as it is at `now`, when nothing has turned since: only figures that run are others."""
        view, reading = made.view, made.reading
        left, off_grid = view.autonomy, view.off_grid
        tank = tracked.point.tank
        if reading is not None and tank is not None:
            left = autonomy.estimate(reading, tank, now, drains=made.drains)
            off_grid = battery.off_grid(None if view.fuel_doubtful else left, view.battery)
        where = view.activation
        if where.forecast_at is not None:
            where = activation.activation(self.standing.phases(view.point), tracked.switch(), tracked.profile, now)
        view = msgspec.structs.replace(view, now=now, autonomy=left, off_grid=off_grid, activation=where)
        if reading is None:
            return msgspec.structs.replace(view, last_fuel=tracked.last_fuel(now, tracked.alerts.point_silent.after_s))
        if not made.drains:
            return view
        resources = readiness.at_hours(tracked.profile, view.resources, self._power(tracked, view))
        return msgspec.structs.replace(view, resources=resources)

    def _reading(self, tracked: "_Tracked", now: float) -> tuple[Reading | None, bool]:
        """What the level of the fuel says, where it is known, and whether it goes on falling."""
        fuel = tracked.latest.get(tracked.gauge)
        reading = None
        if (
            fuel is not None
            and fuel.value is not None
            and fuel.t >= tracked.last_word_t(now, tracked.alerts.point_silent.after_s)
        ):
            reading = tracked.reading()
        mains, generator = tracked.value(MAINS), tracked.value(GENERATOR)
        # Unknown drains: better an hour too few than one too many. With the mains there only what is known to have run.
        may_run = not mains or GENERATOR in tracked.on_t
        return reading, bool(generator) or (generator is None and may_run)

    def _view(
        self, tracked: "_Tracked", outside: "_Outside", reading: Reading | None, drains: bool, now: float
    ) -> PointView:
        point, fuel = tracked.point, tracked.latest.get(tracked.gauge)
        tank = point.tank
        left = None if reading is None or tank is None else autonomy.estimate(reading, tank, now, drains=drains)
        litres = None if reading is None else reading.litres
        events = () if reading is None else fuel_events.seen_whole(reading.events, tracked.kept.fuel)
        fuel_log = tuple(joined(tracked.kept.fuel, events))
        in_doubt = fuel_events.is_in_doubt(events, fuel_log, None if fuel is None else fuel.t, litres)
        charge = (
            None
            if point.battery is None
            else battery.left(point.battery, self._known_of_battery(tracked, now), tracked.given)
        )
        view = PointView(
            point=point.id,
            name=point.name,
            municipality=point.municipality,
            phone=point.phone,
            capacity=point.capacity,
            profile=tracked.profile,
            now=now,
            verdict=Verdict.UNKNOWN,
            last_verdict=Verdict.UNKNOWN,
            reasons=(),
            online=None if tracked.node is None else tracked.node.online,
            watched_since=outside.since,
            heard_at=tracked.heard_at,
            data_t=tracked.data_t,
            latest=dict(tracked.latest),
            litres=litres,
            has_tank=tank is not None,
            fuel_t=None if fuel is None else fuel.t,
            fuel_percent=None if litres is None or tank is None else 100 * litres / tank.capacity_l,
            autonomy=left,
            fuel_events=events,
            fuel_log=fuel_log,
            battery=charge,
            off_grid=battery.off_grid(None if in_doubt else left, charge),
            stored=outside.stored,
            missing=outside.missing,
            node=tracked.node,
            certificate_until=outside.certificate_until,
            activation=activation.activation(self.standing.phases(point.id), tracked.switch(), tracked.profile, now),
            mains_t=tracked.on_t.get(MAINS),
            generator_t=tracked.on_t.get(GENERATOR),
            last_fuel=tracked.last_fuel(now, tracked.alerts.point_silent.after_s) if reading is None else None,
            starts=tuple(tracked.starts),
            gap_t=tracked.gap_t(),
            help_call=self._help_call(point.id, tracked.help_call),
        )
        words = self._words(tracked, outside.said, now)
        verdict, resources = readiness.judge(tracked.profile, self._known(tracked, view), words.states)
        people = passages.present(
            tracked.kept.passages.runs,
            self.standing.counted(point.id),
            tracked.profile.people.miscount_percent,
            tracked.shown_present(),
        )
        figures = self._figures(tracked, people, now)
        verdict = Verdict.UNKNOWN if view.data_t is None else verdict
        reasons = reasons_of(view, tracked.firing, tracked.alerts.point_silent.after_s, tracked.alerts.board_memory)
        return msgspec.structs.replace(
            view,
            verdict=Verdict.SILENT if reasons == (SILENT,) else verdict,
            last_verdict=verdict,
            reasons=reasons,
            resources=resources,
            people=people,
            remarks=remarks.remarks(figures, tracked.lowest_air, tracked.profile.climate, tracked.profile.people),
            judged=remarks.judged(figures),
            upkeep=self._upkeep(tracked, words.tasks, fuel_log, now),
        )

    def _known_of_battery(self, tracked: "_Tracked", now: float) -> battery.Known:
        """What is known of a battery now. Of a silent point that lives on it the last figures count on while the mains were there:
        so it keeps its last verdict. In an outage it empties, and nobody knows how fast."""
        after_s = tracked.alerts.point_silent.after_s
        counts_on = tracked.point.tank is None and tracked.value(MAINS) is True
        return tracked.known(tracked.last_word_t(now, after_s) + after_s if counts_on else now, after_s)

    def _figures(self, tracked: "_Tracked", people: passages.Present | None, now: float) -> remarks.Figures:
        """The last figures of a point; what is old beside them says nothing of now."""
        last_word_t = tracked.last_word_t(now, tracked.alerts.point_silent.after_s)
        fresh = {n: one for n, one in tracked.latest.items() if one.value is not None and one.t >= last_word_t}
        generator = fresh.get(GENERATOR)
        return remarks.Figures(
            values={name: one.value for name, one in fresh.items() if one.value is not None},
            gone=tracked.latest.keys() - fresh.keys(),
            generator=None if generator is None else bool(generator.value),
            people=people,
            capacity=tracked.point.capacity,
            battery_low_v=tracked.point.board.battery_low_v,
        )

    def _words(self, tracked: "_Tracked", said: int, now: float) -> "_Words":
        """What people attested of a point, at `now`: most of what a point is judged by, and it changes once in weeks."""
        words = tracked.words
        if words is None or words.said != said or not words.now <= now < words.turn:
            states = readiness.by_word(tracked.profile, self.standing.said(tracked.point.id), now)
            turns = [
                t - _MARGIN_S
                for name, state in states.items()
                if state.until is not None
                for t in readiness.turns(tracked.profile.resources[name], state.until)
                if t + _MARGIN_S > now
            ]
            turns += [state.t for state in states.values() if state.t is not None and state.t > now]
            tracked.words = words = _Words(
                said, now, min(turns, default=float("inf")), states, word_tasks(states.values())
            )
        return words

    def _upkeep(self, tracked: "_Tracked", words: Iterable[Task], events: Iterable[FuelEvent], now: float) -> Upkeep:
        kept, point_id = tracked.kept, tracked.point.id
        delivered = self.standing.newest(Delivered, point_id)
        came = [event.until for event in events if event.kind == fuel_events.REFUEL]
        came += [] if delivered is None else [delivered.t]
        return upkeep(
            tracked.profile.upkeep,
            now=now,
            runs=kept.runs,
            fuel_at=max((t for t in came if t <= now), default=None),
            has_generator=tracked.point.tank is not None,
            has_battery=kept.has_battery,
            trend=kept.trend(now),
            checked=self.standing.checked(point_id, now),
            words=words,
        )

    def _turn(self, tracked: "_Tracked", view: PointView, drains: bool) -> float:
        """The next moment at which time alone changes something in a view, but for figures that only run."""
        now = view.now
        turns = [t - _MARGIN_S for t in self._turns(tracked, view, drains) if t + _MARGIN_S > now]
        return min(turns, default=float("inf"))

    def _turns(self, tracked: "_Tracked", view: PointView, drains: bool) -> Iterator[float]:
        after_s, now = tracked.alerts.point_silent.after_s, view.now
        # What was read so long ago says nothing of now; and who was not heard for so long, or never since the start, is silent.
        for t in {latest.t for latest in view.latest.values()}:
            yield t + after_s
        for heard in (view.heard_at, view.data_t, view.watched_since):
            if heard is not None:
                yield heard + after_s
        profile = tracked.profile
        if tracked.words is not None:
            yield tracked.words.turn + _MARGIN_S
        yield from activation.turns(self.standing.phases(view.point), view.activation, profile)
        if drains and view.autonomy is not None:
            left_h = view.autonomy.hours_low if view.off_grid is None else view.off_grid.hours_low
            for hours in readiness.limits_h(profile):
                yield now + (left_h - hours) * 3600
        yield from (task.due_at for task in view.upkeep.tasks if task.due_at is not None)
        yield (now // DAY_S + 1) * DAY_S  # the battery's trend is one of whole days
        yield from self._ahead(tracked, view)

    def _ahead(self, tracked: "_Tracked", view: PointView) -> Iterator[float]:
        """The moments of what counts from when it was: a clock may have dated it ahead of ours."""
        standing, point = self.standing, view.point
        yield from (event.until for event in view.fuel_log)
        yield from (began for began, _ in tracked.kept.runs.ran)
        yield from (said.t for said in standing.said(point).values())
        yield from (one.t for one in (standing.newest(Delivered, point), standing.counted(point)) if one is not None)

    def _help_call(self, point_id: str, pressed: HelpCall | None) -> HelpCall | None:
        """The newest call for help: by the button of the board, or by voice."""
        asked = self.standing.help_asked(point_id)
        if asked is None or (pressed is not None and pressed.t >= asked.t):
            return pressed
        return HelpCall(asked.t, asked.recorded_at)

    def _known(self, tracked: "_Tracked", view: PointView) -> readiness.Known:
        """What a point is judged by. The last figures of a silent one count on: so it keeps its last verdict."""
        last_word_t = tracked.last_word_t(view.now, tracked.alerts.point_silent.after_s)
        readings = {}
        for resource in tracked.profile.resources.values():
            if resource.metric is not None and (latest := view.latest.get(resource.metric)) is not None:
                value = None if latest.value is None else float(latest.value)
                readings[resource.metric] = readiness.Reading(value, latest.t, latest.t < last_word_t)
        return readiness.Known(
            now=view.now,
            power=self._power(tracked, view),
            readings=readings,
            said=self.standing.said(view.point),
        )

    def _power(self, tracked: "_Tracked", view: PointView) -> readiness.Power:
        last_word_t = tracked.last_word_t(view.now, tracked.alerts.point_silent.after_s)

        def switch(name: str) -> bool | None:
            latest = view.latest.get(name)
            return None if latest is None or latest.value is None or latest.t < last_word_t else bool(latest.value)

        if not view.has_tank:
            alone = view.off_grid
            return readiness.Power(
                mains=switch(MAINS),
                generator=switch(GENERATOR),
                hours=None if alone is None else alone.hours_low,
                source="" if alone is None else alone.source,
                has_generator=False,
                t=view.data_t,
            )
        doubtful = view.fuel_doubtful
        left = None if doubtful else view.autonomy
        whole = view.off_grid if tracked.point.battery is not None and left is not None else None
        battery_h = 0.0 if whole is None or left is None else whole.hours_low - left.hours_low
        return readiness.Power(
            mains=switch(MAINS),
            generator=switch(GENERATOR),
            hours=None if left is None else left.hours_low + battery_h,
            full_h=None if left is None or left.hours_full is None else left.hours_full + battery_h,
            source="" if whole is None else whole.source,
            doubtful=doubtful,
            t=view.fuel_t,
        )


def reasons_of(view: PointView, firing: Collection[str], silent_after_s: float, memory: BoardMemory) -> tuple[str, ...]:
    """What is the matter with a point or its board. firing: names of the alert rules that fire for it."""
    if view.data_t is None:
        return (NEVER_HEARD,)
    if view.age_s is None or view.age_s > silent_after_s:
        return (SILENT,)
    # A board may live and send, and a figure be missing from what it sends: the old one says nothing of now.
    mains, generator = view.fresh(MAINS, silent_after_s), view.fresh(GENERATOR, silent_after_s)
    alarm = [LOW_FUEL] if "low_fuel" in firing else []
    if "help_asked" in firing:
        alarm.append(HELP_ASKED)
    if mains is False and generator is False and view.has_tank:
        alarm.append(GENERATOR_DOWN)
    if "fuel_loss" in firing:
        alarm.append(FUEL_FALLS)
    unknown = [FUEL_UNKNOWN] if view.litres is None and view.has_tank else []
    if view.fuel_doubtful:
        unknown.append(FUEL_DOUBTFUL)
    if mains is None:
        unknown.append(MAINS_UNKNOWN)
    if generator is None and mains is False and view.has_tank:
        unknown.append(GENERATOR_UNKNOWN)
    attention = [OFFLINE] if view.online is False else []
    if any(latest.fault is not None for latest in view.latest.values()):
        attention.append(FAULT)
    old = [name for name, latest in view.latest.items() if view.now - latest.t > silent_after_s]
    if any(name.startswith(_SHOWN) for name in old):
        attention.append(OLD)
    if view.missing:
        attention.append(MISSING)
    if any(heap.free < heap.limit for heap in heaps(view, silent_after_s, memory)):
        attention.append(MEMORY_LOW)
    return (*alarm, *unknown, *attention)


class Heap(NamedTuple):
    """What is free of one of a board's heaps, and below what it runs low; bytes."""

    free: float
    limit: float


def heaps(view: PointView, silent_after_s: float, memory: BoardMemory) -> list[Heap]:
    """What the board says of its heaps now. Older firmware tells less, and that is no fault."""
    limits = (
        ("node/idf-free", memory.idf_free_bytes),
        ("node/idf-largest", memory.idf_largest_bytes),
        ("node/heap", memory.heap_free_bytes),
    )
    found = ((view.fresh(name, silent_after_s), limit) for name, limit in limits)
    return [Heap(float(value), float(limit)) for value, limit in found if value is not None]


class _Outside(msgspec.Struct, frozen=True, gc=False):
    """What a view takes from elsewhere. said: how often people said something of the point."""

    since: float
    stored: int
    missing: int
    certificate_until: float | None
    said: int


class _Made(msgspec.Struct, frozen=True, gc=False):
    """The last view of a point, with what it was made from. turn: when time alone changes something in it."""

    view: PointView
    outside: _Outside
    reading: Reading | None
    drains: bool
    turn: float


class _Words(msgspec.Struct, frozen=True, gc=False):
    """What people attested of a point at `now`, by resource, and what must be attested anew; it stands until `turn`.

    said: how often people had said something of it.
    """

    said: int
    now: float
    turn: float
    states: Mapping[str, ResourceState]
    tasks: tuple[Task, ...]


class _Looked(msgspec.Struct, frozen=True, gc=False):
    """When somebody looked at a point to judge it, and until when that need not be done again."""

    now: float
    until: float
    said: int


class _Tracked:
    """What is known of one point."""

    def __init__(self, point: Point, profile: Profile, alerts: Alerts) -> None:
        self.point = point
        self.profile = profile
        self.alerts = alerts
        self.latest: dict[str, Latest] = {}
        tank = point.tank
        self.gauge = DISTANCE if tank is not None and tank.by == "distance" else FUEL
        self.fuel = None if tank is None else Fuel(tank, shift_min=crc32(point.id.encode()) % STEP_MIN)
        self.kept = Kept(point, profile.upkeep)
        self.given = battery.Told()
        self.air: dict[str, Air] = {}  # by metric
        self._seen = Seen()
        self.heard_at: float | None = None
        self.data_t: float | None = None
        self.node: NodeState | None = None
        self.opened_t: float | None = None  # when its switch last said "open"
        self.help_call: HelpCall | None = None
        self.on_t: dict[str, float] = {}  # of mains and generator: the newest moment at which it was on
        self.starts: deque[float] = deque(maxlen=STARTS_KEPT)
        self._behind_gaps: dict[int, float] = {}  # when the first set behind each gap was read
        self.firing: Collection[str] = _NONE
        self.made: _Made | None = None  # None: something new came since
        self.words: _Words | None = None
        self.looked: _Looked | None = None  # None: something new came since

    def apply(self, sample_set: SampleSet) -> None:
        self.changed()
        t = sample_set.t
        # The board lived when it read the set. When it came says less: the broker may have kept it for hours.
        self._hear(min(t, sample_set.received_at))
        if self.data_t is None or t > self.data_t:
            self.data_t = t
        for name, value in sample_set.values.items():
            self._learn(name, Latest(value, None, t))
        if sample_set.values.get(OPEN):
            self.opened_t = t if self.opened_t is None else max(self.opened_t, t)
        for name in (MAINS, GENERATOR):
            if sample_set.values.get(name) and t > self.on_t.get(name, float("-inf")):
                self.on_t[name] = t
        if sample_set.values.get(HELP) and (self.help_call is None or t >= self.help_call.t):
            self.help_call = HelpCall(t, sample_set.received_at)
        for name, code in sample_set.faults.items():
            self._learn(name, Latest(None, code, t))
        self.given.learn(sample_set.values, t)
        self.kept.learn(sample_set)
        self._learn_air(sample_set)
        if self._seen.add(sample_set.seq):
            self._learn_fuel(sample_set)
            if sample_set.seq in self._seen.firsts:
                self._behind_gaps = {seq: self._behind_gaps.get(seq, t) for seq in self._seen.firsts}

    def _learn_air(self, sample_set: SampleSet) -> None:
        for name, value in sample_set.values.items():
            if name.startswith(remarks.CO2):
                present = sample_set.values.get(passages.PRESENT)
                people = None if present is None else int(present)
                self.air.setdefault(name, Air()).add(sample_set.t, float(value), people)

    def shown_present(self) -> tuple[float, int] | None:
        """When and how many people its own counter showed last."""
        latest = self.latest.get(passages.PRESENT)
        return None if latest is None or latest.value is None else (latest.t, int(latest.value))

    def lowest_air(self, name: str) -> Lowest | None:
        """The air at its best before the last carbon dioxide of this metric."""
        return self.air[name].lowest(self.latest[name].t) if name in self.air else None

    def due(self) -> list[Found]:
        """What must be kept now."""
        fuel = self.latest.get(self.gauge)
        reading, tank = None if fuel is None or fuel.value is None else self._read(), self.point.tank
        if reading is None or tank is None:
            return self.kept.due(())
        return self.kept.due(reading.events, reading.pattern, last_burn(reading, tank.burn_l_per_h))

    def reading(self) -> Reading | None:
        """What the level of the fuel says, with the burn rate to count on; None where it never said anything."""
        reading, kept, tank = self._read(), self.kept, self.point.tank
        if reading is None or tank is None:
            return None
        return heed(reading, kept.burn, tank.burn_l_per_h, exercise=kept.was_exercise)

    def _read(self) -> Reading | None:
        """What the level of the fuel says by itself.

        A start of the host reads no whole day back. Until the level tells of one again, what it told before counts.
        """
        if self.fuel is None:
            return None
        reading, day = self.fuel.reading(), self.kept.day
        if reading is None or reading.pattern is not None or day is None or self.fuel.knows_since(reading.t - DAY_S):
            return reading
        return msgspec.structs.replace(reading, pattern=day)

    def _learn(self, name: str, latest: Latest) -> None:
        before = self.latest.get(name)
        if before is None or latest.t >= before.t:
            self.latest[name] = latest

    def _learn_fuel(self, sample_set: SampleSet) -> None:
        values, tank = sample_set.values, self.point.tank
        if self.fuel is None or tank is None:
            return
        litres = tanks.litres(tank, level_percent=values.get(FUEL), distance_m=values.get(DISTANCE))
        if litres is None:
            return
        told, load_w = values.get(GENERATOR), values.get(battery.LOAD)
        running = None if told is None else bool(told)
        self.fuel.add(sample_set.t, litres, running, None if load_w is None else float(load_w))

    def apply_state(self, state: NodeState) -> None:
        if self.node is not None and state.received_at < self.node.received_at:
            return
        self.changed()
        before, self.node = self.node, state
        if before is not None and None not in (before.boot, state.boot) and before.boot != state.boot:
            self.starts.append(state.received_at)
        if state.online and not state.retained:
            self._hear(state.received_at)

    def last_word_t(self, now: float, silent_after_s: float) -> float:
        """What was read before this moment is not the last that the point has to say of it.

        The last figures of a silent point count on, with their age; where one is heard, an old figure is missing from
        what it sends.
        """
        silent = self.heard_at is None or now - self.heard_at > silent_after_s
        newest_t = self.data_t if silent and self.data_t is not None else now
        return newest_t - silent_after_s

    def forget_after(self, t: float) -> None:
        self.changed()
        if self.node is not None and self.node.received_at > t:
            self.node = msgspec.structs.replace(self.node, received_at=t)
        if max(self.heard_at or t, self.data_t or t) <= t:
            return
        self.latest = {name: latest for name, latest in self.latest.items() if latest.t <= t}
        if self.fuel is not None:
            self.fuel.forget_after(t)
        self.kept.forget_after(t)
        self.given.forget_after(t)
        for air in self.air.values():
            air.forget_after(t)
        self.data_t = max((latest.t for latest in self.latest.values()), default=None)
        self.heard_at = self.data_t if self.heard_at is None or self.heard_at > t else self.heard_at
        self.opened_t = None if self.opened_t is not None and self.opened_t > t else self.opened_t
        self.help_call = None if self.help_call is not None and self.help_call.t > t else self.help_call
        self.on_t = {name: min(on_t, t) for name, on_t in self.on_t.items()}
        self.starts = deque((start for start in self.starts if start <= t), maxlen=STARTS_KEPT)
        self._behind_gaps = {seq: min(gap_t, t) for seq, gap_t in self._behind_gaps.items()}

    def gap_t(self) -> float | None:
        """When the first set behind the newest gap was read; None: no gap is known of."""
        firsts = self._seen.firsts
        return self._behind_gaps[firsts[-1]] if len(firsts) > 1 else None

    def last_fuel(self, now: float, silent_after_s: float) -> LastFuel | None:
        """The least that is left, by the last level that the gauge told; None when it never did."""
        reading, tank = self.reading(), self.point.tank
        if reading is None or tank is None:
            return None
        generator = self.latest.get(GENERATOR)
        told = generator is not None and generator.t >= self.last_word_t(now, silent_after_s)
        off = told and generator is not None and generator.value is False
        return at_least(reading, tank, now, ran_until=self.on_t.get(GENERATOR) if off else now)

    def switch(self) -> activation.Switch | None:
        """What its key switch or button said; None: it never said anything, or has none."""
        latest = self.latest.get(OPEN)
        if latest is None or latest.value is None:
            return None
        return activation.Switch(bool(latest.value), latest.t, self.opened_t)

    def changed(self) -> None:
        """Something new is known: what follows from the rest alone no longer stands."""
        self.made = self.looked = None

    def _hear(self, t: float) -> None:
        if self.heard_at is None or t > self.heard_at:
            self.heard_at = t

    def value(self, name: str) -> float | int | bool | None:
        latest = self.latest.get(name)
        return None if latest is None else latest.value

    def known(self, now: float, limit_s: float) -> battery.Known:
        """Gives the value of a metric when it is at most limit_s old."""

        def value(name: str) -> float | int | bool | None:
            latest = self.latest.get(name)
            return None if latest is None or now - latest.t > limit_s else latest.value

        return value
