"""The slope of a noisy level that may have changed at a moment nobody told of, with how sure it is.

A level falls on straight lines: one since the last change of load, and any before. All places of that change are weighed
by how well two lines fit the samples before and after it, against one line over all (a change point model with one
change, solved exactly: Fearnhead, 2006; each line's slope and height integrated out). What comes out is a mixture of
normal distributions of the slope now: narrow where the change is long ago or plain, wide while it is only suspected.
Where one line over all is out of the question, what lies before the likeliest change is left out, and the rest weighed
again: so what was before the last change is forgotten.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

_CHANGES_PER_H = 0.1  # how often a load changes, before anything is measured
_PASSES = 6  # changes that are forgotten at most; beyond the oldest slots there are no more
_ONE_LINE = 0.02  # below this weight one line over all is out of the question
_NEGLIGIBLE = 1e-3  # a part of the mixture so light says nothing
_MIN_SLOTS = 4  # on the newer side of a change
_MIN_X_H = 1 / 12
_NO_WIDTH = 1e-9
_SQRT2 = math.sqrt(2)
_LOG_2PI = math.log(2 * math.pi)


class Spot(NamedTuple):
    """One slot to fit: y at x (hours of running), with its variance. Heights of two stretches have nothing in common."""

    x: float
    y: float
    variance: float
    stretch: int


class Line(NamedTuple):
    """A part of the mixture: how likely it is, how fast y falls, the standard deviation of that, and the line's end.

    x, y, weight: of the middle of its last stretch; weight is one over the variance of y there.
    """

    share: float
    fall: float
    sd: float
    x: float
    y: float
    weight: float
    since: int  # the first spot on it


class _Sums(NamedTuple):
    """A line through some spots: squares about their means, what is left unexplained, and two of its stretches.

    first_*: the middle and weight of the stretch met first, last_*: of the one met last. flat: the log of what the
    heights of the stretches add to the evidence, the last one's left out.
    """

    sxx: float
    sxy: float
    syy: float
    flat: float
    first_x: float
    first_y: float
    first_w: float
    last_x: float
    last_y: float
    last_w: float


def lines(spots: Sequence[Spot], *, height_width: float, fall_width: float) -> list[Line]:
    """The mixture for the fall now. Empty without spots at two x. height_width, fall_width: what may be, in y and y/h."""
    priors = math.log(height_width), math.log(fall_width)
    newer = _cumulate(spots[::-1], priors)[::-1]
    start = 0
    around: list[Line] = []  # the places at which the line since `start` may have begun, as the pass before saw them
    found: list[Line] = []
    for _ in range(_PASSES):
        mixed = _weigh(spots, newer, start, priors)
        if not mixed:
            break
        whole = sum(line.share for line in mixed if line.since == start)
        later = [line for line in mixed if line.since != start]
        found = [*(line._replace(share=line.share * whole) for line in around), *later] if around else mixed
        if whole > _ONE_LINE:
            break
        around = later
        start = max(later, key=lambda line: line.share).since
    total = sum(line.share for line in found)
    return [line._replace(share=line.share / total) for line in found if line.share > _NEGLIGIBLE * total]


def quantile(mixture: Sequence[Line], part: float) -> float:
    """The fall below which so large a part of the mixture lies."""
    low = min(line.fall - 5 * line.sd for line in mixture)
    high = max(line.fall + 5 * line.sd for line in mixture)
    for _ in range(24):
        middle = (low + high) / 2
        below = sum(line.share * (1 + math.erf((middle - line.fall) / (_SQRT2 * line.sd))) / 2 for line in mixture)
        low, high = (middle, high) if below < part else (low, middle)
    return (low + high) / 2


def _weigh(
    spots: Sequence[Spot], newer: Sequence[_Sums], start: int, priors: tuple[float, float]
) -> list[Line]:
    """One line from `start` on, and each place at which another may have begun."""
    end = len(spots) - 1
    if newer[start].sxx <= _NO_WIDTH:
        return []
    older = _cumulate(spots[start:], priors)
    log_height = priors[0]
    weighed = [(_evidence(newer[start], priors) + _height(newer[start].last_w) - log_height, newer[start], start)]
    for first in range(start + 2, end - _MIN_SLOTS + 2):
        x0, x1 = spots[first - 1].x, spots[first].x
        if spots[end].x - x1 < _MIN_X_H:
            break
        before, after = older[first - 1 - start], newer[first]
        chance = _CHANGES_PER_H * (x1 - x0)
        if before.sxx <= _NO_WIDTH or after.sxx <= _NO_WIDTH or chance <= 0:
            continue
        log = math.log(chance) + _evidence(before, priors) + _height(before.last_w) - log_height
        if spots[first - 1].stretch == spots[first].stretch:
            after, height = _joined(before, after, x0, x1)
            log += height
        else:
            log += _height(after.last_w) - log_height
        weighed.append((log + _evidence(after, priors), after, first))
    best = max(log for log, _, _ in weighed)
    shares = [(math.exp(log - best), sums, first) for log, sums, first in weighed if log > best - 12]
    total = sum(share for share, _, _ in shares)
    return [_line(share / total, sums, first) for share, sums, first in shares]


def _joined(before: _Sums, after: _Sums, x0: float, x1: float) -> tuple[_Sums, float]:
    """The newer line, which begins where the older one ends, somewhere between x0 and x1; and its height's evidence."""
    x = (x0 + x1) / 2
    slope = before.sxy / before.sxx
    y = before.last_y + slope * (x - before.last_x)
    bend = (after.sxy / after.sxx - slope) * (x1 - x0)
    variance = 1 / before.last_w + (x - before.last_x) ** 2 / before.sxx + bend * bend / 12
    more = 1 / variance
    weight = after.last_w + more
    part = after.last_w * more / weight
    dx, dy = x - after.last_x, y - after.last_y
    last_x, last_y = after.last_x + dx * more / weight, after.last_y + dy * more / weight
    whole = after.first_w == after.last_w and after.first_x == after.last_x
    joined = _Sums(
        after.sxx + part * dx * dx,
        after.sxy + part * dx * dy,
        after.syy + part * dy * dy,
        after.flat,
        *((last_x, last_y, weight) if whole else (after.first_x, after.first_y, after.first_w)),
        last_x,
        last_y,
        weight,
    )
    return joined, _height(weight) - (_LOG_2PI + math.log(variance)) / 2


def _height(weight: float) -> float:
    """The log of what a height that is known with so much weight takes of all heights."""
    return (_LOG_2PI - math.log(weight)) / 2


def _evidence(sums: _Sums, priors: tuple[float, float]) -> float:
    unexplained = max(0.0, sums.syy - sums.sxy * sums.sxy / sums.sxx)
    return sums.flat + (_LOG_2PI - math.log(sums.sxx)) / 2 - priors[1] - unexplained / 2


def _line(share: float, sums: _Sums, since: int) -> Line:
    return Line(
        share, -sums.sxy / sums.sxx, 1 / math.sqrt(sums.sxx), sums.first_x, sums.first_y, sums.first_w, since
    )


def _cumulate(spots: Sequence[Spot], priors: tuple[float, float]) -> list[_Sums]:
    """For each spot, the line through it and all before it."""
    found: list[_Sums] = []
    xx = xy = yy = flat = 0.0  # of the stretches that are complete
    w = mx = my = sxx = sxy = syy = 0.0  # of the one at hand
    stretch = spots[0].stretch if spots else 0
    first: tuple[float, float, float] | None = None
    for x, y, variance, own in spots:
        if own != stretch:
            first = first or (mx, my, w)
            xx, xy, yy = xx + sxx, xy + sxy, yy + syy
            flat += _height(w) - priors[0]
            w = mx = my = sxx = sxy = syy = 0.0
            stretch = own
        more = 1 / variance
        w += more
        dx, dy = x - mx, y - my
        mx += dx * more / w
        my += dy * more / w
        off_x, off_y = more * (x - mx), y - my
        sxx += dx * off_x
        sxy += dy * off_x
        syy += more * dy * off_y
        found.append(_Sums(xx + sxx, xy + sxy, yy + syy, flat, *(first or (mx, my, w)), mx, my, w))
    return found
