from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain import battery
from paraat.domain.battery import Told, off_grid
from paraat.domain.model import Autonomy, BatteryLeft
from paraat.domain.points import Battery

BATTERY = Battery(capacity_ah=400, nominal_v=24, load_w=600, empty_percent=20)
FUEL = Autonomy(
    hours_low=20, hours=24, hours_high=28, burn_l_per_h=10, source="slope", empty_at=86400, refuel_before=72000
)


def told(*sets: Mapping[str, float]) -> Told:
    """What was told in sets, one a minute."""
    found = Told()
    for n, values in enumerate(sets):
        found.learn(values, 60.0 * n)
    return found


def left(
    battery_of: Battery, values: Mapping[str, float], before: Mapping[str, float] | None = None
) -> BatteryLeft | None:
    """With what is known now; and what was told before."""
    return battery.left(battery_of, values.get, told(before or {}, values))


@pytest.mark.parametrize(
    ("values", "hours", "load_w", "source"),
    [
        ({"battery/charge": 70.0}, 8.0, 600.0, "record"),
        ({"battery/charge": 70.0, "power/load": 1200.0}, 4.0, 1200.0, "load"),
        (
            {"battery/charge": 70.0, "power/load": 1200.0, "battery/voltage": 24.0, "battery/current": -100.0},
            2.0,
            2400.0,
            "current",
        ),
        (
            {"battery/charge": 70.0, "battery/voltage": 27.0, "battery/current": 10.0},
            8.0,
            600.0,
            "record",
        ),  # it is being charged
        ({"battery/charge": 15.0}, 0.0, 600.0, "record"),
        (
            {"battery/charge": 70.0, "power/load": 0.0},
            8.0,
            600.0,
            "record",
        ),  # nothing is drawn: the load it would carry
    ],
)
def test_the_charge_over_the_load(values: dict[str, float], hours: float, load_w: float, source: str) -> None:
    found = left(BATTERY, values)
    assert found is not None
    assert (found.hours, found.load_w) == (pytest.approx(hours), load_w)
    assert found.source == source


@pytest.mark.parametrize(
    ("values", "hours", "load_w"),
    [
        ({"battery/time-left": 21.5}, 21.5, None),
        ({"battery/time-left": 0.0, "battery/charge": 70.0}, 0.0, None),
        ({"battery/time-left": 5.0, "battery/voltage": 24.0, "battery/current": -100.0}, 5.0, 2400.0),
    ],
)
def test_the_hours_of_the_batterys_own_monitor_go_first(
    values: dict[str, float], hours: float, load_w: float | None
) -> None:
    found = left(BATTERY, values)
    assert found is not None
    assert (found.hours, found.load_w, found.source) == (hours, load_w, "monitor")


def test_a_charge_that_is_not_known_gives_no_hours() -> None:
    assert left(BATTERY, {"power/load": 500.0}) is None


def test_without_the_grid_there_are_fuel_and_battery() -> None:
    charged = left(BATTERY, {"battery/charge": 70.0})
    both = off_grid(FUEL, charged)
    assert both is not None
    assert (both.hours, both.source) == (32, "fuel+battery")
    assert (both.hours_low, both.hours_high) == (pytest.approx(20 + 6.4), pytest.approx(28 + 9.6))
    fuel = off_grid(FUEL, None)
    assert fuel is not None
    assert (fuel.hours_low, fuel.hours, fuel.hours_high, fuel.source) == (20, 24, 28, "fuel")
    only = off_grid(None, charged)
    assert only is not None
    assert (only.hours, only.source) == (8, "battery")
    assert (only.hours_low, only.hours_high) == (pytest.approx(6.4), pytest.approx(9.6))
    assert off_grid(None, None) is None


DRAWS = {"battery/charge": 70.0, "battery/voltage": 24.0, "battery/current": -100.0}
CHARGES = {"battery/charge": 70.0, "battery/voltage": 27.0, "battery/current": 10.0}


@pytest.mark.parametrize(
    ("before", "now", "hours", "source"),
    [
        (DRAWS, {"battery/charge": 70.0}, 2.0, "told"),  # the shunt fell silent
        (DRAWS, {"battery/charge": 70.0, "battery/voltage": 24.0}, 2.0, "told"),
        (DRAWS, {"battery/charge": 70.0, "power/load": 1200.0}, 2.0, "told"),
        (DRAWS, CHARGES, 2.0, "told"),  # it is charged: without the grid it would give again what it gave
        (DRAWS, CHARGES | {"power/load": 1200.0}, 4.0, "load"),
        ({"power/load": 1200.0}, {"battery/charge": 70.0}, 4.0, "told"),
        ({"power/load": 100.0}, {"battery/charge": 70.0}, 8.0, "record"),
        (DRAWS | {"battery/time-left": 1.5}, DRAWS, 1.5, "monitor"),  # the monitor fell silent, and it still gives
        (DRAWS | {"battery/time-left": 9.0}, DRAWS, 2.0, "current"),
        (DRAWS | {"battery/time-left": 1.5}, CHARGES | {"power/load": 1200.0}, 4.0, "load"),
    ],
)
def test_a_figure_that_nobody_tells_any_more_makes_it_no_better(
    before: dict[str, float], now: dict[str, float], hours: float, source: str
) -> None:
    found = left(BATTERY, now, before)
    assert found is not None
    assert (found.hours, found.source) == (pytest.approx(hours), source)


SETS = st.fixed_dictionaries(
    {},
    optional={
        "battery/charge": st.floats(0, 100),
        "battery/voltage": st.floats(20, 29),
        "battery/current": st.floats(-200, 100),
        "battery/time-left": st.floats(0, 100),
        "power/load": st.floats(0, 5000),
    },
)


@given(st.lists(SETS, max_size=4), SETS, st.data())
def test_to_know_less_of_a_battery_never_gives_more_hours(
    before: list[dict[str, float]], values: dict[str, float], data: st.DataObject
) -> None:
    """A figure that was told is old, or its sensor is at fault; whether it was ever told makes no difference to who wrote the record."""
    gone = data.draw(st.sets(st.sampled_from(sorted(values) or ["power/load"])))
    known = told(*before, values)
    whole = battery.left(BATTERY, values.get, known)
    less = battery.left(BATTERY, {name: one for name, one in values.items() if name not in gone}.get, known)
    hours = (0.0 if one is None else one.hours for one in (less, whole))
    assert next(hours) <= next(hours) + 1e-9


@given(st.permutations([DRAWS, CHARGES, DRAWS | {"battery/time-left": 3.0}, {"power/load": 900.0}]))
def test_in_whatever_order_sets_come_the_battery_is_the_same(order: list[dict[str, float]]) -> None:
    times = [DRAWS, CHARGES, DRAWS | {"battery/time-left": 3.0}, {"power/load": 900.0}]
    mixed = Told()
    for one in order:
        mixed.learn(one, 60.0 * times.index(one))
    straight = told(*times)
    assert (mixed.load_w, mixed.time_left_h) == (straight.load_w, straight.time_left_h) == (2400.0, 3.0)
    mixed.forget_after(60.0)
    assert (mixed.load_w, mixed.time_left_h) == (0.0, None), "what was told before the newest is not kept"
