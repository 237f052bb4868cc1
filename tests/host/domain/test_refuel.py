"""Who wants fuel first, how much, and who is on the way."""

import msgspec
import pytest

from paraat.domain.facts import Author, Delivered, DeliveryPlanned, Fact, PhaseChanged, Told
from paraat.domain.model import SampleSet
from paraat.domain.profiles import Profile
from paraat.domain.refuel import Stop, stops
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from tracker_bench import POINT, T0

HOUR_S = 3600.0
PROFILE = Profile(target_h=24.0, resources={})
JAN = Author(name="Jan", way="cli")


class Region:
    """Points with so much fuel (percent of 400 l at 10 l/h), of which things are said."""

    def __init__(self, **percent: float | None) -> None:
        self.points = {name: msgspec.structs.replace(POINT, id=name) for name in percent}
        self.profiles = dict.fromkeys(percent, PROFILE)
        self.tracker = Tracker(self.points, Alerts(), profiles=self.profiles, since=T0, counts=lambda _: (0, 0))
        self.facts = 0
        for name, level in percent.items():
            if level is not None:
                values = {"fuel/level": level, "power/mains": True, "power/generator": False}
                self.tracker.apply(
                    SampleSet(point=name, kind="telemetry", seq=1, t=T0, received_at=T0, values=values, faults={})
                )

    def say(self, told: Told, t: float) -> None:
        self.facts += 1
        self.tracker.standing.apply(Fact(id=self.facts, after=0, t=t, recorded_at=t, author=JAN, told=told))

    def round(self, now: float = T0 + 60) -> list[Stop]:
        return stops(self.tracker.views(now), self.points, self.profiles, self.tracker.standing)

    def order(self, now: float = T0 + 60) -> list[str]:
        return [stop.point for stop in self.round(now)]


def test_the_one_that_lasts_shortest_comes_first_and_before_all_the_one_of_which_nobody_knows() -> None:
    assert Region(full=100.0, low=10.0, half=50.0, unknown=None).order() == ["unknown", "low", "half", "full"]


def test_the_litres_wanted_are_to_full_and_to_the_cautious_target() -> None:
    (low, full, unknown) = sorted(Region(a_low=10.0, b_full=100.0, c_unknown=None).round(), key=lambda stop: stop.point)
    assert low.to_full_l == 360
    assert low.to_target_l == pytest.approx(24 * 13 - 40)  # the tank record's rate, and 30 % for caution
    assert (full.to_full_l, full.to_target_l) == (0, 0)
    assert (unknown.to_full_l, unknown.to_target_l, unknown.hours_low, unknown.refuel_before) == (None,) * 4


def test_no_more_is_wanted_than_the_tank_holds() -> None:
    region = Region(a=10.0)
    region.profiles["a"] = Profile(target_h=72.0, resources={})
    (stop,) = region.round()
    assert stop.to_target_l == stop.to_full_l == 360


def test_a_plan_takes_a_point_off_the_urgent_end_until_it_is_late() -> None:
    region = Region(low=10.0, half=50.0)
    region.say(DeliveryPlanned(point="low", at=T0 + 2 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 1)
    assert region.order() == ["half", "low"]
    late = region.round(T0 + 3 * HOUR_S)
    assert [stop.point for stop in late] == ["low", "half"]
    assert late[0].plan is not None
    assert (late[0].plan.late, late[0].plan.who) == (True, "Tankdienst")


@pytest.mark.parametrize("mains", [False, None])
def test_a_plan_that_comes_when_the_tank_is_empty_settles_nothing(mains: bool | None) -> None:
    region = Region(low=10.0, half=50.0)
    region.say(DeliveryPlanned(point="low", at=T0 + 30 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 1)
    (_, low) = region.round()
    assert low.plan is not None
    assert (low.point, low.plan.too_late) == ("low", False), "the mains are there: nothing is burnt"
    told = {} if mains is None else {"power/mains": mains}
    values = {"fuel/level": 10.0, "power/generator": True, **told}
    faults = {"power/mains": "timeout"} if mains is None else {}
    region.tracker.apply(
        SampleSet(point="low", kind="telemetry", seq=2, t=T0 + 30, received_at=T0 + 30, values=values, faults=faults)
    )
    (low, _) = region.round()
    assert low.plan is not None
    assert (low.point, low.plan.too_late, low.settled) == ("low", True, False)


@pytest.mark.parametrize(
    "told",
    [Delivered(point="low", litres=290.0), DeliveryPlanned(point="low", at=T0, litres=0.0, who="")],
)
def test_a_plan_is_done_with_by_a_delivery_or_when_it_is_called_off(told: Told) -> None:
    region = Region(low=10.0, half=50.0)
    region.say(DeliveryPlanned(point="low", at=T0 + 2 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 1)
    region.say(told, T0 + 30)
    (low, _) = region.round()
    assert (low.point, low.plan) == ("low", None), "the level says itself whether it is enough"


def test_a_plan_stands_until_half_of_it_was_brought_and_says_what_is_still_to_come() -> None:
    region = Region(low=10.0, half=50.0)
    region.say(DeliveryPlanned(point="low", at=T0 + 2 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 1)
    region.say(Delivered(point="low", litres=20.0), T0 + 20)
    region.say(Delivered(point="low", litres=80.0), T0 + 30)
    (_, low) = region.round()
    assert low.plan is not None
    assert (low.point, low.plan.litres, low.plan.brought_l, low.plan.to_come_l) == ("low", 300.0, 100.0, 200.0)
    assert region.order(T0 + 3 * HOUR_S) == ["low", "half"], "it is late all the same"
    region.say(Delivered(point="low", litres=50.0), T0 + 40)
    assert region.round()[0].plan is None


def test_what_is_told_again_was_brought_once() -> None:
    region = Region(low=10.0)
    planned = DeliveryPlanned(point="low", at=T0 + 2 * HOUR_S, litres=300.0, who="Tankdienst")
    region.say(planned, T0 + 1)
    for _ in range(2):
        brought = Fact(
            id=2, after=0, t=T0 + 2, recorded_at=T0 + 2, author=JAN, told=Delivered(point="low", litres=100.0)
        )
        region.tracker.standing.apply(brought)
    (low,) = region.round()
    assert low.plan is not None
    assert low.plan.brought_l == 100.0


def test_a_delivery_after_a_clock_was_set_back_counts_for_the_plan() -> None:
    region = Region(low=10.0)
    region.say(DeliveryPlanned(point="low", at=T0 + 9 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 3600)
    region.say(Delivered(point="low", litres=290.0), T0 + 30)
    assert region.round()[0].plan is None


def test_a_delivery_of_before_does_not_end_a_plan_and_is_told() -> None:
    region = Region(low=10.0)
    region.say(Delivered(point="low", litres=100.0), T0 - 86400)
    region.say(DeliveryPlanned(point="low", at=T0 + 2 * HOUR_S, litres=300.0, who="Tankdienst"), T0 + 1)
    (low,) = region.round()
    assert low.plan is not None
    assert low.last is not None
    assert (low.last.t, low.last.litres, low.last.by) == (T0 - 86400, 100.0, "Jan")


def test_a_point_that_is_being_built_is_no_stop() -> None:
    region = Region(low=10.0, half=50.0)
    region.say(PhaseChanged(point="low", phase="building"), T0)
    assert region.order() == ["half"]


def test_a_tank_is_full_where_it_is_filled_to() -> None:
    region = Region(a=10.0)
    tank = msgspec.structs.replace(region.points["a"].tank, fill_percent=90.0)
    region.points["a"] = msgspec.structs.replace(region.points["a"], tank=tank)
    (stop,) = region.round()
    assert stop.to_full_l == pytest.approx(320)


def test_where_the_gauge_cannot_be_believed_somebody_must_go_and_look() -> None:
    region = Region(low=10.0, stuck=80.0)
    for minute in range(1, 121):
        values = {"fuel/level": 80.0, "power/mains": False, "power/generator": True}
        t = T0 + 60 * minute
        region.tracker.apply(
            SampleSet(point="stuck", kind="telemetry", seq=1 + minute, t=t, received_at=t, values=values, faults={})
        )
    first = region.round(T0 + 7201)[0]
    assert (first.point, first.hours_low, first.to_full_l) == ("stuck", None, None)
