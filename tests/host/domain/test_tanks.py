import math
from typing import Any

import pytest

from paraat.domain.points import Shape, Tank
from paraat.domain.tanks import interpolate, litres, mistakes

CYLINDER = Tank(capacity_l=400, burn_l_per_h=9.5, calibration=((0, 0), (10, 21), (50, 200), (90, 379), (100, 400)))
BY_DISTANCE = Tank(capacity_l=200, burn_l_per_h=6, by="distance", calibration=((0.1, 200), (0.5, 104), (0.9, 8)))
PLAIN = Tank(capacity_l=600, burn_l_per_h=14)


def test_a_table_is_followed_between_its_rows_and_stays_at_its_ends() -> None:
    assert interpolate(CYLINDER.calibration, 50) == 200
    assert interpolate(CYLINDER.calibration, 30) == 110.5
    assert interpolate(CYLINDER.calibration, -5) == 0
    assert interpolate(CYLINDER.calibration, 120) == 400
    for level, content in CYLINDER.calibration:
        assert interpolate(CYLINDER.calibration, level) == content


def test_litres_come_from_the_reading_that_the_table_is_for() -> None:
    assert litres(CYLINDER, level_percent=10, distance_m=0.9) == 21
    assert litres(BY_DISTANCE, level_percent=None, distance_m=0.7) == pytest.approx(56)
    assert litres(PLAIN, level_percent=25, distance_m=None) == 150


def test_zero_is_a_reading_and_missing_is_none() -> None:
    assert litres(CYLINDER, level_percent=0, distance_m=None) == 0
    assert litres(CYLINDER, level_percent=None, distance_m=0.4) is None
    assert litres(BY_DISTANCE, level_percent=50, distance_m=None) is None


def test_a_tank_by_its_level_is_so_also_where_the_ends_of_a_distance_are_given() -> None:
    tank = Tank(capacity_l=400, burn_l_per_h=9.5, shape="rectangular", empty_m=1.05, full_m=0.05)
    assert litres(tank, level_percent=50, distance_m=0.05) == 200


@pytest.mark.parametrize("shape", ["lying-cylinder", "elliptical"])
def test_a_round_tank_holds_a_circles_segment(shape: Shape) -> None:
    """Half at half its height, a fifth less than a box at a quarter; checked against the sum of thin slices."""
    tank = Tank(capacity_l=400, burn_l_per_h=9.5, shape=shape)
    for percent in (0, 10, 25, 50, 75, 90, 100):
        down = [2 * (i + 0.5) / 20_000 - 1 for i in range(200 * percent)]
        slices = sum(2 * math.sqrt(1 - y * y) for y in down) * 2 / 20_000 / math.pi
        assert litres(tank, level_percent=percent, distance_m=None) == pytest.approx(400 * slices, abs=0.05)


@pytest.mark.parametrize("shape", ["rectangular", "standing-cylinder"])
def test_a_straight_tank_is_linear_and_a_distance_has_two_ends(shape: Shape) -> None:
    tank = Tank(capacity_l=400, burn_l_per_h=9.5, shape=shape, by="distance", empty_m=1.05, full_m=0.05)
    for metres, content in ((1.05, 0), (0.8, 100), (0.05, 400), (1.2, 0), (0.02, 400)):
        assert litres(tank, level_percent=None, distance_m=metres) == pytest.approx(content)


@pytest.mark.parametrize(
    ("changed", "key", "seen"),
    [
        ({"shape": "elliptical", "calibration": ((0, 0), (100, 400))}, "shape", "'elliptical'"),
        ({"shape": "elliptical", "by": "distance", "full_m": 0.1}, "empty_m", "nothing"),
        ({"shape": "elliptical", "by": "distance", "empty_m": 0.9}, "full_m", "nothing"),
        ({"shape": "elliptical", "by": "distance", "empty_m": 0.1, "full_m": 0.2}, "empty_m", "0.1"),
        ({"shape": "elliptical", "by": "distance", "empty_m": 0.2, "full_m": 0.2}, "empty_m", "0.2"),
        ({"empty_m": 1.0}, "empty_m", "1.0"),
        ({"shape": "elliptical", "full_m": 0.1}, "full_m", "0.1"),
        ({"by": "distance"}, "calibration", "nothing"),
        ({"calibration": ((0.0, 0.0),)}, "calibration", "one row"),
        ({"calibration": ((0.0, 0.0), (math.inf, 400.0))}, "calibration[1]", "[inf, 400.0]"),
        ({"calibration": ((0.0, 0.0), (50.0, 200.0), (50.0, 400.0))}, "calibration[2]", "[50.0, 400.0]"),
        ({"calibration": ((0.0, 0.0), (100.0, 401.0))}, "calibration[1]", "401.0 l"),
        ({"calibration": ((0.0, 0.0), (50.0, 300.0), (100.0, 200.0))}, "calibration[2]", "200.0 l"),
        ({"by": "distance", "calibration": ((0.1, 200.0), (0.5, 300.0), (0.9, 0.0))}, "calibration[1]", "300.0 l"),
        ({"calibration": ((10.0, 40.0), (100.0, 400.0))}, "calibration[0]", "40.0 l, the lowest row"),
        ({"by": "distance", "calibration": ((0.0, 400.0), (0.9, 8.0))}, "calibration[1]", "8.0 l, the lowest row"),
        ({"reserve_l": 400.0}, "reserve_l", "400.0"),
        ({"reserve_l": 200.0, "fill_percent": 40.0}, "fill_percent", "40.0 % (160 l)"),
        ({"reserve_l": 200.0, "fill_percent": 50.0}, "fill_percent", "50.0 % (200 l)"),
        ({"burn_by_load": ((0.0, 1.0),)}, "burn_by_load", "one row"),
        ({"burn_by_load": ((0.0, 1.0), (5000.0, 0.5))}, "burn_by_load[1]", "[5000.0, 0.5]"),
        ({"burn_by_load": ((0.0, 1.0), (0.0, 2.0))}, "burn_by_load[1]", "[0.0, 2.0]"),
        ({"burn_by_load": ((0.0, math.nan), (5000.0, 2.0))}, "burn_by_load[0]", "[0.0, nan]"),
        ({"burn_by_load": ((-1.0, 1.0), (5000.0, 2.0))}, "burn_by_load[0]", "[-1.0, 1.0]"),
        ({"burn_by_load": ((0.0, 0.0), (5000.0, 2.0))}, "burn_by_load[0]", "[0.0, 0.0]"),
        ({"burn_by_load": ((0.0, 1.0), (2e6, 2.0))}, "burn_by_load[1]", "[2000000.0, 2.0]"),
        ({"burn_by_load": ((0.0, 1.0), (5000.0, 10_001.0))}, "burn_by_load[1]", "[5000.0, 10001.0]"),
    ],
)
def test_what_of_a_record_cannot_be_is_named(changed: dict[str, Any], key: str, seen: str) -> None:
    [(named, found, expected)] = mistakes(Tank(capacity_l=400, burn_l_per_h=9.5, **changed))
    assert (named, found) == (key, seen)
    assert expected not in ("", found)


@pytest.mark.parametrize(
    "changed",
    [
        {"calibration": ((0.0, 0.0), (50.0, 200.0), (60.0, 200.0), (100.0, 400.0))},
        {"calibration": ((-1.0, 5.0), (100.0, 400.0))},  # the bottom lies higher than the sensor's zero
        {"calibration": ((0.0, 5.0), (100.0, 400.0))},
        {"by": "distance", "shape": "elliptical", "empty_m": 1.0, "full_m": 0.1},
        {"reserve_l": 199.0, "fill_percent": 50.0},
        {"burn_by_load": ((0.0, 1.0), (1e6, 1.0))},
    ],
)
def test_the_edges_of_what_can_be(changed: dict[str, Any]) -> None:
    assert list(mistakes(Tank(capacity_l=400, burn_l_per_h=9.5, **changed))) == []


def test_a_record_that_can_be_has_no_mistakes() -> None:
    for tank in (CYLINDER, PLAIN, Tank(capacity_l=9, burn_l_per_h=1, shape="elliptical")):
        assert list(mistakes(tank)) == []
