"""The same journal gives the same alerts, deliveries and messages: 72 hours of 60 points, live and once more."""

import os
import shutil
import threading
from pathlib import Path
from random import Random
from typing import Self

import msgspec
import pytest

from paraat.alerts.channels import Channel, ChannelError, Message, RefusedError
from paraat.alerts.channels.log import LogChannel
from paraat.alerts.replay import replay
from paraat.domain.facts import Author, PhaseChanged
from paraat.domain.model import AlertState, SampleSet, Value
from paraat.domain.own import DiskSpace, HostPower
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import View
from paraat.journal import Journal
from paraat.service import Service
from paraat.site import paths
from paraat.site.site import Site, load_site

T0 = 1764000000.0
STEP_S = 240.0
# All of it takes minutes: `make kills` does it, and `make test` a day and a half of five points.
HOURS, POINTS = (72, 60) if os.environ.get("PARAAT_KILLS") else (36, 5)
RESTARTS, CHANGED = (300, 431), 350
ANNA = Author(name="Anna", role="coordinator", way="page")


class StoryClock:
    """Time stands still until the next step."""

    def __init__(self) -> None:
        self.t = T0

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class Paper:
    """A channel that keeps what it got."""

    name = "email"

    def __init__(self, clock: StoryClock | None = None) -> None:
        self.got: list[Message] = []
        self._clock = clock  # by which it is away for an hour every seven; None: it never is

    @classmethod
    def from_site(cls, _site: Site) -> Self:
        return cls()

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        if self._clock is not None and (self._clock.t - T0) % (7 * 3600) > 6 * 3600:
            raise ChannelError("no answer")
        if self._clock is not None and message.to == "lead-nsp-0002@example.org":
            raise RefusedError(f"{message.to} was not taken", "550 no such mailbox")
        self.got.append(message)
        return "kept"

    def rest(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is open."""


def a_site(directory: Path) -> Site:
    """60 points with a lead and a deputy each, one on duty at the coordination point, one in the region."""
    shutil.copytree(paths.example_site_dir(), directory)
    site = load_site(directory)
    place = site.points["nsp-0102"]
    names = [f"nsp-{n:04}" for n in range(1, POINTS + 1)]
    people = ["cp", "region", *(f"{rung}-{name}" for name in names for rung in ("lead", "deputy"))]
    duties = [Duty(rung="coordination", who=("cp",)), Duty(rung="region", who=("region",))]
    duties += [Duty(rung="lead", who=(f"lead-{name}",), points=(name,)) for name in names]
    duties += [Duty(rung="deputy", who=(f"deputy-{name}",), points=(name,)) for name in names]
    return msgspec.structs.replace(
        site,
        points={name: msgspec.structs.replace(place, id=name, name=f"Punt {name}") for name in names},
        profiles=dict.fromkeys(names, site.profiles["nsp-0102"]),
        roster=Roster(
            zone=site.roster.zone,
            people={one: Person(id=one, name=one, reach={"email": (f"{one}@example.org",)}) for one in people},
            duties=tuple(duties),
        ),
    )


def changed_site(site: Site) -> Site:
    """The same from the first restart on: a point is taken out, one has another name, one other limits, and so has the site."""
    *rest, renamed, _ = site.points
    points = {name: site.points[name] for name in (*rest, renamed)}
    points[renamed] = msgspec.structs.replace(points[renamed], name="Dorpshuis")
    low = msgspec.structs.replace(site.alerts.low_fuel, raise_percent=40.0, clear_percent=50.0)
    return msgspec.structs.replace(
        site,
        points=points,
        profiles={name: site.profiles[name] for name in points},
        alerts=msgspec.structs.replace(site.alerts, low_fuel=low),
        own_alerts={rest[0]: site.alerts},
        telling=msgspec.structs.replace(site.telling, per_hour=4),
    )


class Link:
    """The broker's link: away for some minutes every eleven hours."""

    problem, serving_elsewhere, serving, takeovers = "", "", True, 0

    def __init__(self, clock: StoryClock) -> None:
        self._clock = clock

    @property
    def connected(self) -> bool:
        return (self._clock.t - T0) % (11 * 3600) < 10.7 * 3600

    def start(self) -> None:
        """It is there or not, whatever the host does."""

    def stop(self) -> None:
        """It goes on."""

    def publish(self, _topic: str, _payload: bytes, **_: object) -> bool:
        return False


class Probe:
    """A disk that fills, and a supply that changes."""

    def __init__(self, clock: StoryClock) -> None:
        self._clock = clock

    def views(self) -> list[View]:
        now, story_s = self._clock.t, self._clock.t - T0
        free = max(2, 100 - int(story_s / 1300))
        return [
            DiskSpace(now=now, free=free, total=100, full_in_h=free * 1300 / 3600),
            HostPower(now=now, on_battery=20 <= story_s / 3600 < 22, charge_percent=60.0),
        ]


class Life:
    """One point: standby, a blackout on the second day, a tank that empties, and now and then no readings at all."""

    def __init__(self, seed: int) -> None:
        self.lots = Random(seed)
        self.level = self.lots.uniform(30, 95)
        self.out_h = 20 + self.lots.random() * 0.02
        self.back_h = self.out_h + self.lots.uniform(4, 30)
        self.starts = self.lots.random() < 0.9
        self.quiet_until_h = 0.0
        self.seq = 0

    def next(self, point: str, t: float) -> SampleSet | None:
        hour = (t - T0) / 3600
        self.seq += 1
        if self.lots.random() < 0.002:
            self.quiet_until_h = hour + self.lots.uniform(0.2, 3)
        out = self.out_h <= hour < self.back_h
        runs = out and self.starts and self.level > 0
        if runs:
            self.level = max(0.0, self.level - 14 / 6 * STEP_S / 3600)
        if hour < self.quiet_until_h:
            return None
        values: dict[str, Value] = {"power/mains": not out, "power/generator": runs, "fuel/level": round(self.level, 1)}
        return SampleSet(point=point, kind="telemetry", seq=self.seq, t=t, received_at=t, values=values, faults={})


def course(alert: AlertState) -> tuple[object, ...]:
    """What befell an alert and when."""
    times = (alert.since, alert.fired_at, alert.turned_at, alert.resolved_at)
    return alert.id, alert.rule, alert.subject, alert.state, times, alert.turn, alert.held_by, alert.flapping


def test_a_replay_gives_the_same_alerts_deliveries_and_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, clock = a_site(tmp_path / "site"), StoryClock()
    live = Paper(clock)
    channels: dict[str, Channel] = {"log": LogChannel(), "email": live}
    monkeypatch.setattr("paraat.service.make_channels", lambda _site: channels)

    def started() -> Service:
        made = Service(
            changed_site(site) if clock.t >= T0 + STEP_S * RESTARTS[0] else site,
            clock=clock,
            serve_web=False,
            host_probe=Probe(clock),
        )  # type: ignore[arg-type]
        made._transport = Link(clock)  # type: ignore[assignment]
        return made

    service = started()
    returned = 0
    lives, lots = {point: Life(n) for n, point in enumerate(site.points, 5)}, Random(7)
    for step in range(int(HOURS * 3600 / STEP_S)):
        clock.t = T0 + STEP_S * step
        if step in RESTARTS:
            service.stop()
            service = started()
        if step == CHANGED:  # another one is on duty at the coordination point from here on, until a restart
            duties = (Duty(rung="coordination", who=("region",)), *site.roster.duties[1:])
            service._rosters.roster = msgspec.structs.replace(site.roster, duties=duties)
            service._use_roster(clock.t)
        sets = [life.next(point, clock.t) for point, life in lives.items()]
        service.take([one for one in sets if one is not None and one.point in service.site.points])
        service.step()
        if step % 60 == 59:  # a mail that was taken comes back
            told = [row for row in service.journal.sent_since(clock.t - 3600) if row.channel == "email"]
            if told:
                came_back = service._came_back(lots.choice(told).message, "5.1.1: no such user", clock.t)
                returned += came_back == "kept"
        if step % 200 == 90:
            point = f"nsp-{lots.randrange(1, POINTS):04}"
            service.keep(PhaseChanged(point=point, phase="out-of-use", until=clock.t + 7200), ANNA)
        for alert in service.alerts():
            if alert.state == "firing" and service.acknowledged(alert.id) is None and lots.random() < 0.05:
                service.acknowledge(alert.id, ANNA)
    journal = service.journal
    again, paper = Journal(tmp_path / "again.sqlite"), Paper()
    now = load_site(site.directory)  # neither what it was nor what it became
    replay(
        msgspec.structs.replace(now, roster=site.roster),
        journal,
        again,
        {"log": LogChannel(), "email": paper},
        service.answers,
    )
    alerts, told = journal.alerts(-1), journal.deliveries(*(alert.id for alert in journal.alerts(-1)))
    assert len(alerts) > 2 * POINTS
    assert {alert.rule for alert in alerts} >= {"low_fuel", "point_silent", "generator_down"}
    assert {alert.rule for alert in alerts} >= {"broker_unreachable", "disk_full", "on_battery"}
    assert {"turn-1", "turn-2", "copy-1", "reminder-1-1", "resolved"} <= {row.reason for row in told}
    assert [course(alert) for alert in again.alerts(-1)] == [course(alert) for alert in alerts]
    assert {alert.subject.id for alert in alerts if alert.left} == {f"nsp-{POINTS:04}"}
    assert any("Dorpshuis" in one.subject for one in live.got)
    assert returned > 2
    assert {row.person for row in told if row.state == "returned"} > {"lead-nsp-0002"}
    assert again.deliveries(*(alert.id for alert in alerts)) == told
    assert {row.person for row in told if row.reason.startswith("copy")} == {"cp", "region"}
    assert max(row.attempts for row in told) > 3, "the way that was away is away again"
    assert len(paper.got) == len(live.got) > POINTS
    for one, other in zip(paper.got, live.got, strict=True):
        assert one == other, (one.body, other.body, one.short, other.short)
    service.stop()
    again.close()
