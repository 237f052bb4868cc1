"""What judging costs: each point's readings, verdict and alerts, every five seconds, against the limit of 0.1 core.

    python benchmarks/judging.py                       13,464 points with an hour of sets; and a part of them with 72 hours
    python benchmarks/judging.py --points N --hours H --interval S

Each point sends a set a minute at a moment of its own, with a load and a ripple of its own. Judged is as the service does it:
the views of what changed or may have, the rules of the alerts on them, and who is to be told of the alerts that stand: a lead and
a deputy for each point, in a journal on the disk. A third case is a blackout of the whole region: in
standby until then, all generators come on when it begins, and three stretches of it are measured. Times are those of the process,
of one thread on this machine; of fewer points the same part of the limit counts. On a machine that others use too a second of the
processor is worth less: the yardstick, a thousand square roots, taken after each step, says how much.
"""

import argparse
import math
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from paraat.alerts.rules import make_rules
from paraat.alerts.watch import Watch
from paraat.domain.model import SampleSet
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.roster import COORDINATION, DEPUTY, LEAD, REGION, Duty, Person, Roster
from paraat.domain.subjects import POINT
from paraat.domain.telling import Telling
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.journal import Journal
from paraat.site.profiles import profile_of, read_profiles

EVERYWHERE = 13_464  # points in Ukraine, December 2025
LIMIT = 0.1  # core
TICK_S = 5.0
T0 = 1764000000.0
TANK = Tank(capacity_l=400, burn_l_per_h=9.5, reserve_l=15)
MEASURED_S = 960.0  # as long as the longest step of domain/fuel.py
HELD_S = 1200.0  # longer than alerts wait that fire in an outage


class Case(NamedTuple):
    """running: the generators run from the beginning. blackout: they come on when it is measured."""

    name: str
    points: int
    hours: float
    interval_s: float
    running: bool
    blackout: bool = False


class Fleet:
    """What the boards of the points send."""

    def __init__(self, case: Case) -> None:
        self.case = case
        chance = random.Random(1)
        self.ids = [f"nsp-{n:05d}" for n in range(case.points)]
        self._litres = {one: chance.uniform(200, 400) for one in self.ids}
        self._rate = {one: chance.uniform(5, 14) if case.running else 0.0 for one in self.ids}
        self._at = {one: chance.uniform(0, case.interval_s) for one in self.ids}
        self._chance = chance
        self._seq = 0
        self._running = case.running
        # In order of the moment within an interval, so that a stretch of time is a slice.
        self.ids.sort(key=lambda one: self._at[one])

    def come_on(self, now: float) -> None:
        """The mains are out: from now on every generator runs."""
        self._running = True
        for one in self.ids:
            self._rate[one] = self._chance.uniform(5, 14)
            self._litres[one] += self._rate[one] * (now - T0) / 3600 % 150  # as in _set: the level goes on

    def due(self, begin: float, end: float) -> list[SampleSet]:
        """What is sent in a stretch of time that lies within one interval."""
        interval_s = self.case.interval_s
        start = begin // interval_s * interval_s
        return [self._set(one, start + self._at[one]) for one in self.ids if begin <= start + self._at[one] < end]

    def _set(self, point: str, t: float) -> SampleSet:
        self._seq += 1
        litres = self._litres[point] - self._rate[point] * (t - T0) / 3600 % 150 + self._chance.gauss(0, 1.2)
        running = self._running
        return SampleSet(
            point=point,
            kind="telemetry",
            seq=int((t - T0) // self.case.interval_s) + 1,
            t=t,
            received_at=t + 1,
            values={
                "fuel/level": round(litres / 4, 1),
                "power/mains": not running,
                "power/generator": running,
                "battery/voltage": 12.6,
                "battery/current": -3.25,
                "climate/temperature": 19.4,
                "people/present": 41,
                "node/uptime": int(t - T0),
            },
            faults={},
        )


def a_tracker(fleet: Fleet) -> Tracker:
    board = PointBoard(type="esp32_devkitc_ve")
    points = {
        one: Point(id=one, name=one, municipality="Voorbeeldstad", capacity=150, tank=TANK, board=board)
        for one in fleet.ids
    }
    found = read_profiles(Path("/nonexistent"))
    profile = profile_of(Path(), next(iter(points.values())), found)
    return Tracker(points, Alerts(), profiles=dict.fromkeys(points, profile), since=T0, counts=lambda _: (60, 0))


def a_watch(fleet: Fleet, journal: Journal) -> Watch:
    people = {
        name: Person(id=name, name=name, reach={"email": (f"{name}@example.org",), "sms": ("+31600000000",)})
        for name in ("coordination", "region", *(f"{rung}-{one}" for one in fleet.ids for rung in (LEAD, DEPUTY)))
    }
    duties = [Duty(rung=rung, who=(f"{rung}-{one}",), points=(one,)) for one in fleet.ids for rung in (LEAD, DEPUTY)]
    duties += [Duty(rung=COORDINATION, who=("coordination",)), Duty(rung=REGION, who=("region",))]
    return Watch(
        make_rules(Alerts()),
        journal,
        roster=Roster(people=people, duties=tuple(duties)),
        telling=Telling(),
        ways=lambda person: [(name, one) for name, addresses in person.reach.items() for one in addresses],
        acknowledged=lambda _: None,
    )


class Host(NamedTuple):
    """What of the service judges. points: all that there are."""

    tracker: Tracker
    watch: Watch
    points: frozenset[str]

    def judge(self, now: float) -> int:
        """As the service does at each tick. Returns how many points were looked at."""
        waiting = {one.id for one in self.watch.engine.waiting(now) if one.kind == POINT}
        due = dict.fromkeys([*self.tracker.to_judge(now), *waiting])
        views = [self.tracker.look(point, now) for point in due]
        self.watch.step(now, views, expected={POINT: self.points}, holds={})
        return len(views)


def measure(case: Case) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.sqlite")
        measure_with(case, journal)
        journal.close()


def measure_with(case: Case, journal: Journal) -> None:
    fleet = Fleet(case)
    host = Host(a_tracker(fleet), a_watch(fleet, journal), frozenset(fleet.ids))
    now = T0
    history_end = T0 + case.hours * 3600
    folded_s = time.process_time()
    judged = False
    while now < history_end:
        for a_set in fleet.due(now, now + case.interval_s):
            host.tracker.apply(a_set)
        now += case.interval_s
        if not judged and now >= history_end - HELD_S:
            host.judge(now)  # what is the matter with all points since the start fires before it is measured
            judged = True
    folded_s = time.process_time() - folded_s
    host.judge(now)  # a start: all
    if case.blackout:
        fleet.come_on(now)
    for part in range(3 if case.blackout else 1):
        begun_min = f", minute {part * MEASURED_S / 60:.0f} on" if case.blackout else ""
        now = stretch(case, begun_min, fleet, host, now)
    print(f"{case.name}: start {folded_s:.0f} s", flush=True)


def stretch(case: Case, what: str, fleet: Fleet, host: Host, now: float) -> float:
    """Measure for MEASURED_S, and say what it took. Returns the moment at which it was over."""
    end = now + MEASURED_S
    spent: list[float] = []
    apply_s, yardsticks_us = 0.0, [yardstick_us()]
    looked = 0
    while now < end:
        begun = time.process_time()
        for a_set in fleet.due(now, now + TICK_S):
            host.tracker.apply(a_set)
        now += TICK_S
        apply_s += time.process_time() - begun
        begun = time.process_time()
        looked += host.judge(now)
        spent.append(time.process_time() - begun)
        yardsticks_us.append(yardstick_us())
    limit = LIMIT * case.points / EVERYWHERE
    core = sum(spent) / MEASURED_S
    print(
        f"{case.name}{what}: {core:.4f} core to judge, limit {limit:.4f}: {core / limit:.2f} of it"
        f"; {looked / len(spent):.0f} points a tick, worst tick {max(spent) * 1000:.0f} ms"
        f"; to take the sets in {apply_s / MEASURED_S:.4f} core; yardstick {sum(yardsticks_us) / len(yardsticks_us):.0f} us",
        flush=True,
    )
    return now


def yardstick_us() -> float:
    """Microseconds of a thousand square roots in plain Python."""
    begun = time.process_time()
    for _ in range(20):
        sum(math.sqrt(i) for i in range(1000))
    return (time.process_time() - begun) / 20 * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="What judging costs, against the limit of 0.1 core.")
    parser.add_argument("--points", type=int, default=EVERYWHERE)
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two sets of a point")
    parser.add_argument("--hours", type=float, default=None, help="of history in each point")
    asked = parser.parse_args()
    for hours, points in (
        ((1, asked.points), (72, asked.points // 40)) if asked.hours is None else ((asked.hours, asked.points),)
    ):
        for running, blackout in ((True, False), (False, False), (False, True)):
            what = "generators run" if running else "a blackout" if blackout else "in standby"
            measure(
                Case(
                    f"{points} points, {hours:g} h, a set each {asked.interval:g} s, {what}",
                    points,
                    hours,
                    asked.interval,
                    running,
                    blackout,
                )
            )


if __name__ == "__main__":
    main()
