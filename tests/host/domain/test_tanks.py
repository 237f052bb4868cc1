import pytest

from paraat.domain.points import Tank
from paraat.domain.tanks import interpolate, litres

CYLINDER = Tank(capacity_l=400, burn_l_per_h=9.5, calibration=((0, 0), (10, 21), (50, 200), (90, 379), (100, 400)))
BY_DISTANCE = Tank(capacity_l=200, burn_l_per_h=6, by="distance", calibration=((0.1, 200), (0.5, 104), (0.9, 8)))
PLAIN = Tank(capacity_l=600, burn_l_per_h=14)


def test_a_table_is_followed_between_its_rows_and_stays_at_its_ends() -> None:
    assert interpolate(CYLINDER.calibration, 50) == 200
    assert interpolate(CYLINDER.calibration, 30) == 110.5
    assert interpolate(CYLINDER.calibration, -5) == 0
    assert interpolate(CYLINDER.calibration, 120) == 400


def test_litres_come_from_the_reading_that_the_table_is_for() -> None:
    assert litres(CYLINDER, level_percent=10, distance_m=0.9) == 21
    assert litres(BY_DISTANCE, level_percent=None, distance_m=0.7) == pytest.approx(56)
    assert litres(PLAIN, level_percent=25, distance_m=None) == 150


def test_zero_is_a_reading_and_missing_is_none() -> None:
    assert litres(CYLINDER, level_percent=0, distance_m=None) == 0
    assert litres(CYLINDER, level_percent=None, distance_m=0.4) is None
    assert litres(BY_DISTANCE, level_percent=50, distance_m=None) is None
