"""The slope of a noisy level that may have changed at a moment nobody told of, with how sure it is.

A level falls on straight lines: one since the last change of load, and any before. All places of that change are weighed
by how well two lines fit the samples before and after it, against one line over all (a change point model with one
change, solved exactly: Fearnhead, 2006; each line's slope and height integrated out). What comes out is a mixture of
normal distributions of the slope now: narrow where the change is long ago or plain, wide while it is only suspected.
Where one line over all is out of the question, what lies before the likeliest change is left out, and the rest weighed
again: so what was before the last change is forgotten.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import NormalDist
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from paraat.domain.drift import Drift, drift
from paraat.domain.spots import Spot

# How often a load changes by a little, before anything is measured; what "a little" is, as a part.
_TURNS_PER_H, _TURN = 0.01, 0.15
_MIN_TURN_H = 1 / 60
_WIDE = 1.2  # a fall may differ so much from the usual one, as a part of it
_FINEST = 1e-3  # of the usual fall: so many of the newest spots as tell the slope to this are looked at
_STEP, _LOG_CREEPS = 0.08, math.log(0.01)
_PASSES = 6  # changes that are forgotten at most; beyond the oldest slots there are no more
_ONE_LINE = 0.02  # below this weight one line over all is out of the question
_FAINT = 12.0  # in logs of evidence: a line so much less likely than the best is left out
_NEGLIGIBLE = 1e-3  # a part of the mixture so light says nothing
_MIN_SLOTS = 5  # on the newer side of a change
_MIN_X_H = 1 / 10
_NO_WIDTH = 1e-9
_SQRT2 = math.sqrt(2)
_log, _sqrt = math.log, math.sqrt  # half the time of looking them up, where each sample is weighed
_NORMAL = NormalDist()
_LOG_2PI = math.log(2 * math.pi)


class Line(msgspec.Struct, frozen=True, gc=False):
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


class _Priors(NamedTuple):
    log_height: float
    usual: float
    wide: float
    least: float


class _Weighed(NamedTuple):
    """One line over all, and the lines that may have begun later. log_whole: of the evidence of the first.

    log_all: of that of all together, against the first's.
    """

    whole: Line
    later: list[Line]
    log_whole: float
    log_all: float


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


def median(values: Iterable[float]) -> float:
    """The middle of some values; statistics.median takes five times as long for a few."""
    found = sorted(values)
    half = len(found) // 2
    return found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


def lines(spots: Sequence[Spot], *, height_width: float, usual: float, least: float = 0.0) -> list[Line]:
    """The mixture for the fall now. Empty without spots at two x.

    height_width: how far a stretch may lie from another, in y. usual: a fall in y an hour, of the order of what is usual.
    least: the smallest fall that can be; 0 where it may stand still.
    """
    priors = _Priors(math.log(height_width), usual, _WIDE * usual, least)
    newer: list[_Sums] = []
    enough = 1 / (_FINEST * usual) ** 2
    for sums in _cumulate(spots[::-1], priors):
        newer.append(sums)
        if sums.sxx >= enough:
            break
    newer.reverse()
    older = len(spots) - len(newer)  # spots that would tell no more
    spots = spots[older:]
    start, log = 0, 0.0  # log: of the evidence of the changes up to `start`, against that of one line over all
    around: list[Line] = []  # the places at which the line since `start` may have begun, as the pass before saw them
    found: list[Line] = []
    creeping: list[tuple[float, Line]] = []
    for _ in range(_PASSES):
        if newer[start].sxx <= _NO_WIDTH:
            break
        drifts = drift(spots, start, step=_STEP * usual, usual=usual, wide=priors.wide, height=height_width)
        weighed = _weigh(spots, newer, drifts, start, priors)
        crept = drifts[-1]
        line = Line(1.0, crept.fall, math.sqrt(crept.variance), spots[-1].x, crept.y, 1 / crept.y_variance, start)
        creeping.append((log + crept.log - weighed.log_whole + _LOG_CREEPS, line))
        whole, later = weighed.whole.share, weighed.later
        found = [*([replace(one, share=one.share * whole) for one in around] or [weighed.whole]), *later]
        log += weighed.log_all
        if whole > _ONE_LINE:
            break
        around = later
        start = max(later, key=lambda line: line.share).since
    mixed = _mixed(found, log, creeping)
    return [replace(line, since=line.since + older) for line in mixed] if older else mixed


def _mixed(found: Sequence[Line], log: float, creeping: Sequence[tuple[float, Line]]) -> list[Line]:
    """Both kinds together, without what is too unlikely to count."""
    best = max([log, *(one for one, _ in creeping)], default=0.0)
    part = math.exp(log - best)
    every = [(line.share * part, line) for line in found]
    every += [(math.exp(one - best), line) for one, line in creeping if one > best - _FAINT]
    total = sum([share for share, _ in every])
    every = [(share, line) for share, line in every if share > _NEGLIGIBLE * total]
    total = sum([share for share, _ in every])
    return [replace(line, share=share / total) for share, line in every]


def quantile(mixture: Sequence[Line], part: float) -> float:
    """The fall below which so large a part of the mixture lies, to a ten thousandth of the least standard deviation."""
    z, erf = _NORMAL.inv_cdf(part), math.erf
    own = [line.fall + z * line.sd for line in mixture]  # that of each line: that of all lies among them
    low, high = min(own), max(own)
    parts = [(line.share, line.fall, 1 / (_SQRT2 * line.sd)) for line in mixture]
    wanted = (2 * part - 1) * sum([share for share, _, _ in parts])
    finest = 1e-4 * min([line.sd for line in mixture])
    while high - low > finest:
        middle = (low + high) / 2
        below = sum([share * erf((middle - fall) * scale) for share, fall, scale in parts])
        low, high = (middle, high) if below < wanted else (low, middle)
    return (low + high) / 2


def _weigh(
    spots: Sequence[Spot], newer: Sequence[_Sums], drifts: Sequence[Drift], start: int, priors: _Priors
) -> _Weighed:
    """One line from `start` on, and each place at which another may have begun.

    What was before that place was a line, or it crept, or changed itself: drifts tell how much better than by a line.
    """
    end, end_x = len(spots) - 1, spots[-1].x
    older = list(_cumulate(spots[start:], priors))
    usual, wide, least = priors.usual, priors.wide, priors.least
    log = _height(newer[start].last_w) - priors.log_height
    weighed = [(*_fitted(newer[start], usual, wide, least, log), newer[start], start)]
    for first in range(start + 2, end - _MIN_SLOTS + 2):
        x0, _, _, stretch, _ = spots[first - 1]
        x1, _, _, own, chance = spots[first]
        if end_x - x1 < _MIN_X_H:
            break
        before, after, crept = older[first - 1 - start], newer[first], drifts[first - 1 - start]
        if before.sxx <= _NO_WIDTH or after.sxx <= _NO_WIDTH:
            continue
        log = _height(before.last_w) - priors.log_height
        log, fall, _ = _fitted(before, usual, wide, least, log)
        end_of = _end_of_line(before, x0)
        if crept.log + _LOG_CREEPS > log:
            log = crept.log + _LOG_CREEPS
            fall, end_of = crept.fall, (crept.y, -crept.fall, crept.y_variance)
        if own == stretch:
            after, height = _joined(end_of, after, x0, x1)
        else:
            height = _height(after.last_w) - priors.log_height
        log += height
        changes, turns = math.log(chance), math.log(_TURNS_PER_H * max(x1 - x0, _MIN_TURN_H))
        weighed.append((*_fitted(after, usual, wide, least, log + changes), after, first))
        little = _TURN * max(fall, 0.1 * usual)
        weighed.append((*_fitted(after, fall, little, least, log + turns), after, first))
    best = max([one[0] for one in weighed])
    total = sum([math.exp(one[0] - best) for one in weighed])
    found = [
        Line(math.exp(log - best) / total, fall, sd, sums.first_x, sums.first_y, sums.first_w, since)
        for log, fall, sd, sums, since in weighed
        if log > best - _FAINT or since == start
    ]
    return _Weighed(found[0], found[1:], weighed[0][0], best + math.log(total) - weighed[0][0])


def _fitted(sums: _Sums, usual: float, width: float, least: float, log: float) -> tuple[float, float, float]:
    """The line through what is summed, when falls around `usual` are likely: log of its evidence, its fall, its sd."""
    sxx, sxy, syy, flat, _, _, _, _, _, _ = sums
    precision = 1 / (width * width)
    sxx += precision
    of_usual = usual * precision
    fall = (of_usual - sxy) / sxx
    sd = 1 / _sqrt(sxx)
    unexplained = syy + usual * of_usual - fall * fall * sxx
    log += flat + _log(sd / width)
    if unexplained > 0:
        log -= unexplained / 2
    if fall < least + 2 * sd and least > 0:  # what of it is too flat to be
        log += _log(max(1e-300, math.erfc((least - fall) / sd / _SQRT2) / 2))
    return log, fall, sd


def _end_of_line(line: _Sums, x: float) -> tuple[float, float, float]:
    """Where a line is at x, its slope, and the variance of where it is."""
    slope = line.sxy / line.sxx
    off = x - line.last_x
    return line.last_y + slope * off, slope, 1 / line.last_w + off * off / line.sxx


def _joined(end: tuple[float, float, float], after: _Sums, x0: float, x1: float) -> tuple[_Sums, float]:
    """The newer line, which begins where the older one ends, somewhere between x0 and x1; and its height's evidence."""
    x = (x0 + x1) / 2
    y, slope, variance = end
    sxx, sxy, syy, flat, first_x, first_y, first_w, last_x, last_y, last_w = after
    y += slope * (x - x0)
    bend = (sxy / sxx - slope) * (x1 - x0)
    variance += bend * bend / 12
    more = 1 / variance
    weight = last_w + more
    of_more = more / weight
    part = last_w * of_more
    dx, dy = x - last_x, y - last_y
    whole = first_w == last_w and first_x == last_x
    last_x, last_y = last_x + dx * of_more, last_y + dy * of_more
    if whole:
        first_x, first_y, first_w = last_x, last_y, weight
    sxx, sxy, syy = sxx + part * dx * dx, sxy + part * dx * dy, syy + part * dy * dy
    joined = tuple.__new__(_Sums, (sxx, sxy, syy, flat, first_x, first_y, first_w, last_x, last_y, weight))
    return joined, _height(weight) - (_LOG_2PI + math.log(variance)) / 2


def _height(weight: float) -> float:
    """The log of what a height that is known with so much weight takes of all heights."""
    return (_LOG_2PI - math.log(weight)) / 2


def _cumulate(spots: Sequence[Spot], priors: _Priors) -> Iterator[_Sums]:
    """For each spot, the line through it and all before it."""
    xx = xy = yy = flat = 0.0  # of the stretches that are complete
    w = mx = my = sxx = sxy = syy = 0.0  # of the one at hand
    stretch = spots[0].stretch if spots else 0
    new = tuple.__new__  # half the time of _Sums(...)
    first: tuple[float, float, float] | None = None
    for x, y, variance, own, _ in spots:
        if own != stretch:
            first = first or (mx, my, w)
            xx, xy, yy = xx + sxx, xy + sxy, yy + syy
            flat += _height(w) - priors.log_height
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
        yield new(_Sums, (xx + sxx, xy + sxy, yy + syy, flat, *(first or (mx, my, w)), mx, my, w))
