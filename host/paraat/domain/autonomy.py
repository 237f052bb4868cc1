"""How long the fuel lasts: a robust burn rate with a range, from the level's own slope while the generator runs."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from paraat.domain.model import Autonomy
from paraat.domain.points import Tank

MIN_RUN_H = 1 / 6  # of running before a slope means anything
MIN_SAMPLES = 6
MAX_POINTS = 40  # the slopes between all pairs of these are cheap, and a longer history adds nothing
RISE_SAMPLES = 3  # that must all stand above those before, for a refuel; an echo that jumps does not last so long
LEVEL_SAMPLES = 5  # whose median is "the level now"
RECORD_SPREAD = 0.3  # how far a tank record's rate is trusted, as a part of it
_SLOPE_LOW, _SLOPE_HIGH = 0.1, 0.9


class FuelSample(NamedTuple):
    """litres at t (unix seconds); running: of the generator, None when not known."""

    t: float
    litres: float
    running: bool | None


class Burn(NamedTuple):
    """Litres an hour while the generator runs, with a range. source: "slope" or "record"."""

    low: float
    likely: float
    high: float
    source: str


def since_refuel(samples: Sequence[FuelSample], capacity_l: float) -> Sequence[FuelSample]:
    """The samples after the last refuel. samples: in order of time.

    A refuel is a rise by more than 3 % of the tank (and 2 l) over the median before it, which every one of the next
    RISE_SAMPLES shows.
    """
    threshold = max(2.0, 0.03 * capacity_l)
    for i in range(len(samples) - RISE_SAMPLES, 0, -1):
        before = median(s.litres for s in samples[max(0, i - RISE_SAMPLES) : i])
        if all(s.litres > before + threshold for s in samples[i : i + RISE_SAMPLES]):
            return samples[i:]
    return samples


def level(samples: Sequence[FuelSample], capacity_l: float) -> float | None:
    """The litres now: the median of the last samples since the last refuel; None without any."""
    recent = since_refuel(samples, capacity_l)[-LEVEL_SAMPLES:]
    return median(s.litres for s in recent) if recent else None


def burn(samples: Sequence[FuelSample], tank: Tank) -> Burn:
    """The burn rate from the slope since the last refuel, else from the tank record.

    The slope is the median of the slopes between all pairs of samples that lie far enough apart (Theil, 1950; Sen,
    1968), over the hours that the generator ran; the range holds the middle 80 % of them.
    """
    points = _thin(_by_running_hours(since_refuel(samples, tank.capacity_l)))
    if len(points) >= MIN_SAMPLES and (span := points[-1][0] - points[0][0]) >= MIN_RUN_H:
        slopes = sorted(
            (y0 - y1) / (x1 - x0)
            for i, (x0, y0) in enumerate(points)
            for x1, y1 in points[i + 1 :]
            if x1 - x0 >= span / 3
        )
        likely = median(slopes)
        low = slopes[int(_SLOPE_LOW * (len(slopes) - 1))]
        high = slopes[int(_SLOPE_HIGH * (len(slopes) - 1))]
        residuals = median(abs(y - (points[0][1] - likely * (x - points[0][0]))) for x, y in points)
        # The fall must stand out from the ripple, or a full tank that has just started "lasts for ever".
        if likely * span > max(0.005 * tank.capacity_l, 3 * residuals) and low > 0:
            return Burn(low, likely, high, "slope")
    rate = tank.burn_l_per_h
    return Burn(rate * (1 - RECORD_SPREAD), rate, rate * (1 + RECORD_SPREAD), "record")


def estimate(samples: Sequence[FuelSample], rate: Burn, tank: Tank, now: float, *, drains: bool) -> Autonomy | None:
    """Hours of fuel left at `now`, when the generator runs on. samples: in order of time; None without any.

    drains: whether fuel must be taken to go on falling since the last sample (the generator ran then, or nobody knows).
    """
    litres = level(samples, tank.capacity_l)
    if litres is None:
        return None
    usable = max(0.0, litres - tank.reserve_l)
    gone_h = max(0.0, now - samples[-1].t) / 3600 if drains else 0.0
    hours_low, hours, hours_high = (max(0.0, usable / r - gone_h) for r in (rate.high, rate.likely, rate.low))
    return Autonomy(
        hours_low=hours_low,
        hours=hours,
        hours_high=hours_high,
        burn_l_per_h=rate.likely,
        source=rate.source,
        empty_at=now + hours * 3600,
        refuel_before=now + hours_low * 3600,
    )


def _by_running_hours(samples: Sequence[FuelSample]) -> list[tuple[float, float]]:
    """(hours that the generator has run so far, litres) of the samples while it ran."""
    points = []
    hours = 0.0
    before: FuelSample | None = None
    for sample in samples:
        if sample.running:
            if before is not None and before.running:
                hours += (sample.t - before.t) / 3600
            points.append((hours, sample.litres))
        before = sample
    return points


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MAX_POINTS of them: the medians of runs of neighbours."""
    if len(points) <= MAX_POINTS:
        return points
    size = -(-len(points) // MAX_POINTS)
    runs = [points[i : i + size] for i in range(0, len(points), size)]
    return [(median(x for x, _ in run), median(y for _, y in run)) for run in runs]
