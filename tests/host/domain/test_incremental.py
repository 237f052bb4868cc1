"""What is kept between two looks is what comes out when all is worked out from nothing, at any moment.

Judged is only what changed, and what time alone changes; a verdict that turns in between must not be missed.
"""

from dataclasses import dataclass, field

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import facts
from paraat.domain.facts import Author, Fact
from paraat.domain.fuel import Fuel
from paraat.domain.model import AlertState, NodeState, PointView, SampleSet, Value
from paraat.domain.points import Battery, Tank
from paraat.domain.profiles import Profile, Resource
from paraat.domain.subjects import POINT as POINT_KIND
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import LOOK_AGAIN_S, Tracker
from paraat.domain.world import World
from tracker_bench import POINT, T0

TANK = Tank(capacity_l=400, burn_l_per_h=10)
BATTERY = Battery(capacity_ah=200, nominal_v=12, load_w=300)
PROFILE = Profile(
    target_h=12.0,
    open_within_h=2.0,
    alerted_h=0.5,
    resources={
        "power": Resource(critical=True, by="hours"),
        "heat": Resource(critical=True, by="metric", metric="climate/temperature", ready_from=18.0, limited_from=15.0),
        "water": Resource(critical=True, valid_days=0.05, renew_days=0.01),
        "light": Resource(),
    },
)
JAN = Author(name="Jan", way="cli")

VALUES: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "fuel/level": st.integers(0, 100).map(float),
        "power/mains": st.booleans(),
        "power/generator": st.booleans(),
        "climate/temperature": st.floats(0, 30),
        "battery/charge": st.integers(0, 100).map(float),
        "point/open": st.booleans(),
        "climate/co2": st.integers(400, 3000).map(float),
        "people/present": st.integers(0, 200),
        "battery/voltage": st.floats(10, 14),
        "node/heap": st.sampled_from([1000, 100_000]),
    },
)
SET = st.builds(lambda values, age, fault: ("set", values, age, fault), VALUES, st.integers(0, 900), st.booleans())
STATE = st.builds(lambda online, retained: ("state", online, retained), st.booleans(), st.booleans())
SAID = st.builds(
    lambda told: ("said", told),
    st.one_of(
        st.builds(
            facts.Attested,
            point=st.just(POINT.id),
            resource=st.sampled_from(["water", "light"]),
            there=st.booleans(),
            until=st.floats(T0 - 100, T0 + 20_000),
        ),
        st.builds(
            facts.PhaseChanged,
            point=st.just(POINT.id),
            phase=st.sampled_from(
                ["building", "standby", "alerted", "opening", "operational", "closing", "out-of-use"]
            ),
            until=st.one_of(st.none(), st.floats(T0, T0 + 20_000)),
        ),
        st.builds(facts.Delivered, point=st.just(POINT.id), litres=st.just(100.0)),
        st.builds(facts.Counted, point=st.just(POINT.id), people=st.integers(0, 300)),
    ),
)
BEFELL = st.builds(lambda kind: (kind,), st.sampled_from(["started", "back", "fires", "resolved"]))
HAPPENS = st.one_of(SET, SET, STATE, SAID, BEFELL)
PAUSE = st.one_of(st.integers(0, 120), st.integers(0, 900), st.just(300), st.floats(0, 4000), st.just(86_400))


@dataclass
class Run:
    """Feeds one tracker, and can make another from nothing with the same."""

    heard: list[object] = field(default_factory=list)
    seq: int = 0
    tracker: Tracker = field(init=False)

    def __post_init__(self) -> None:
        self.tracker = self._empty()

    @staticmethod
    def _empty() -> Tracker:
        point = msgspec.structs.replace(POINT, tank=TANK, battery=BATTERY)
        return Tracker({POINT.id: point}, Alerts(), profiles={POINT.id: PROFILE}, since=T0, counts=lambda _: (0, 0))

    def take(self, happened: tuple[object, ...], now: float) -> None:
        heard = self._heard(happened, now)
        self.heard.append(heard)
        self._apply(self.tracker, heard)

    def anew(self) -> Tracker:
        tracker = self._empty()
        for heard in self.heard:
            self._apply(tracker, heard)
        return tracker

    def _heard(self, happened: tuple[object, ...], now: float) -> object:
        match happened:
            case ("set", dict(values), age, fault):
                self.seq += 1
                faults = {"battery/voltage": "timeout"} if fault else {}
                t = now - float(str(age))
                return SampleSet(
                    point=POINT.id, kind="telemetry", seq=self.seq, t=t, received_at=now, values=values, faults=faults
                )
            case ("state", online, retained):
                state = NodeState(point=POINT.id, received_at=now, online=bool(online), retained=bool(retained))
                return self._fact(facts.BoardState(state=state), now)
            case ("said", told):
                return self._fact(told, now)
            case ("started",):
                return self._fact(facts.Started(forget_after=now), now)
            case ("back",):
                return self._fact(facts.ClockSetBack(forget_after=now - 60), now)
        fires = happened == ("fires",)
        alert = AlertState(
            rule="low_fuel",
            subject=Subject(POINT_KIND, POINT.id),
            state="firing" if fires else "pending",
            since=now,
            severity="critical",
            detail={},
        )
        return [alert]

    def _fact(self, told: object, now: float) -> Fact:
        return Fact(id=len(self.heard), after=0, t=now, recorded_at=now, author=JAN, told=told)  # type: ignore[arg-type]

    @staticmethod
    def _apply(tracker: Tracker, heard: object) -> None:
        if isinstance(heard, list):
            tracker.note_alerts(heard)
        elif isinstance(heard, SampleSet | Fact):
            World(tracker).apply(heard)


def turns(view: PointView) -> object:
    """What of a view is no running figure."""
    return (
        view.verdict, view.last_verdict, view.reasons, view.litres, view.fuel_events, view.node, view.latest, view.online,
        [(one.resource, one.state, one.code, one.renew) for one in view.resources], view.remarks, view.people, view.upkeep,
        msgspec.structs.replace(view.activation, forecast_at=None),
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PAUSE, st.one_of(st.none(), HAPPENS), st.booleans()), max_size=25))
def test_what_is_kept_is_what_comes_out_from_nothing(
    course: list[tuple[float, tuple[object, ...] | None, bool]],
) -> None:
    run, now = Run(), T0
    judged: PointView | None = None
    for pause_s, happened, somebody_looks in course:
        now += pause_s
        if happened is not None:
            run.take(happened, now)
        alone = run.anew().view(POINT.id, now)
        if somebody_looks:
            assert run.tracker.view(POINT.id, now) == alone
        due = run.tracker.to_judge(now)
        if due:
            judged = run.tracker.look(POINT.id, now)
            assert judged == alone
        assert judged is not None
        assert turns(judged) == turns(alone)
        assert now - judged.now <= LOOK_AGAIN_S


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.floats(0, 400), st.sampled_from([True, True, False, None]), st.booleans()),
        max_size=120,
    ),
    st.sampled_from([0, 5]),
)
def test_a_reading_that_is_carried_on_does_not_depend_on_who_asked(
    rows: list[tuple[int, float, bool | None, bool]], shift_min: int
) -> None:
    asked, last = Fuel(TANK, shift_min), Fuel(TANK, shift_min)
    for i, (minute, litres, running, somebody_asks) in enumerate(rows):
        for fuel in (asked, last):
            fuel.add(T0 + 60 * minute + i % 50, litres, running, None)
        if somebody_asks:
            asked.reading()
    assert asked.reading() == last.reading()


def test_a_point_that_is_not_judged_after_all_is_due_again() -> None:
    run = Run()
    run.tracker.look(POINT.id, T0)
    assert run.tracker.to_judge(T0 + 1) == []
    run.tracker.look_again()
    assert run.tracker.to_judge(T0 + 1) == [POINT.id]


def test_a_point_that_somebody_looked_at_on_the_page_is_due_all_the_same() -> None:
    run = Run()
    run.tracker.look(POINT.id, T0)
    run.take(("set", {"fuel/level": 10.0}, 0, False), T0 + 1)
    run.tracker.view(POINT.id, T0 + 1)
    assert run.tracker.to_judge(T0 + 2) == [POINT.id]
