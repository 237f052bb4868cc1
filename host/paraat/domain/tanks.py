"""A point's tank: from what a sensor sees to litres, and what its record says that cannot be."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from paraat.domain.points import Shape, Tank
from paraat.domain.said import Said

_ROUND = ("lying-cylinder", "elliptical")


def interpolate(table: Sequence[tuple[float, float]], x: float) -> float:
    """The y of a table of (x, y), rising in x, on the line through its rows; beyond the ends it stays."""
    i = bisect_left(table, x, key=lambda row: row[0])
    if i == 0:
        return table[0][1]
    if i == len(table):
        return table[-1][1]
    (x0, y0), (x1, y1) = table[i - 1], table[i]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def filled(shape: Shape, height: float) -> float:
    """The part of its content that a tank holds at a part (0 to 1) of its height.

    A lying cylinder and a lying ellipse hold the same part at the same part of their height: that of a circle's segment.
    """
    height = min(1.0, max(0.0, height))
    if shape not in _ROUND:
        return height
    down = 1 - 2 * height  # of the radius, from the middle down to the surface
    return (math.acos(down) - down * math.sqrt(1 - down * down)) / math.pi


def litres(tank: Tank, *, level_percent: float | None, distance_m: float | None) -> float | None:
    """Fuel in the tank in litres from the reading that its record is `by`; None when that reading is not there."""
    reading = level_percent if tank.by == "level" else distance_m
    if reading is None:
        return None
    if tank.calibration:
        return interpolate(tank.calibration, reading)
    height = reading / 100
    if tank.by == "distance" and tank.empty_m is not None and tank.full_m is not None:
        height = (tank.empty_m - reading) / (tank.empty_m - tank.full_m)
    return tank.capacity_l * (filled(tank.shape, height) if tank.shape is not None else height)


def mistakes(tank: Tank) -> Iterator[tuple[str, str, str]]:
    """What of a record cannot be, as (key, found, expected)."""
    yield from _table_mistakes(tank)
    yield from _shape_mistakes(tank)
    if tank.reserve_l >= tank.capacity_l:
        yield "reserve_l", str(tank.reserve_l), Said("less than capacity_l ({n})", n=tank.capacity_l)
    elif tank.reserve_l >= tank.fill_l:
        yield (
            "fill_percent",
            Said("{percent} % ({n} l)", percent=tank.fill_percent, n=f"{tank.fill_l:g}"),
            Said("more than reserve_l ({n})", n=tank.reserve_l),
        )
    yield from _load_mistakes(tank)


def _table_mistakes(tank: Tank) -> Iterator[tuple[str, str, str]]:
    table = tank.calibration
    if tank.by == "distance" and not table and tank.shape is None:
        yield "calibration", "nothing", 'a table of [metres, litres], or a shape, because by = "distance"'
    if len(table) == 1:
        yield "calibration", "one row", "at least two rows"
    for row, pair in enumerate(table):
        if not all(math.isfinite(value) for value in pair):
            yield f"calibration[{row}]", str(list(pair)), "[reading, litres], two plain numbers"
    for row, (a, b) in enumerate(pairwise(table), start=1):
        if b[0] <= a[0]:
            yield f"calibration[{row}]", str(list(b)), Said("a reading above {n}: sort the rows", n=a[0])
    for row, (_, content) in enumerate(table):
        if not 0 <= content <= tank.capacity_l:
            yield f"calibration[{row}]", Said("{n} l", n=content), Said("0 to capacity_l ({n})", n=tank.capacity_l)
    wanted = 1 if tank.by == "level" else -1
    for row, (a, b) in enumerate(pairwise(table), start=1):
        if (b[1] - a[1]) * wanted < 0:
            word = "more" if wanted > 0 else "fewer"
            yield f"calibration[{row}]", Said("{n} l", n=b[1]), f"{word} litres than the row before"
    if table:
        yield from _bottom_mistakes(tank)


def _bottom_mistakes(tank: Tank) -> Iterator[tuple[str, str, str]]:
    """Below the lowest row litres stay what they are there: a tank that runs dry would never be seen to be empty."""
    by_level = tank.by == "level"
    row = 0 if by_level else len(tank.calibration) - 1
    reading, content = tank.calibration[row]
    if content > 0 and not (by_level and reading <= 0):
        at = "0 l, or a row at 0 % before it" if by_level else "0 l: the distance to the bottom of the tank"
        yield f"calibration[{row}]", Said("{n} l, the lowest row", n=content), at


def _shape_mistakes(tank: Tank) -> Iterator[tuple[str, str, str]]:
    if tank.shape is not None and tank.calibration:
        yield "shape", repr(tank.shape), "no shape, because there is a calibration table: one of the two"
    heights = {"empty_m": tank.empty_m, "full_m": tank.full_m}
    wanted = tank.shape is not None and tank.by == "distance"
    for key, value in heights.items():
        if wanted and value is None:
            yield key, "nothing", 'metres from the sensor face, because by = "distance" and there is a shape'
        if not wanted and value is not None:
            yield key, str(value), 'nothing: it is for a shape by = "distance"'
    if wanted and tank.empty_m is not None and tank.full_m is not None and tank.empty_m <= tank.full_m:
        yield "empty_m", str(tank.empty_m), Said("more than full_m ({n}): the bottom is farther away", n=tank.full_m)


def _load_mistakes(tank: Tank) -> Iterator[tuple[str, str, str]]:
    table = tank.burn_by_load
    if len(table) == 1:
        yield "burn_by_load", "one row", "at least two rows"
    for row, (load_w, burn) in enumerate(table):
        if not (0 <= load_w <= 1e6 and 0 < burn <= 10_000):  # false for nan too
            yield f"burn_by_load[{row}]", str([load_w, burn]), "[W, l/h], two plain numbers, the second above 0"
    for row, (a, b) in enumerate(pairwise(table), start=1):
        if b[0] <= a[0] or b[1] < a[1]:
            yield f"burn_by_load[{row}]", str(list(b)), "more W, and not fewer l/h, than the row before: sort the rows"
