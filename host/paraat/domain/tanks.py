"""From what a sensor sees to litres, through the tank's calibration table."""

from bisect import bisect_left
from collections.abc import Sequence

from paraat.domain.points import Tank


def interpolate(table: Sequence[tuple[float, float]], x: float) -> float:
    """The y of a table of (x, y), rising in x, on the line through its rows; beyond the ends it stays."""
    i = bisect_left(table, x, key=lambda row: row[0])
    if i == 0:
        return table[0][1]
    if i == len(table):
        return table[-1][1]
    (x0, y0), (x1, y1) = table[i - 1], table[i]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def litres(tank: Tank, *, level_percent: float | None, distance_m: float | None) -> float | None:
    """Fuel in the tank in litres from the reading that its table is `by`; None when that reading is not there."""
    reading = level_percent if tank.by == "level" else distance_m
    if reading is None:
        return None
    if not tank.calibration:
        return tank.capacity_l * reading / 100
    return interpolate(tank.calibration, reading)
