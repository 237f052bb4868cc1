"""Courses of a tank's level: a generator's load over time, what a sensor shows of it, and what is true.

For the tests of the estimate, its benchmark and the table of docs/autonomy.md.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

T0 = 1764000000.0


@dataclass(frozen=True)
class Sample:
    t: float
    litres: float
    running: bool | None
    load_w: float | None


@dataclass(frozen=True)
class Course:
    """legs: (hours, litres an hour); 0 l/h is a generator that stands still. refuels: (hour, litres, minutes it takes).

    gaps: (from, to) in hours without sets. missing: the part of the sets that is lost at random. noise and step are parts
    of the capacity; a step of 0 is a sensor without one. flag: whether the sets tell that the generator runs.
    curve: litres an hour by the hour, where the load changes steadily, instead of legs.
    """

    name: str
    legs: tuple[tuple[float, float], ...]
    capacity_l: float = 400.0
    start_l: float = 300.0
    record_l_per_h: float = 9.5
    reserve_l: float = 0.0
    every_s: float = 60.0
    noise: float = 0.003
    step: float = 0.0
    refuels: tuple[tuple[float, float, float], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    missing: float = 0.0
    wild: float = 0.0
    flag: bool = True
    curve: Callable[[float], float] | None = field(default=None, compare=False)

    @property
    def hours(self) -> float:
        return sum(hours for hours, _ in self.legs)

    def rate(self, hour: float) -> float:
        """Litres an hour at an hour, 0 while it stands still."""
        at = 0.0
        for hours, rate in self.legs:
            if hour < at + hours:
                return rate if self.curve is None or rate == 0 else self.curve(hour)
            at += hours
        return self.legs[-1][1] if self.curve is None else self.curve(hour)

    def burnt(self, hour: float) -> float:
        """Litres burnt since the beginning."""
        if self.curve is not None:
            return sum(self.rate((i + 0.5) / 60) / 60 for i in range(round(hour * 60)))
        total = at = 0.0
        for hours, rate in self.legs:
            total += rate * max(0.0, min(hours, hour - at))
            at += hours
        return total

    def litres(self, hour: float) -> float:
        """What is in the tank at an hour."""
        filled = sum(litres * min(1.0, max(0.0, (hour - at) * 60 / minutes)) for at, litres, minutes in self.refuels)
        return max(0.0, self.start_l - self.burnt(hour) + filled)

    def since_change_h(self, hour: float) -> float:
        """Hours of running seen by sets since the load last changed (or the run began, for the first)."""
        return sum(self.stretches_h(hour))

    def stretches_h(self, hour: float) -> list[float]:
        """The same hours, apart where the level moved by nobody knows how much: at a delivery, and over a gap in which it stood
        still for a while. How high the level is after such a place tells nothing of the rate; only its fall within each does.
        """
        found: list[list[tuple[float, float]]] = [[]]
        at, before = 0.0, 0.0
        for hours, rate in self.legs:
            until = min(at + hours, hour)
            if rate > 0 and until > at:
                if rate != before:
                    found = [[]]
                before = rate
                for first, last in self._seen(at, until):
                    if found[-1] and self._is_lost_between(found[-1][-1][1], first):
                        found.append([])
                    found[-1].append((first, last))
            at += hours
        return [sum(last - first for first, last in pieces) for pieces in found]

    def _seen(self, at: float, until: float) -> Iterator[tuple[float, float]]:
        """The hours from `at` to `until` of which there are sets, apart at deliveries."""
        cuts = sorted({at, until, *(cut for gap in self.gaps for cut in gap), *(cut for cut, _, _ in self.refuels)})
        for first, last in pairwise(cut for cut in cuts if at <= cut <= until):
            if not any(a <= first < b for a, b in self.gaps):
                yield first, last

    def _is_lost_between(self, last: float, first: float) -> bool:
        """Whether nobody knows how much the level moved from what was seen last to what was seen first then."""
        if any(last <= at <= first for at, _, _ in self.refuels):
            return True
        return any(
            last <= a and b <= first and self.burnt(b) - self.burnt(a) < self.rate(first) * (b - a)
            for a, b in self.gaps
        )

    def left_h(self, hour: float) -> float:
        """The truth: hours at the burn rate of now (of the last run, while it stands still)."""
        at, rate = 0.0, self.legs[0][1]
        for hours, leg in self.legs:
            if at <= hour and leg > 0:
                rate = leg
            at += hours
        if self.curve is not None:
            rate = self.curve(hour)
        return max(0.0, self.litres(hour) - self.reserve_l) / rate

    def samples(self, seed: int) -> Iterator[Sample]:
        """What the board sends, in order of time."""
        chance = random.Random(seed)
        burnt_at = None
        if self.curve is not None:
            sums = [0.0]
            for i in range(round(self.hours * 60) + 1):
                sums.append(sums[-1] + self.rate((i + 0.5) / 60) / 60)
            burnt_at = sums
        for i in range(int(self.hours * 3600 / self.every_s)):
            second = i * self.every_s + chance.uniform(0, min(2.0, self.every_s / 10))
            hour = second / 3600
            if any(a <= hour < b for a, b in self.gaps) or chance.random() < self.missing:
                continue
            if burnt_at is None:
                true = self.litres(hour)
            else:
                minute = int(hour * 60)
                true = (
                    self.start_l - burnt_at[minute] - (burnt_at[minute + 1] - burnt_at[minute]) * (hour * 60 - minute)
                )
            shown = true + chance.gauss(0, self.noise * self.capacity_l)
            if chance.random() < self.wild:
                shown = chance.choice((0.05, 0.97)) * self.capacity_l
            if self.step:
                shown = round(shown / (self.step * self.capacity_l)) * self.step * self.capacity_l
            shown = min(self.capacity_l, max(0.0, round(shown / self.capacity_l * 1000) / 1000 * self.capacity_l))
            yield Sample(T0 + second, shown, self.rate(hour) > 0 if self.flag else None, None)


def demand(course: Course, hour: float) -> float:
    """What the noise demands: half the width of a range of 90 %, as a part of the hours left, when no way is better.

    The Cramer-Rao bound of the slope of a line through the n samples since the change T hours ago, whose moment nobody
    told, is sd = s * sqrt(12 / n) / T, with s the deviation of a sample and of its step (step / sqrt(12)); where the step
    is larger than twice the noise, only the steps that the level has passed count as samples. Where nobody knows how much
    came into the tank, what each stretch tells adds up: n * T * T is the sum of those of the stretches. The level itself is
    known to s / sqrt(n) in the middle of the last stretch, and as the slope is half of it later: of one stretch 2 * s / sqrt(n).
    """
    slope, level_l = known_to(course, hour)
    usable = max(1e-6, course.litres(hour) - course.reserve_l)
    return 1.645 * math.hypot(slope, level_l / usable)


def known_to(course: Course, hour: float) -> tuple[float, float]:
    """Standard deviations of the best that anybody can know: of the rate, as a part of it, and of the level, in litres."""
    rate = course.rate(hour) or course.record_l_per_h
    step_l = max(course.step, 0.001) * course.capacity_l
    sd_l = math.hypot(course.noise * course.capacity_l, step_l / math.sqrt(12))
    told, n, hours = 0.0, 2.0, 0.0
    for hours in course.stretches_h(hour):
        n = hours * 3600 / course.every_s * (1 - course.missing)
        if step_l > 2 * course.noise * course.capacity_l:
            n = min(n, 1 + rate * hours / step_l)
        n = max(2.0, n)
        told += n * max(1e-6, hours) ** 2
    slope_l = sd_l * math.sqrt(12 / told)
    return slope_l / rate, math.hypot(sd_l / math.sqrt(n), slope_l * hours / 2)


def _day(hour: float) -> float:
    return 9 + 3 * math.sin(2 * math.pi * (hour - 8) / 24)


def _ramp(hour: float) -> float:
    return 5 + 0.7 * hour


# A load that changes all the time: the truth is the burn rate of now, and no line fits it for long.
CREEPING = (
    Course("a day of hours", ((24, 9),), start_l=380, curve=_day, noise=0.002),
    Course("ramp", ((14, 9),), start_l=380, curve=_ramp, noise=0.002),
)

COURSES: tuple[Course, ...] = (
    Course("steady", ((8, 9.5),)),
    Course("steady, little noise", ((8, 9.5),), noise=0.001),
    Course("steady, much noise", ((10, 9.5),), capacity_l=600, start_l=500, noise=0.01),
    Course("steady, set every 10 s", ((6, 14),), every_s=10, noise=0.005),
    Course("steady, set every 5 min", ((10, 12),), every_s=300),
    Course("steady, 1 mm steps", ((8, 9.5),), step=1 / 1000, noise=0.002),
    Course("steady, 1 % steps", ((10, 12),), step=0.01, noise=0.001),
    Course("steady, 1 % steps and noise", ((10, 12),), step=0.01, noise=0.004),
    Course("steady, a third of the sets lost", ((8, 9.5),), missing=0.33),
    Course("steady, wild echoes", ((8, 9.5),), wild=0.02),
    Course("load doubles", ((3, 6), (4, 12)), reserve_l=15),
    Course("load halves", ((3, 12), (6, 6)), reserve_l=15),
    Course("load doubles, little noise", ((3, 6), (4, 12)), noise=0.001),
    Course("load halves, little noise", ((3, 12), (6, 6)), noise=0.001),
    Course("load doubles, set every 10 s", ((3, 6), (4, 12)), every_s=10, noise=0.005),
    Course("load doubles, 5 min sets", ((4, 6), (6, 12)), every_s=300),
    Course("night", ((2, 12), (6, 4)), start_l=335),
    Course("small tank, load x5", ((8, 5), (5, 25)), capacity_l=200, start_l=200),
    Course("three steps", ((2, 5), (2, 15), (3, 8), (3, 4)), noise=0.002),
    Course("up and down", ((2, 10), (1, 20), (4, 10)), noise=0.002),
    Course("load up by a third", ((4, 9), (6, 12)), noise=0.002),
    Course("load down by a third", ((4, 12), (6, 8)), noise=0.002),
    Course("big tank", ((6, 20), (8, 35)), capacity_l=1500, start_l=1200, record_l_per_h=25, noise=0.002),
    Course("small can", ((4, 2.5),), capacity_l=20, start_l=19, record_l_per_h=3, noise=0.003),
    Course("refuelled at the same load", ((10, 12),), start_l=200, refuels=((4, 180, 10),)),
    Course("refuelled, then more load", ((3, 8), (5, 16)), start_l=150, refuels=((2, 200, 15),), noise=0.002),
    Course("topped up twice", ((12, 14),), start_l=150, refuels=((3, 60, 6), (8, 120, 8)), noise=0.002),
    Course("gap of three hours", ((9, 9.5),), start_l=326, gaps=((3, 6),)),
    Course("gap in which it stood still", ((3, 9.5), (3, 0), (4, 9.5)), gaps=((2.9, 6.1),)),
    Course("gap, and another load after it", ((4, 6), (5, 14)), gaps=((3, 4.5),), noise=0.002),
    Course("restart after rest", ((3, 9.5), (2, 0), (4, 9.5))),
    Course("restart at another load", ((3, 6), (2, 0), (5, 12)), noise=0.002),
    Course("exercises a week apart", ((0.5, 9.5), (167.5, 0), (0.5, 9.5), (167.5, 0), (0.5, 9.5)), noise=0.002),
    Course("flag not known", ((8, 9.5),), flag=False),
    Course("flag not known, load doubles", ((3, 6), (4, 12)), flag=False, noise=0.002),
    Course("hundred litres", ((5.5, 15),), capacity_l=100, start_l=100),
    Course("load x1.5, 1 % noise", ((6, 14), (10, 21)), capacity_l=600, start_l=550, noise=0.01),
    Course("slow burn", ((20, 2.5),), start_l=200, record_l_per_h=4),
)


@dataclass(frozen=True)
class Once:
    """A course that an earlier method got wrong: at `hour`, `shown` (range) where `true` hours were left."""

    course: Course
    hour: float
    true: float
    shown: str


ONCE_WRONG = (
    Once(Course("load doubles an hour ago", ((3, 6), (1, 12)), reserve_l=15.6), 4, 21.2, "37.2 (30.4-44.0)"),
    Once(Course("load halves an hour ago", ((3, 12), (1, 6)), reserve_l=15), 4, 40.5, "21.3 (20.1-25.7)"),
    Once(Course("night: 12 l/h for 2 h, 4 l/h for 4 h", ((2, 12), (4, 4)), start_l=335), 6, 73.7, "51.6 (35.1-76.8)"),
    Once(
        Course("200 l, 5 l/h for 8 h, then 25 l/h", ((8, 5), (4.4, 25)), capacity_l=200, start_l=200),
        12.4, 2.0, "7.6 (4.2-)",
    ),
    Once(
        Course("3 h, a gap of 3 h at rest, 3 h", ((3, 9.5), (3, 0), (3, 9.5)), start_l=300, gaps=((3, 6),)),
        9, 25.6, "51 (42-83)",
    ),
    Once(
        Course(
            "half-hour exercises a week apart", ((0.5, 9.5), (167.5, 0), (0.5, 9.5), (167.5, 0), (0.5, 9.5)),
            start_l=254, noise=0.001,
        ),
        336.5, 25.2, "9492",
    ),
    Once(Course("100 l at 15 l/h", ((2, 15),), capacity_l=100, start_l=100), 2, 4.67, "alarm for ever"),
)  # fmt: skip
