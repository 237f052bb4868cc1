"""The creeping fall, held against the same reckoned in one piece: all levels at once as one Gaussian, without any filter.

Of a level whose fall takes a random walk any two moments go together by a figure that can be written down (an integrated Wiener
process); the evidence, the fall and the level then follow from one system of equations.
"""

import math
from collections.abc import Sequence

import pytest
from msgspec.structs import astuple

from paraat.domain.drift import Drift, drift
from paraat.domain.spots import Spot

STEP, USUAL, WIDE, HEIGHT = 0.3, 2.0, 1.5, 40.0


def spots(*xs_and_ys: tuple[float, float], variance: float = 0.5, stretch: int = 0) -> list[Spot]:
    return [Spot(x, y, variance * (1 + n % 3), stretch, 0.0) for n, (x, y) in enumerate(xs_and_ys)]


ONE = spots((1.0, 90.0), (1.5, 88.7), (2.5, 87.0), (2.5, 86.4), (4.0, 81.0))
# The level was filled up in the midst of it.
TWO = [*ONE, *spots((4.25, 140.0), (5.0, 138.5), (7.0, 131.0), stretch=1)]
CREEPS = spots(*((n / 4, 100 - n / 4 - (n / 10) ** 2) for n in range(30)), variance=0.01)


def together(s: float, t: float) -> float:
    """How the integrals over a walk of a unit step, up to two moments, go together."""
    s, t = sorted((s, t))
    return s * s * (3 * t - s) / 6


def solved(rows: Sequence[Sequence[float]], wanted: Sequence[float]) -> tuple[list[float], float]:
    """The x of rows . x = wanted, and the log of the rows' determinant."""
    left = [[*row, value] for row, value in zip(rows, wanted, strict=True)]
    log = 0.0
    for n in range(len(left)):
        log += math.log(left[n][n])
        left[n] = [value / left[n][n] for value in left[n]]
        for m in range(len(left)):
            if m != n:
                left[m] = [a - left[m][n] * b for a, b in zip(left[m], left[n], strict=True)]
    return [row[-1] for row in left], log


def in_one_piece(seen: Sequence[Spot]) -> Drift:
    """The same as drift() says of the last of these spots."""
    x0, at = seen[0].x, seen[-1].x - seen[0].x
    begins = {spot.stretch: spot for spot in reversed(seen)}
    since = [begins[spot.stretch].x - x0 for spot in seen]
    ts = [spot.x - x0 for spot in seen]
    q, ways = STEP * STEP, range(len(seen))
    means = [begins[spot.stretch].y - USUAL * (t - a) for spot, t, a in zip(seen, ts, since, strict=True)]
    off = [spot.y - mean for spot, mean in zip(seen, means, strict=True)]

    def levels(i: int, j: int) -> float:
        same = HEIGHT * HEIGHT if seen[i].stretch == seen[j].stretch else 0.0
        walk = (
            together(ts[i], ts[j]) - together(ts[i], since[j]) - together(since[i], ts[j]) + together(since[i], since[j])
        )  # fmt: skip
        return same + WIDE * WIDE * (ts[i] - since[i]) * (ts[j] - since[j]) + q * walk

    def slope(i: int) -> float:
        """How the slope at the end goes together with the level of a spot: none of them lies after it."""
        return WIDE * WIDE * (ts[i] - since[i]) + q * (ts[i] ** 2 - since[i] ** 2) / 2

    rows = [[levels(i, j) + (seen[i].variance if i == j else 0.0) for j in ways] for i in ways]
    weights, log_determinant = solved(rows, off)
    last = len(seen) - 1
    slopes, heights = [slope(i) for i in ways], [levels(i, last) for i in ways]
    log = -(log_determinant + sum(a * b for a, b in zip(off, weights, strict=True))) / 2
    log += sum(math.log(spot.variance) for spot in seen) / 2 + len(begins) * math.log(2 * math.pi) / 2
    return Drift(
        log=log,
        fall=USUAL - sum(a * b for a, b in zip(slopes, weights, strict=True)),
        variance=WIDE * WIDE + q * at - sum(a * b for a, b in zip(slopes, solved(rows, slopes)[0], strict=True)),
        y=means[last] + sum(a * b for a, b in zip(heights, weights, strict=True)),
        y_variance=levels(last, last) - sum(a * b for a, b in zip(heights, solved(rows, heights)[0], strict=True)),
    )


@pytest.mark.parametrize("seen", [ONE, TWO, CREEPS], ids=["one stretch", "two stretches", "a fall that grows"])
@pytest.mark.parametrize("start", [0, 2])
def test_the_filter_says_of_each_spot_what_all_up_to_there_say_together(seen: list[Spot], start: int) -> None:
    found = drift(seen, start, step=STEP, usual=USUAL, wide=WIDE, height=HEIGHT)
    assert len(found) == len(seen) - start
    for n, one in enumerate(found):
        whole = in_one_piece(seen[start : start + n + 1])
        assert astuple(one) == pytest.approx(astuple(whole), rel=1e-6, abs=1e-6)


def test_a_fall_that_grows_is_followed() -> None:
    *_, last = drift(CREEPS, 0, step=STEP, usual=USUAL, wide=WIDE, height=HEIGHT)
    assert last.fall == pytest.approx(1 + 2 * 0.16 * CREEPS[-1].x, abs=2 * math.sqrt(last.variance))
    assert last.variance < 0.1
