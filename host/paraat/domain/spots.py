"""What a slope is fitted to."""

from typing import NamedTuple


class Spot(NamedTuple):
    """One slot to fit: y at x (hours of running), with its variance.

    Heights of two stretches have nothing in common.
    """

    x: float
    y: float
    variance: float
    stretch: int
    chance: float  # that the load changed just before it
