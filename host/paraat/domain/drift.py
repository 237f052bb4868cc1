"""The slope of a noisy level whose fall creeps: a day's curve of load, a hall that fills up.

Its fall takes a random walk, so the newest samples tell most of it: the local linear trend of Harvey (1989), by the Kalman
filter. How well it explains the samples, against a straight line, says how likely it is.
"""

import math
from collections.abc import Sequence

import msgspec

from paraat.domain.spots import Spot

_HALF_LOG_2PI = math.log(2 * math.pi) / 2


class Drift(msgspec.Struct, frozen=True, gc=False):
    """A creeping fall up to a spot. log: of its evidence, as slopes.py reckons that of a line through the same spots.

    fall, variance: at that spot; y, y_variance: of the level there.
    """

    log: float
    fall: float
    variance: float
    y: float
    y_variance: float


def drift(spots: Sequence[Spot], start: int, *, step: float, usual: float, wide: float, height: float) -> list[Drift]:
    """For each spot from `start` on, the creeping fall up to there; it changes by `step` (sd) in the root of an hour.

    usual, wide: the fall that is likely, and how far it may be off. height: how far a stretch may lie from another.
    """
    found: list[Drift] = []
    ln, q = math.log, step * step
    x, y, stretch = spots[start].x, 0.0, -1
    # Variances of the level and of the slope, and what they have in common.
    slope, p00, p01, p11 = -usual, 0.0, 0.0, wide * wide
    log = 0.0
    for x1, y1, variance, own, _ in spots[start:]:
        hours = x1 - x
        if hours > 0:
            x = x1
            y += slope * hours
            p00 += hours * (2 * p01 + hours * (p11 + q * hours / 3))
            p01 += hours * (p11 + q * hours / 2)
            p11 += q * hours
        if own != stretch:
            stretch, y, p00, p01 = own, y1, height * height, 0.0
            log += _HALF_LOG_2PI
        whole, off = p00 + variance, y1 - y
        log -= (ln(whole / variance) + off * off / whole) / 2
        of_level, of_slope = p00 / whole, p01 / whole
        y += of_level * off
        slope += of_slope * off
        p11 -= of_slope * p01
        p01 -= of_level * p01
        p00 -= of_level * p00
        found.append(Drift(log, -slope, p11, y, p00))
    return found
