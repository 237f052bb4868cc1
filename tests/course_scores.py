"""What the estimate says along a course, beside the truth and beside two plainer ways."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fuel_courses import T0, Course, demand
from paraat.domain import autonomy
from paraat.domain.fuel import Fuel
from paraat.domain.points import Tank

SETTLED_H = 0.5  # after a change
DEMAND = 0.05  # a moment is judged by the goals when the noise demands no wider range than this
SHEET = 0.9  # a generator that takes a ninth more than its data sheet says


class Moment(NamedTuple):
    """hours_*: of Paraat. two_point: from the level an hour ago and now. sheet: from the load and the data sheet."""

    hour: float
    true: float
    since_change_h: float
    demand: float
    hours_low: float
    hours: float
    hours_high: float
    source: str
    two_point: float
    sheet: float

    @property
    def settled(self) -> bool:
        return self.since_change_h >= SETTLED_H and self.demand <= DEMAND

    @property
    def error(self) -> float:
        """Of the hours shown, as a part of the true ones; above 0 they are too many."""
        return self.hours / self.true - 1

    @property
    def holds(self) -> bool:
        return self.hours_low <= self.true <= self.hours_high

    @property
    def width(self) -> float:
        """Half the range, in what the noise demands."""
        return (self.hours_high - self.hours_low) / 2 / self.true / self.demand


def tank_of(course: Course) -> Tank:
    return Tank(capacity_l=course.capacity_l, burn_l_per_h=course.record_l_per_h, reserve_l=course.reserve_l)


def follow(course: Course, seed: int, every_s: float = 600.0) -> Iterator[Moment]:
    """The estimate each every_s of a course, while it runs and a tenth of an hour or more is left."""
    tank = tank_of(course)
    fuel = Fuel(tank)
    seen: list[tuple[float, float]] = []
    next_t = T0 + every_s
    for sample in course.samples(seed):
        while sample.t >= next_t:
            moment = _judge(course, fuel, tank, seen, next_t)
            if moment is not None:
                yield moment
            next_t += every_s
        fuel.add(sample.t, sample.litres, sample.running, sample.load_w)
        seen.append((sample.t, sample.litres))


def _judge(course: Course, fuel: Fuel, tank: Tank, seen: list[tuple[float, float]], t: float) -> Moment | None:
    hour = (t - T0) / 3600 - 1e-6
    true, rate = course.left_h(hour), course.rate(hour)
    if rate == 0 or true < 0.2 or course.litres(hour) < 0.05 * course.capacity_l:
        return None
    reading = fuel.reading()  # which says the same however seldom it is asked
    if reading is None or t - reading.t > 600:
        return None
    left = autonomy.estimate(reading, tank, t, drains=True)
    return Moment(
        hour=hour,
        true=true,
        since_change_h=course.since_change_h(hour),
        demand=demand(course, hour),
        hours_low=left.hours_low,
        hours=left.hours,
        hours_high=left.hours_high,
        source=left.source,
        two_point=two_point(seen, tank),
        sheet=max(0.0, seen[-1][1] - tank.reserve_l) / (SHEET * rate),
    )


def two_point(seen: list[tuple[float, float]], tank: Tank) -> float:
    t, litres = seen[-1]
    before_t, before = next(((a, b) for a, b in reversed(seen) if t - a >= 3600), seen[0])
    fell = before - litres
    rate = fell / (t - before_t) * 3600 if t > before_t and fell > 0 else tank.burn_l_per_h
    return max(0.0, litres - tank.reserve_l) / rate


def settled(course: Course, seeds: Iterable[int], every_s: float = 600.0) -> list[Moment]:
    """The moments of a course that the goals are about."""
    return [moment for seed in seeds for moment in follow(course, seed, every_s) if moment.settled]
