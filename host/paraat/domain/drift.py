"""The slope of a noisy level whose fall creeps: a day's curve of load, a hall that fills up.

Its fall takes a random walk, so the newest samples tell most of it: the local linear trend of Harvey (1989), by the Kalman
filter. How well it explains the samples, against a straight line, says how likely it is.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paraat.domain.spots import Spot


class Drift(NamedTuple):
    """A creeping fall through some spots. log: of its evidence against that of a straight line.

    fall, sd: at the newest of them; y, weight: of the level there, as of slopes.Line.
    """

    log: float
    fall: float
    sd: float
    y: float
    weight: float


def drift(
    spots: Sequence[Spot], start: int, *, step: float, usual: float, wide: float, height: float
) -> Iterator[Drift]:
    """For each spot from `start` on, the creeping fall up to there; it changes by `step` (sd) in the root of an hour.

    usual, wide: the fall that is likely, and how far it may be off. height: how far a stretch may lie from another.
    """
    first = wide * wide
    straight = _filtered(spots, start, 0.0, usual, first, height * height)
    bent = _filtered(spots, start, step * step, usual, first, height * height)
    for (log_straight, *_), (log, slope, slope_variance, y, variance) in zip(straight, bent, strict=True):
        yield Drift(log - log_straight, -slope, math.sqrt(max(slope_variance, 1e-12)), y, 1 / max(variance, 1e-9))


def _filtered(
    spots: Sequence[Spot], start: int, q: float, usual: float, first: float, loose: float
) -> Iterator[tuple[float, float, float, float, float]]:
    """For each spot: the log of the evidence, and slope and level with their variances."""
    x, y, _, stretch, _ = spots[start]
    # Variances of the level and of the slope, and what they have in common.
    slope, p00, p01, p11 = -usual, loose, 0.0, first
    log = 0.0
    for i in range(start, len(spots)):
        x1, y1, variance, own, _ = spots[i]
        hours = x1 - x
        if hours > 0:
            x = x1
            y += slope * hours
            p00 += hours * (2 * p01 + hours * (p11 + q * hours / 3))
            p01 += hours * (p11 + q * hours / 2)
            p11 += q * hours
        if own != stretch:
            stretch, y, p00, p01 = own, y1, loose, 0.0
        whole, off = p00 + variance, y1 - y
        log -= (math.log(whole) + off * off / whole) / 2
        of_level, of_slope = p00 / whole, p01 / whole
        y += of_level * off
        slope += of_slope * off
        p11 -= of_slope * p01
        p01 -= of_level * p01
        p00 -= of_level * p00
        yield log, slope, p11, y, p00
