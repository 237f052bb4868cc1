"""What anybody can know of a load after it changed, at the noise given: the Cramer-Rao bound, from the Fisher information.

A level falls on a line, bends at a moment that nobody told, and falls on another line. Four things are not known: the height of
the first line, its slope, the second slope, the moment. Each sample tells of them by how the level there depends on them. The
inverse of the sum of all that is the least variance that an unbiased estimate can have.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from fuel_courses import Course


class Bound(NamedTuple):
    """bends: how many standard deviations the bend stands out of the noise. rate: the least standard deviation of the second
    slope, as a part of it. too_many: how often an unbiased estimate as good as that shows more than 10 % too many hours.
    """

    bends: float
    rate: float
    too_many: float


def bound(course: Course, after_h: float) -> Bound:
    """So long after the first change of load of a course."""
    (before_h, before), (_, after) = course.legs[:2]
    step_l = max(course.step, 0.001) * course.capacity_l
    sd_l = math.hypot(course.noise * course.capacity_l, step_l / math.sqrt(12))
    times = [i * course.every_s / 3600 for i in range(int((before_h + after_h) * 3600 / course.every_s))]
    rows = [_told_by(t, before_h, after - before) for t in times]
    _, _, second, _ = inverse_diagonal(information(rows, sd_l))
    # The bend at a moment that is known: what it is to be told from is one line over all.
    _, _, bend = inverse_diagonal(information([(1.0, -t, -max(0.0, t - before_h)) for t in times], sd_l))
    rate = math.sqrt(second) / after
    return Bound(abs(after - before) / math.sqrt(bend), rate, (1 - math.erf(0.1 / rate / math.sqrt(2))) / 2)


def bound_of_stretches(course: Course, hour: float) -> tuple[float, float]:
    """The least standard deviations of a rate that is the same all the time, as a part of it, and of the level, in litres,
    where deliveries of nobody knows how much lie between: of each stretch the height is not known.
    """
    step_l = max(course.step, 0.001) * course.capacity_l
    sd_l = math.hypot(course.noise * course.capacity_l, step_l / math.sqrt(12))
    times = [i * course.every_s / 3600 for i in range(int(hour * 3600 / course.every_s))]
    fills = [at for at, _, _ in course.refuels if at < hour]
    rows = []
    for t in times:
        own = sum(at <= t for at in fills)
        rows.append((hour - t, *(float(own == n) for n in range(len(fills) + 1))))  # the last height is that at `hour`
    slope, *_, level = inverse_diagonal(information(rows, sd_l))
    return math.sqrt(slope) / course.rate(hour), math.sqrt(level)


def bound_of_runs(course: Course, hour: float, newest: int) -> tuple[float, float]:
    """The least standard deviations of a rate that is the same in the newest so many runs, as a part of it, and of the level, in
    litres, where nobody knows what the level did in the rests between. The rest just before the newest run tells where it began.
    """
    step_l = max(course.step, 0.001) * course.capacity_l
    sd_l = math.hypot(course.noise * course.capacity_l, step_l / math.sqrt(12))
    times = [i * course.every_s / 3600 for i in range(int(hour * 3600 / course.every_s))]
    runs: list[list[float]] = []
    for before, t in pairwise((-1.0, *times)):
        if course.rate(t) > 0:
            if not runs or course.rate(max(0.0, before)) == 0:
                runs.append([])
            runs[-1].append(t)
    runs = runs[-newest:]
    rows = [
        (-(t - run[0]) if run is not runs[-1] else hour - t, *(float(run is one) for one in runs))
        for run in runs
        for t in run
    ]  # the height of the newest is that at `hour`
    begun = runs[-1][0]
    rows += [(hour - begun, *(float(one is runs[-1]) for one in runs)) for t in times if begun - 1 <= t < begun]
    slope, *_, level = inverse_diagonal(information(rows, sd_l))
    return math.sqrt(slope) / course.rate(hour - 1e-6), math.sqrt(level)


def _told_by(t: float, bends_at: float, by: float) -> tuple[float, float, float, float]:
    """How the level at t depends on the first line's height and slope, on the second slope, and on when it bends."""
    since = max(0.0, t - bends_at)
    return 1.0, -(t - since), -since, by if since else 0.0


def information(rows: Sequence[Sequence[float]], sd: float) -> list[list[float]]:
    """Fisher's, of samples with this deviation; each row says how a sample depends on what is not known."""
    n = len(rows[0])
    return [[sum(row[i] * row[j] for row in rows) / (sd * sd) for j in range(n)] for i in range(n)]


def inverse_diagonal(matrix: Sequence[Sequence[float]]) -> list[float]:
    """The diagonal of the inverse, by Gauss and Jordan."""
    n = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(n))] for i, row in enumerate(matrix)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [rows[i][n + i] for i in range(n)]
