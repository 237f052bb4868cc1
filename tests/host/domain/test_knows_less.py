"""A board that tells less than it did never makes its point better: a sensor falls silent, or says that it is at fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain.model import PointView, Value
from paraat.domain.points import Battery
from paraat.domain.profiles import Profile, Resource
from tracker_bench import T0, Bench

BATTERY = Battery(capacity_ah=400, nominal_v=24, load_w=600, empty_percent=20)
HEAT = Resource(critical=True, by="metric", metric="climate/temperature", ready_from=18.0, limited_from=15.0)
PROFILE = Profile(target_h=12.0, resources={"power": Resource(critical=True, by="hours"), "heat": HEAT})
BEFORE, AFTER, EVERY_S = 10, 12, 60.0  # sets with all in them, and without; beyond the time after which a figure is old

SETS = st.fixed_dictionaries(
    {
        "fuel/level": st.floats(0, 100),
        "power/mains": st.booleans(),
        "power/generator": st.booleans(),
        "power/load": st.floats(0, 5000),
        "battery/charge": st.floats(0, 100),
        "battery/voltage": st.floats(20, 29),
        "battery/current": st.floats(-200, 50),
        "climate/temperature": st.floats(-5, 30),
    }
)


def lives(values: dict[str, Value], gone: set[str], at_fault: bool) -> PointView:
    """The same set again and again; from some moment on without what is gone."""
    bench = Bench(battery=BATTERY, profile=PROFILE)
    for n in range(BEFORE + AFTER):
        lacks = gone if n >= BEFORE else set()
        told = {name.replace("/", "__"): one for name, one in values.items() if name not in lacks}
        faults = dict.fromkeys(sorted(lacks), "no-answer") if at_fault else {}
        absent = {"fuel/level", "power/mains", "power/generator"} & lacks
        bench.sees(T0 + EVERY_S * n, faults | dict.fromkeys(sorted(absent), "no-answer"), **told)
    return bench.view(T0 + EVERY_S * (BEFORE + AFTER))


@settings(max_examples=40, deadline=None)
@given(SETS, st.data(), st.booleans())
def test_a_board_that_tells_less_makes_no_point_better(
    values: dict[str, Value], data: st.DataObject, at_fault: bool
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
    whole, less = lives(values, set(), at_fault), lives(values, gone, at_fault)
    assert less.verdict.goodness <= whole.verdict.goodness
    hours = [0.0 if view.off_grid is None else view.off_grid.hours_low for view in (less, whole)]
    # The load tells the fuel nothing here, and the level stands: what differs is the battery.
    assert hours[0] <= hours[1] + 1e-6


def test_a_shunt_that_falls_silent_gives_no_hours() -> None:
    """100 A are drawn: two hours; the record says 25 A, which would be eight."""
    values: dict[str, Value] = {"battery/charge": 70.0, "battery/voltage": 24.0, "battery/current": -100.0}
    whole, less = lives(values, set(), False), lives(values, {"battery/current"}, False)
    assert whole.battery is not None
    assert less.battery is not None
    assert whole.battery.hours == less.battery.hours == pytest.approx(2.0)
