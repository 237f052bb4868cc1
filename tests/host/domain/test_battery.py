import pytest

from paraat.domain.battery import left, off_grid
from paraat.domain.model import Autonomy
from paraat.domain.points import Battery

BATTERY = Battery(capacity_ah=400, nominal_v=24, load_w=600, empty_percent=20)
FUEL = Autonomy(
    hours_low=20, hours=24, hours_high=28, burn_l_per_h=10, source="slope", empty_at=86400, refuel_before=72000
)


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
    found = left(BATTERY, values.get)
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
    found = left(BATTERY, values.get)
    assert found is not None
    assert (found.hours, found.load_w, found.source) == (hours, load_w, "monitor")


def test_a_charge_that_is_not_known_gives_no_hours() -> None:
    assert left(BATTERY, {"power/load": 500.0}.get) is None


def test_without_the_grid_there_are_fuel_and_battery() -> None:
    battery = left(BATTERY, {"battery/charge": 70.0}.get)
    both = off_grid(FUEL, battery)
    assert both is not None
    assert (both.hours, both.source) == (32, "fuel+battery")
    assert (both.hours_low, both.hours_high) == (pytest.approx(20 + 6.4), pytest.approx(28 + 9.6))
    fuel = off_grid(FUEL, None)
    assert fuel is not None
    assert (fuel.hours_low, fuel.hours, fuel.hours_high, fuel.source) == (20, 24, 28, "fuel")
    only = off_grid(None, battery)
    assert only is not None
    assert (only.hours, only.source) == (8, "battery")
    assert (only.hours_low, only.hours_high) == (pytest.approx(6.4), pytest.approx(9.6))
    assert off_grid(None, None) is None
