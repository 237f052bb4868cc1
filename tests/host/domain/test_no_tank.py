"""A point without a generator of its own: it lives on its battery, and nothing is asked of fuel."""

import msgspec
import pytest

from paraat.domain.model import PointView, SampleSet, Value
from paraat.domain.profiles import Profile, Resource
from paraat.domain.readiness import State, Verdict
from paraat.domain.refuel import stops
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.domain.upkeep import FUEL_AGE, TEST_RUN
from paraat.domain.urgency import worst_first
from tracker_bench import BATTERY, POINT, T0

PROFILE = Profile(target_h=24.0, resources={"power": Resource(critical=True, by="hours")})
ALONE = msgspec.structs.replace(POINT, tank=None, battery=BATTERY)


class Alone:
    """A tracker of that point."""

    def __init__(self) -> None:
        self.points, self.profiles = {POINT.id: ALONE}, {POINT.id: PROFILE}
        self.tracker = Tracker(self.points, Alerts(), profiles=self.profiles, since=T0, counts=lambda _: (0, 0))
        self.seq = 0

    def sees(self, t: float, **values: Value | None) -> PointView:
        self.seq += 1
        plain: dict[str, Value | None] = {"power/mains": True, "battery/charge": 90.0}
        plain |= {name.replace("__", "/"): value for name, value in values.items()}
        told = {name: value for name, value in plain.items() if value is not None}
        self.tracker.apply(
            SampleSet(point=POINT.id, kind="telemetry", seq=self.seq, t=t, received_at=t, values=told, faults={})
        )
        return self.tracker.view(POINT.id, t + 1)


def power(view: PointView) -> tuple[State, str, dict[str, float | str]]:
    (found,) = view.resources
    return found.state, found.code, found.detail


@pytest.mark.parametrize("generator", [None, False])
@pytest.mark.parametrize("mains", [True, False])
def test_its_battery_is_held_against_the_hours_that_are_asked(mains: bool, generator: bool | None) -> None:
    view = Alone().sees(T0, power__mains=mains, power__generator=generator)
    assert view.verdict is Verdict.READY
    state, code, detail = power(view)
    assert (state, code, detail["source"]) == (State.READY, "hours", "battery")
    assert detail["hours"] == pytest.approx(0.8 * 67.2), "the cautious end"
    assert view.reasons == ()


def test_what_its_monitor_reckons_counts_and_too_few_hours_are_not_ready() -> None:
    view = Alone().sees(T0, power__mains=False, battery__time_left=None, **{"battery/time-left": 10.0})
    assert (view.verdict, power(view)[2]["hours"]) == (Verdict.NOT_READY, 8.0)


@pytest.mark.parametrize(
    ("values", "code"),
    [({"battery__charge": None}, "battery-unknown"), ({"power__mains": None}, "mains-unknown")],
)
def test_what_is_not_known_is_never_ready(values: dict[str, None], code: str) -> None:
    view = Alone().sees(T0, **values)
    assert (view.verdict, *power(view)[:2]) == (Verdict.UNKNOWN, State.UNKNOWN, code)


def test_nothing_is_asked_of_fuel() -> None:
    alone = Alone()
    view = alone.sees(T0, fuel__level=50.0)
    assert (view.has_tank, view.litres, view.autonomy, view.fuel_percent) == (False, None, None, None)
    assert not {task.kind for task in view.upkeep.tasks} & {TEST_RUN, FUEL_AGE}
    assert stops([view], alone.points, alone.profiles, alone.tracker.standing) == []
    assert list(alone.tracker.due()) == []


def test_it_stands_among_the_others_by_the_hours_of_its_battery() -> None:
    view = Alone().sees(T0)
    assert view.off_grid is not None
    assert worst_first(view, critical=False)[3] == view.off_grid.hours


def test_what_was_kept_and_forgotten_is_so_without_a_tank_too() -> None:
    alone = Alone()
    alone.sees(T0, fuel__level=50.0)
    alone.sees(T0 + 7200)
    alone.tracker.forget_after(T0 + 60)
    view = alone.tracker.view(POINT.id, T0 + 3600)
    assert (view.verdict, view.last_fuel, set(view.latest)) == (Verdict.SILENT, None, {"fuel/level"})


@pytest.mark.parametrize(("mains", "last"), [(True, Verdict.READY), (False, Verdict.UNKNOWN)])
def test_a_silent_one_keeps_its_verdict_unless_its_battery_runs_down(mains: bool, last: Verdict) -> None:
    alone = Alone()
    assert alone.sees(T0, power__mains=mains).verdict is Verdict.READY
    view = alone.tracker.view(POINT.id, T0 + 7200)
    assert (view.verdict, view.last_verdict) == (Verdict.SILENT, last)
