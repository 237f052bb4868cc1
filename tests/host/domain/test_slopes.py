"""The fall of a noisy level that may have changed: it holds the truth, and says what it said.

How well it does over many courses is held by test_courses.py. Here its figures are written down, so that no change of it goes
unnoticed: who changes the method on purpose writes them anew.
"""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from msgspec.structs import astuple, replace

from paraat.domain.slopes import Line, lines, median, quantile
from paraat.domain.spots import Spot

EVERY_H, SD, CAPACITY_L, USUAL = 1 / 15, 0.8, 400.0, 9.5


class Stage(NamedTuple):
    """So long the level falls so fast, l/h. filled: behind a delivery."""

    hours: float
    fall: float
    filled: bool = False


def measured(stages: Sequence[Stage]) -> list[Spot]:
    """A spot every four minutes."""
    ripple, x, y, stretch, spots = random.Random(1), 0.0, 300.0, 0, []
    for stage in stages:
        if stage.filled:
            stretch, y = stretch + 1, y + 40.0
        for _ in range(round(stage.hours / EVERY_H)):
            spots.append(Spot(x, y + ripple.gauss(0, SD), SD * SD, stretch, 2e-4))
            x, y = x + EVERY_H, y - stage.fall * EVERY_H
    return spots


def of(stages: Sequence[Stage], least: float = 0.0) -> list[Line]:
    return lines(measured(stages), height_width=CAPACITY_L, usual=USUAL, least=least)


CREEPS = [Stage(0.5, 6 + 0.7 * n) for n in range(9)]


@pytest.mark.parametrize(
    ("stages", "least", "many", "falls", "likeliest"),
    [
        # How many lines; the fall at 5, 50 and 95 %; of the likeliest line its share, fall, sd, x, y, weight and first spot.
        ([Stage(4, 9.0)], 0.95, 3, (8.8742, 9.0224, 9.1713), (0.990923, 9.0224, 0.0894524, 1.96667, 282.375, 93.75, 0)),
        (
            [Stage(3, 6.0), Stage(1.5, 13.0)], 0.95, 10, (12.5106, 13.2277, 14.0327),
            (0.33099, 13.2082, 0.296955, 3.49439, 275.488, 47.7682, 45),
        ),
        (
            [Stage(3, 8.0), Stage(2, 9.2)], 0.95, 54, (8.1569, 8.9837, 9.5294),
            (0.299292, 8.78549, 0.638107, 4.93333, 258.419, 9.44473, 0),
        ),
        (
            [Stage(2, 6.0), Stage(2, 14.0), Stage(1.5, 8.0)], 0.95, 20, (7.2608, 8.114, 8.8701),
            (0.184434, 8.11393, 0.340909, 4.59186, 255.093, 41.1241, 61),
        ),
        (
            [Stage(2, 9.0), Stage(2, 9.0, filled=True)], 0.95, 3, (8.7283, 9.0245, 9.3221),
            (0.990106, 9.02446, 0.178963, 2.96667, 313.353, 46.875, 0),
        ),
        (
            [Stage(2, 6.0), Stage(2, 12.0, filled=True)], 0.0, 14, (11.8111, 12.2393, 12.6756),
            (0.147518, 12.2137, 0.252695, 2.96667, 316.453, 46.875, 27),
        ),
        (
            [Stage(3, 6.0), Stage(0.4, 14.0)], 0.95, 21, (9.5837, 13.5706, 19.006),
            (0.230042, 13.2698, 1.37786, 3.00615, 281.496, 24.0431, 44),
        ),
        (CREEPS, 0.95, 27, (10.1264, 11.1146, 12.1972), (0.913198, 11.1729, 0.638107, 4.73333, 258.514, 9.44471, 0)),
        ([Stage(3, 0.4)], 0.0, 5, (0.077, 0.3056, 0.5349), (0.990348, 0.305497, 0.13773, 1.46667, 299.546, 70.3125, 0)),
        ([Stage(3, 0.4)], 0.95, 1, (-0.6368, 0.4138, 1.4644), (1, 0.413797, 0.638738, 2.93333, 299.029, 9.43811, 0)),
    ],
    ids=[
        "a line", "a bend", "a small bend", "two bends", "a delivery", "a bend at a delivery", "a bend just now",
        "it creeps", "it hardly falls", "it hardly falls and must",
    ],
)  # fmt: skip
def test_what_is_found_of_a_course(
    stages: list[Stage],
    least: float,
    many: int,
    falls: tuple[float, float, float],
    likeliest: tuple[float, ...],
) -> None:
    found = of(stages, least)
    low, middle, high = (quantile(found, part) for part in (0.05, 0.5, 0.95))
    assert low <= stages[-1].fall <= high
    assert sum(line.share for line in found) == pytest.approx(1)
    assert (low, middle, high) == pytest.approx(falls, abs=1e-4)
    assert astuple(max(found, key=lambda line: line.share)) == pytest.approx(likeliest, rel=1e-5)
    assert len(found) == many


def test_one_line_is_the_one_of_least_squares_with_what_is_usual_beside_it() -> None:
    spots = measured([Stage(4, 9.0)])
    x, y = (sum(spot[axis] for spot in spots) / len(spots) for axis in (0, 1))
    sxx = sum((spot.x - x) ** 2 for spot in spots) / SD**2 + 1 / (1.2 * USUAL) ** 2
    sxy = sum((spot.x - x) * (spot.y - y) for spot in spots) / SD**2 - USUAL / (1.2 * USUAL) ** 2
    line = max(of([Stage(4, 9.0)]), key=lambda one: one.share)
    assert astuple(line)[1:] == pytest.approx((-sxy / sxx, 1 / math.sqrt(sxx), x, y, len(spots) / SD**2, 0))


def test_of_nothing_and_of_one_moment_nothing_is_known() -> None:
    assert lines(measured([Stage(EVERY_H, 9.0)]), height_width=CAPACITY_L, usual=USUAL) == []


def test_a_part_of_a_mixture_lies_below_its_quantile() -> None:
    one = Line(0.5, 10.0, 1.0, 0.0, 0.0, 1.0, 0)
    assert quantile([one], 0.5) == pytest.approx(10, abs=1e-3)
    assert quantile([one], 0.8413447) == pytest.approx(11, abs=1e-3), "one standard deviation"
    two = [one, replace(one, fall=30.0, share=0.1)]
    assert quantile(two, 5 / 6) == pytest.approx(20, abs=6), "between the two"
    assert quantile(two, 5 / 12) == pytest.approx(10, abs=1e-3)
    assert quantile(two, 11 / 12) == pytest.approx(30, abs=1e-3)


def test_the_middle_of_some_values() -> None:
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median(iter([4.0, 1.0, 2.0, 3.0])) == 2.5
