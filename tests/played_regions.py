"""Regions of made-up points, played by the real host in virtual time into a real InfluxDB, for the dashboards' tests and benchmark.

Everything that a dashboard shows went the way of a real site: sets into the journal, the judgement, the alerts and who was told,
and our own sink. The last moment of the play is the machine's present, as the dashboards ask InfluxDB for its own "now".
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple, Self
from unittest.mock import patch

import msgspec

from paraat.alerts.channels import Message, make_channels
from paraat.domain.activation import Phase
from paraat.domain.facts import Attested, Author, Counted, Delivered, DeliveryPlanned, PhaseChanged, SaidOfPoint
from paraat.domain.model import NodeState, SampleSet, Value
from paraat.domain.points import Battery, Generator, Point, Tank
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.simulate.servers import InfluxServer
from paraat.site import paths
from paraat.site.site import InfluxSettings, Site, load_site

DATABASE = "paraat"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
TOWNS = ("Voorbeeldstad", "Waterdorp", "Heuvelrode", "Oudeveen")
LEAD = Author(name="lead", way="cli", role="lead")

# What is the matter with some points, by their number in a region.
BROKEN_WIRE = 3  # nobody can read its tank since three hours
NEVER_HEARD = 4
SILENT = 5  # since three hours
NOT_STARTING = 6
REFUELLED = 7
LEAKING = 8
LATE = 9  # three hours of its sets came an hour ago, together
BUILDING = 10
PLANNED = 12  # fuel comes in two hours


class Play(NamedTuple):
    """What is played. blackout_h: how long ago the mains went out; None: they never did."""

    points: int = 20
    regions: tuple[str, ...] = ("Veiligheidsregio Voorbeeld",)
    history_h: float = 72.0
    blackout_h: float | None = 40.0
    set_every_s: float = HOUR
    look_every_s: float = 4 * HOUR
    end_set_every_s: float = 2 * MINUTE  # in the last ten minutes


class StoryClock:
    """Time that the play moves."""

    def __init__(self, t: float) -> None:
        self.t = t

    def now(self) -> float:
        return self.t

    def wait(self, _event: threading.Event, _seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class Link:
    """The broker's link, as the host sees it: it is there, and no board is asked for anything."""

    connected, serving, problem, serving_elsewhere, takeovers = True, True, "", "", 0

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def publish(self, _topic: str, _payload: bytes, **_: object) -> bool:
        return False


class Phone:
    """A modem that the network always takes a message from."""

    name = "sms"

    @classmethod
    def from_site(cls, _site: Site) -> Self:
        raise AssertionError("it is made here")

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, _message: Message) -> str:
        return "taken by the network"

    def rest(self) -> None: ...

    def close(self) -> None: ...


class Life:
    """One point: its mains, its generator, its tank and its people. Times are unix seconds."""

    def __init__(self, point: Point, number: int, play: Play, end: float) -> None:
        self.point, self.number, self.play, self.end = point, number, play, end
        lots = Random(f"{point.id}")
        self.out_at = None if play.blackout_h is None else end - play.blackout_h * HOUR
        self.litres = point.tank.capacity_l * lots.uniform(0.55, 0.97)
        self.burn = point.tank.burn_l_per_h * lots.uniform(0.7, 1.1)
        self.warmth, self.signal = lots.uniform(18.5, 21.5), lots.randrange(-78, -52)
        self.guests = int(point.capacity * lots.uniform(0.1, 0.95))
        self.seq, self.t = 0, end - play.history_h * HOUR
        self.began = self.t
        self.refuel_at = end - 6 * HOUR if number == REFUELLED else None

    def runs(self, t: float) -> bool:
        """Whether its generator runs: for the outage, and for a test of forty minutes a day after the beginning."""
        if self.out_at is not None and t >= self.out_at:
            return self.number != NOT_STARTING and self.litres > 0
        return self.began + DAY <= t < self.began + DAY + 40 * MINUTE

    def next(self, t: float) -> SampleSet | None:
        """What its board reads at t; None where nothing is ever heard of that."""
        used = self.burn * (t - self.t) / HOUR if self.runs(t) else 0.0
        if self.number == LEAKING and not self.runs(t) and t > self.end - 5 * HOUR:
            used += 6.0 * (t - self.t) / HOUR
        self.litres = max(0.0, self.litres - used)
        if self.refuel_at is not None and t >= self.refuel_at:
            self.litres, self.refuel_at = self.point.tank.fill_l, None
        self.t = t
        if self.number == NEVER_HEARD or (self.number == SILENT and t > self.end - 3 * HOUR):
            return None
        self.seq += 1
        out = self.out_at is not None and t >= self.out_at
        level = 100 * self.litres / self.point.tank.capacity_l
        values: dict[str, Value] = {
            "power/mains": not out, "power/generator": self.runs(t), "power/load": 8200.0 if self.runs(t) else 900.0,
            "fuel/level": round(level, 1), "battery/voltage": 12.4 if out and not self.runs(t) else 13.5,
            "climate/temperature": round(self.warmth - (2.0 if out else 0.0), 1),
            "people/present": min(self.guests, int((t - self.out_at) / 90)) if out and self.out_at else 0,
            "node/uptime": int(t - self.began), "node/heap": 61_000, "node/idf-free": 92_000, "node/idf-largest": 40_000,
            "node/backlog": 0, "node/dropped": 0, "node/rssi": self.signal,
        }  # fmt: skip
        faults = {}
        if self.number == BROKEN_WIRE and t > self.end - 3 * HOUR:
            del values["fuel/level"]
            faults["fuel/level"] = "silent"
        late = self.number == LATE and self.end - 4 * HOUR < t <= self.end - HOUR
        return SampleSet(
            point=self.point.id, kind="telemetry", seq=self.seq, t=t,
            received_at=self.end - HOUR if late else t, values=values, faults=faults,
        )  # fmt: skip


def make_site(directory: Path, region: str, first: int, count: int, influx_url: str) -> Site:
    """A site of so many points in four towns, each with a lead; one is on duty at the coordination point."""
    example = load_site(paths.example_site_dir())
    place = example.points["nsp-0102"]
    lots = Random(first)
    points = {}
    for number in range(count):
        name = f"nsp-{first + number:04}"
        capacity_l = float(lots.choice((200, 400, 600, 1000)))
        points[name] = msgspec.structs.replace(
            place,
            id=name,
            name=f"{lots.choice(('Sporthal', 'Buurthuis', 'Dorpshuis', 'Kazerne', 'Bibliotheek'))} {first + number}",
            municipality=TOWNS[number % len(TOWNS)],
            capacity=lots.choice((60, 120, 150, 300)),
            position=(round(51.95 + lots.random() / 3, 4), round(4.9 + lots.random() / 2, 4)),
            tank=Tank(capacity_l=capacity_l, burn_l_per_h=capacity_l / lots.uniform(60, 160)),
            generator=Generator(rated_w=20_000.0),
            battery=Battery(capacity_ah=200.0, nominal_v=12.0, load_w=150.0) if number % 2 else None,
        )
    people = {name: Person(id=f"lead-{name}", name=f"Lead {name}", reach={"sms": ("+31600000000",)}) for name in points}
    duties = [Duty(rung="lead", who=(one.id,), points=(name,)) for name, one in people.items()]
    directory.mkdir()
    return msgspec.structs.replace(
        example,
        directory=directory,
        region=msgspec.structs.replace(example.region, region=region),
        influx=InfluxSettings(url=influx_url, bucket=DATABASE),
        points=points,
        profiles=dict.fromkeys(points, example.profiles["nsp-0102"]),
        roster=Roster(zone=example.roster.zone, people={one.id: one for one in people.values()}, duties=tuple(duties)),
    )


class Region:
    """The host of one region, and its points."""

    def __init__(self, site: Site, play: Play, end: float) -> None:
        self.play, self.end, self.site = play, end, site
        self.clock = StoryClock(end - play.history_h * HOUR)
        channels = {name: one for name, one in make_channels(site).items() if name == "log"} | {"sms": Phone()}
        with patch("paraat.service.make_channels", lambda _: channels):
            self.service = Service(site, clock=self.clock, serve_web=False)
        self.service._transport = Link()  # type: ignore[assignment]
        self.lives = [Life(point, n, play, end) for n, point in enumerate(site.points.values())]
        self._held: list[SampleSet] = []
        self._said = list(self._say())

    def _say(self) -> Iterator[tuple[float, SaidOfPoint]]:
        """What people say, in order of time: words on resources before all, who opens, fuel that comes, heads that are counted."""
        begin, out_at = self.clock.t, self.lives[0].out_at
        for life in self.lives:
            if life.number == BUILDING:
                yield begin, PhaseChanged(point=life.point.id, phase=Phase.BUILDING)
            resources = self.site.profiles[life.point.id].resources
            for name in (name for name, one in resources.items() if one.by == "word"):
                if (life.number, name) != (11, "water"):
                    yield begin, Attested(point=life.point.id, resource=name, there=True, until=self.end + 20 * DAY)
        if out_at is None:
            return
        later: list[tuple[float, SaidOfPoint]] = []
        for life in self.lives:
            if life.number in (BUILDING, NEVER_HEARD):
                continue
            name = life.point.id
            steps = ((0.1, Phase.ALERTED), (0.5, Phase.OPENING), (1.0 + life.number % 4 / 2, Phase.OPERATIONAL))
            later += [(out_at + h * HOUR, PhaseChanged(point=name, phase=phase)) for h, phase in steps]
            if life.number == REFUELLED:
                later.append((self.end - 6 * HOUR, Delivered(point=name, litres=300.0)))
            if life.number == PLANNED:
                plan = DeliveryPlanned(point=name, at=self.end + 2 * HOUR, litres=400.0, who="Oliehandel Jansen")
                later.append((self.end - HOUR, plan))
            if life.number == 13:
                later.append((self.end - 2 * HOUR, Counted(point=name, people=41)))
        yield from sorted((one for one in later if one[0] <= self.end), key=lambda one: one[0])

    def greet(self) -> None:
        """Every board that is ever heard says what it is."""
        begin = self.clock.t
        states = [
            NodeState(
                point=life.point.id, received_at=begin, retained=False, online=True, boot=3, reset="pwron", fw="0.1.0",
                config=4, board="esp32_devkitc_ve", clock="host" if life.number % 5 else "none", next=1,
            )
            for life in self.lives
            if life.number != NEVER_HEARD
        ]  # fmt: skip
        self.service._on_stored(self.service.journal.store([], states, []), states)

    def hear(self, t: float) -> None:
        """Every point says what it reads at t."""
        found = [a_set for life in self.lives if (a_set := life.next(t)) is not None]
        late = [a_set for a_set in found if a_set.received_at > t]
        self._held += late
        if t >= self.end - HOUR:
            found, self._held = found + self._held, []
        self.service.take([a_set for a_set in found if a_set.received_at <= t])

    def look(self, t: float) -> None:
        """The host judges at t, tells people, and works out its rows."""
        self.clock.t = t
        with self.service.journal.atomic():
            while self._said and self._said[0][0] <= t:
                at, told = self._said.pop(0)
                self.service._learn(self.service.journal.record(told, LEAD, t=at, now=at))
        self.service.step()
        self.service._store_status(t)

    def write(self) -> None:
        """Empty the journal's outbox into InfluxDB."""
        sink = self.service._influx
        assert sink is not None
        while sink.step() or sink._make_means():
            pass
        assert self.service.journal.backlog("influx") == 0
        assert self.service.journal.refused_lines("influx", 5) == []

    def close(self) -> None:
        self.service.stop()


def moments(play: Play, end: float) -> Iterator[tuple[float, bool]]:
    """(when sets are read, whether the host looks then): thinly, and often in the last ten minutes, when alerts are born."""
    begin, dense_from = end - play.history_h * HOUR, end - 10 * MINUTE
    ticks = [begin + n * play.set_every_s for n in range(int((dense_from - begin) / play.set_every_s) + 1)]
    ticks += [dense_from + n * play.end_set_every_s for n in range(int((end - dense_from) / play.end_set_every_s) + 1)]
    looked = begin - play.look_every_s
    for t, following in pairwise([*sorted(set(ticks)), float("inf")]):
        look = t - looked >= play.look_every_s or t > dense_from or following == float("inf")
        looked = t if look else looked
        yield t, look


def perform(directory: Path, server: InfluxServer, play: Play) -> list[Region]:
    """Play it to its end, which is now; every region has written what it knows. The caller closes them."""
    end = datetime.now(UTC).timestamp()
    regions = []
    for number, name in enumerate(play.regions):
        site = make_site(directory / f"site-{number}", name, 100 * number + 1, play.points, server.url)
        regions.append(Region(site, play, end))
        regions[-1].greet()
    for t, look in moments(play, end):
        for region in regions:
            region.hear(t)
            if look:
                region.look(t)
    for region in regions:
        region.write()
    return regions
