"""Days in the life of a fleet, with what can go wrong on the way to the host; lived once, and replayed from the journal.

For the tests and for `make replay`.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from paraat.domain import facts
from paraat.domain.facts import HOST, Author, Started
from paraat.domain.model import Judged, NodeState, PointView, SampleSet, Value
from paraat.domain.points import Point
from paraat.domain.profiles import Profile, Resource
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from paraat.journal import Journal
from tracker_bench import POINT

STORE_S = 5  # what came in is stored so often
AHEAD_S = 600.0
PROFILE = Profile(
    target_h=72.0,
    open_within_h=2.0,
    alerted_h=0.5,
    resources={
        "power": Resource(critical=True, by="hours"),
        "heat": Resource(critical=True, by="metric", metric="climate/temperature", ready_from=18.0, limited_from=15.0),
        "water": Resource(critical=True, valid_days=1.0, renew_days=0.25),
        "light": Resource(),
    },
)
PEOPLE = Author(name="CP", way="cli")


class Turn(NamedTuple):
    """How a point stood from a second on; between two turns it stood as at the first."""

    second: int
    point: str
    verdict: str
    last_verdict: str
    resources: tuple[tuple[str, str, str], ...]
    phase: str
    late: bool


def _turn(second: int, view: PointView) -> Turn:
    return Turn(
        second,
        view.point,
        view.verdict.word,
        view.last_verdict.word,
        tuple((one.resource, one.state.value, one.code) for one in view.resources),
        view.activation.phase.value,
        view.activation.late,
    )


@dataclass(frozen=True)
class Days:
    """points boards for so many hours from t0 (unix seconds) on."""

    points: int
    hours: float
    t0: float
    seed: int = 1

    @property
    def seconds(self) -> int:
        return int(self.hours * 3600)

    @property
    def ids(self) -> list[str]:
        return [f"nsp-{n:04d}" for n in range(self.points)]

    def places(self) -> dict[str, Point]:
        return {name: msgspec.structs.replace(POINT, id=name) for name in self.ids}

    def tracker(self) -> Tracker:
        profiles = dict.fromkeys(self.ids, PROFILE)
        return Tracker(self.places(), Alerts(), profiles=profiles, since=self.t0, counts=lambda _: (0, 0))


class _Board:
    """One point: a generator that runs in outages, a tank, a hall that cools; and a way to the host that fails at times."""

    def __init__(self, name: str, days: Days) -> None:
        chance = self._chance = random.Random(f"{days.seed} {name}")
        self.name, self._days = name, days
        self._seq = 0
        self._litres = chance.uniform(150, 400)
        self._rate = chance.uniform(3, 14)
        begin = chance.uniform(0.05, 0.6) * days.seconds
        self._outage = begin, begin + chance.uniform(0.1, 0.6) * days.seconds
        self._starts = chance.random() < 0.85
        cut = chance.uniform(0, 1) * days.seconds
        self._cut = cut, cut + chance.uniform(0, 0.1) * days.seconds
        self._filled = chance.uniform(0.5, 1) * days.seconds
        self._offset = chance.randrange(60)
        self._held: list[SampleSet] = []

    def sets(self, second: int) -> list[SampleSet]:
        """What comes in at a second: late, twice, newest first after a cut, or never."""
        chance = self._chance
        if second % 60 == self._offset and chance.random() > 0.01:
            self._held.append(self._read(second))
        if self._cut[0] <= second < self._cut[1] or not self._held or chance.random() < 0.2:
            return []
        sent = self._held[::-1]
        self._held = sent[:1] if chance.random() < 0.05 else []  # its `ack` was lost
        return [msgspec.structs.replace(one, received_at=self._days.t0 + second) for one in sent]

    def _read(self, second: int) -> SampleSet:
        chance = self._chance
        out = self._outage[0] <= second < self._outage[1]
        running = out and self._starts and second > self._outage[0] + 40
        self._litres = max(0.0, self._litres - (self._rate / 60 if running else 0.0))
        if abs(second - self._filled) < 31:
            self._litres = 390.0
        warmth = 19.5 - (4.5 * min(1.0, (second - self._outage[0]) / 7200) if out else 0.0)
        values: dict[str, Value] = {
            "fuel/level": round(min(100.0, max(0.0, self._litres / 4 + chance.gauss(0, 0.3))), 1),
            "power/mains": not out,
            "power/generator": running,
            "climate/temperature": round(warmth + chance.gauss(0, 0.1), 1),
        }
        faults = {}
        if chance.random() < 0.01:
            broken = chance.choice(sorted(values))
            del values[broken]
            faults[broken] = "timeout"
        self._seq += 1
        t = self._days.t0 + second
        return SampleSet(
            point=self.name, kind="telemetry", seq=self._seq, t=t, received_at=t, values=values, faults=faults
        )


def _said(days: Days) -> Mapping[int, list[facts.Told]]:
    """What people say, by second."""
    chance = random.Random(days.seed)
    said: dict[int, list[facts.Told]] = {}
    for name in days.ids:
        for resource in ("water", "light"):
            for _ in range(3):
                second = chance.randrange(days.seconds)
                until = days.t0 + second + chance.uniform(0, 0.5) * days.seconds
                there = chance.random() < 0.9
                told = facts.Attested(point=name, resource=resource, there=there, until=until)
                said.setdefault(second, []).append(told)
        second = chance.randrange(days.seconds)
        for phase in ("alerted", "opening", "operational", "closing", "standby"):
            said.setdefault(second, []).append(facts.PhaseChanged(point=name, phase=phase))
            second = second + chance.randrange(1, max(2, days.seconds // 8))
    return said


class Lived(NamedTuple):
    """turns: what was judged live. moments: what was known when. sets: how many were stored."""

    turns: list[Turn]
    moments: list[Judged]
    sets: int


def live(days: Days, path: Path) -> Lived:
    """The days as the host lives them: judged each second is what is due. Twice it is started again."""
    journal, world = Journal(path), World(days.tracker())
    boards, said = [_Board(name, days) for name in days.ids], _said(days)
    turns: list[Turn] = []
    stands: dict[str, Turn] = {}
    moments: list[Judged] = []
    came: list[SampleSet] = []
    sets = 0
    for second in range(days.seconds):
        now = days.t0 + second
        for board in boards:
            came += board.sets(second)
        if second in (days.seconds // 3, days.seconds * 2 // 3):
            journal.close()
            journal, world = Journal(path), World(days.tracker())
            journal.fold(world, days.places(), sets=None)
            world.apply(journal.record(Started(forget_after=now + AHEAD_S), HOST, t=now, now=now))
        for told in said.get(second, ()):
            world.apply(journal.record(told, PEOPLE, t=now, now=now))
        if came and second % STORE_S == 0:
            states = [NodeState(point=came[0].point, received_at=now, retained=False, online=second % 7 > 0)]
            stored = journal.store(came, states, [])
            for heard in (*stored.new, *stored.states):
                world.apply(heard)  # type: ignore[arg-type]
            sets += len(stored.new)
            came = []
        moments.append(Judged(now, *journal.last_ids()))
        due = world.tracker.to_judge(now)
        turns += _turns(second, (world.tracker.look(name, now) for name in sorted(due)), stands)
    journal.close()
    return Lived(turns, moments, sets)


def replay(days: Days, path: Path, moments: list[Judged]) -> list[Turn]:
    """The same seconds from the journal: every point is looked at in each of them."""
    journal, world = Journal(path), World(days.tracker())
    turns: list[Turn] = []
    stands: dict[str, Turn] = {}
    before = Judged(days.t0, 0, 0)
    for second, moment in enumerate(moments):
        if (moment.entry, moment.fact) != (before.entry, before.fact):
            for heard in journal.heard(before, moment):
                world.apply(heard)
        before = moment
        turns += _turns(second, (world.tracker.view(name, moment.at) for name in days.ids), stands)
    journal.close()
    return turns


def _turns(second: int, views: Iterator[PointView], stands: dict[str, Turn]) -> Iterator[Turn]:
    for view in views:
        turn = _turn(second, view)
        if view.point not in stands or stands[view.point][1:] != turn[1:]:
            stands[view.point] = turn
            yield turn
