"""What hosts of before did in a blackout, each fault by a test of its own: none of it can happen any more.

A whole host, stepped by hand, with people on every rung and one way to them that keeps what it is given.
"""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import pytest

from paraat.alerts.channels import Channel, ChannelError, Message
from paraat.alerts.channels.log import LogChannel
from paraat.domain.model import SampleSet, Value
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.site import paths
from paraat.site.site import Site, load_site

T0 = 1764000000.0  # 24 November 2025, 17:00 in Amsterdam
MINUTE, HOUR = 60.0, 3600.0
POINT, OTHER = "nsp-0101", "nsp-0102"
FINE: dict[str, Value] = {"power/mains": True, "power/generator": False, "fuel/level": 80.0}
RUNGS = ("lead", "deputy", "technician", "coordination", "region")


class TurnedClock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.t = T0

    def now(self) -> float:
        return self.t

    def wait(self, _event: threading.Event, _seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class Link:
    """The broker's link."""

    connected, problem, serving_elsewhere, serving, takeovers = True, "", "", True, 0

    def start(self) -> None:
        """It is there or not."""

    def stop(self) -> None:
        """It ends with the test."""

    def publish(self, *_: object, **__: object) -> bool:
        return False


class Got(NamedTuple):
    """What somebody got, and when."""

    who: str
    subject: str
    body: str
    after_s: float


class Post:
    """A way to everybody that keeps what it got; away: it takes nothing."""

    name = "email"

    def __init__(self, clock: TurnedClock) -> None:
        self._clock = clock
        self.got: list[Got] = []
        self.away = False

    @classmethod
    def from_site(cls, _site: Site) -> Self:
        raise AssertionError("the test makes it")

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        if self.away:
            raise ChannelError("no answer")
        self.got.append(Got(message.to.partition("@")[0], message.subject, message.body, self._clock.t - T0))
        return "taken"

    def rest(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is open."""


class Night:
    """A host, and what its points say."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(paths.example_site_dir(), directory)
        site = load_site(directory)
        people = {rung: Person(id=rung, name=rung, reach={"email": (f"{rung}@example.org",)}) for rung in RUNGS}
        roster = Roster(
            zone=site.roster.zone, people=people, duties=tuple(Duty(rung=rung, who=(rung,)) for rung in RUNGS)
        )
        points = {name: site.points[name] for name in (POINT, OTHER)}
        site = msgspec.structs.replace(site, points=points, roster=roster)
        self.clock, self.link = TurnedClock(), Link()
        self.post = Post(self.clock)
        channels: dict[str, Channel] = {"log": LogChannel(), "email": self.post}
        monkeypatch.setattr("paraat.service.make_channels", lambda _site: channels)
        self.service = Service(site, clock=self.clock, serve_web=False)
        self.service._transport = self.link  # type: ignore[assignment]
        self.seq = 0
        self.values: dict[str, Value] = dict(FINE)
        self.faults: dict[str, str] = {}
        self.silent: set[str] = set()

    def say(self, point: str, kind: str, values: dict[str, Value]) -> None:
        self.seq += 1
        now = self.clock.t
        a_set = SampleSet(
            point=point,
            kind=kind,
            seq=self.seq,
            t=now,
            received_at=now,
            values=values,
            faults=self.faults if point == POINT else {},
        )
        self.service.take([a_set])

    def pass_by(self, seconds: float, step_s: float = MINUTE, **values: Value) -> None:
        """Time passes; each point that is heard sends a set at each step, the other one always the same."""
        self.values |= {name.replace("__", "/"): value for name, value in values.items()}
        ends = self.clock.t + seconds
        while self.clock.t < ends:
            self.clock.t += step_s
            for point in (POINT, OTHER) if self.link.connected else ():
                if point not in self.silent:
                    self.say(point, "telemetry", dict(self.values if point == POINT else FINE))
            self.service.step()

    def told(self, who: str, *words: str) -> list[Got]:
        return [
            got for got in self.post.got if got.who == who and all(word in got.subject + got.body for word in words)
        ]


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    made = Night(tmp_path / "site", monkeypatch)
    yield made
    made.service.stop()


def test_a_point_without_any_power_is_told_to_its_lead_and_the_coordination_point_reads_along(night: Night) -> None:
    night.pass_by(10 * MINUTE)
    assert night.post.got == []
    night.pass_by(5 * MINUTE, power__mains=False)
    assert night.told("lead", "zonder stroom") or night.told("lead", "Geen stroom")
    assert night.told("coordination", "stroom")


def test_a_broken_fuel_sensor_is_told_to_the_technician_and_holds_no_later_low_fuel_back(night: Night) -> None:
    night.pass_by(HOUR, power__mains=False, power__generator=True, fuel__level=40.0)
    night.values.pop("fuel/level")
    night.faults = {"fuel/level": "silent"}
    night.pass_by(20 * MINUTE)
    night.pass_by(22 * HOUR, step_s=4 * MINUTE)
    assert night.told("technician", "sensor")
    assert night.told("lead", "brandstofmeter kapot")
    assert not night.told("lead", "Sensor")


def test_a_broker_that_stops_is_one_alert_to_who_runs_it_and_none_to_the_leads(night: Night) -> None:
    night.pass_by(10 * MINUTE)
    night.link.connected = False
    night.pass_by(15 * MINUTE)
    assert [got.subject for got in night.told("coordination")] == ["Broker onbereikbaar: geen metingen van alle punten"]
    assert night.told("lead") == night.told("deputy") == []
    night.link.connected = True
    night.pass_by(30 * MINUTE)
    assert night.told("lead") == []


def test_nobody_who_answers_makes_it_climb_to_the_last_rung_within_half_an_hour_and_be_reminded_of(
    night: Night,
) -> None:
    night.pass_by(5 * MINUTE)
    night.pass_by(40 * MINUTE, power__mains=False)
    first = {rung: night.told(rung, "stroom")[0].after_s for rung in ("lead", "deputy", "coordination", "region")}
    assert first["lead"] < first["deputy"] < first["region"] <= 5 * MINUTE + 30 * MINUTE
    night.pass_by(HOUR)
    assert night.told("lead", "Nog geen antwoord: ")


def test_a_call_for_help_goes_to_the_coordination_point_and_not_to_who_pressed(night: Night) -> None:
    night.pass_by(5 * MINUTE)
    night.say(POINT, "event", {"button/help": True})
    night.pass_by(3 * MINUTE)
    assert night.told("coordination", "ulp gevraagd")
    assert night.told("lead", "ulp gevraagd") == []


def test_a_mail_server_that_is_away_for_26_hours_loses_nothing_and_what_leaves_then_says_what_is_so(
    night: Night,
) -> None:
    night.pass_by(HOUR, power__mains=False, power__generator=True, fuel__level=60.0)
    night.post.away = True
    for level in (19.0, 15.0, 9.0):
        night.pass_by(26 / 3 * HOUR, step_s=10 * MINUTE, fuel__level=level)
    assert night.told("lead", "randstof") == []
    night.post.away = False
    night.pass_by(30 * MINUTE, fuel__level=5.0)
    (found,) = night.told("lead", "Brandstof raakt op: Buurthuis De Linde", "Vertraagd: ")
    assert "nog 0 uur" in found.body, "as it is by then"


def test_recovered_never_comes_before_what_is_recovered(night: Night) -> None:
    night.pass_by(5 * MINUTE)
    night.post.away = True
    night.pass_by(3 * MINUTE, power__mains=False)
    night.pass_by(5 * MINUTE, power__mains=True)
    night.post.away = False
    night.pass_by(30 * MINUTE)
    found = [got.subject for got in night.told("lead", "stroom")]
    assert not any("Geen stroom" in later for n, one in enumerate(found) if "Hersteld" in one for later in found[n:])


def test_a_job_for_today_does_not_stay_the_only_message_through_a_blackout(night: Night) -> None:
    night.pass_by(HOUR, fuel__level=18.0)
    night.pass_by(16 * HOUR, step_s=5 * MINUTE)  # the morning comes: it was a warning of the evening
    assert night.told("lead", "Tank bijvullen: Buurthuis De Linde")
    before = len(night.told("lead"))
    for level in (16.0, 12.0, 8.0, 4.0, 1.0):
        night.pass_by(40 * MINUTE, power__mains=False, power__generator=True, fuel__level=level)
    later = night.told("lead", "randstof")[-4:]
    assert len(night.told("lead")) >= before + 3
    assert any("Erger geworden: " in got.subject for got in later)


def test_a_point_that_drops_out_and_returns_for_a_day_mails_a_few_times_and_says_so(night: Night) -> None:
    night.pass_by(10 * MINUTE)
    for _ in range(45):  # each sixteen minutes, half a day long
        night.silent = {POINT}
        night.pass_by(8 * MINUTE, step_s=2 * MINUTE)
        night.silent = set()
        night.pass_by(8 * MINUTE, step_s=2 * MINUTE)
    found = night.told("lead", "etingen")
    assert len(found) < 10
    assert any("Komt en gaat" in got.subject for got in found)


def test_wobbles_that_never_fired_leave_nothing_behind(night: Night) -> None:
    night.pass_by(10 * MINUTE)
    for _ in range(40):
        night.pass_by(15.0, step_s=15.0, power__mains=False)
        night.pass_by(5 * MINUTE, power__mains=True)
    assert night.service.journal.alerts(-1) == []
    assert night.post.got == []


def test_a_point_that_was_removed_is_said_and_a_board_that_sends_as_nobody_is_seen(night: Night) -> None:
    night.pass_by(5 * MINUTE)
    night.pass_by(5 * MINUTE, power__mains=False)
    assert night.told("lead", "stroom")
    service = night.service
    service.stop()
    site = msgspec.structs.replace(service.site, points={OTHER: service.site.points[OTHER]})
    night.service = Service(site, clock=night.clock, serve_web=False)
    night.service._transport = night.link  # type: ignore[assignment]
    night.service._ingest.remember_stranger(POINT, night.clock.t, night.clock.t)
    night.silent = {POINT}
    night.pass_by(2 * MINUTE, power__mains=True)
    night.pass_by(20 * MINUTE)
    assert night.told("lead", "Niet meer bewaakt", POINT)
    assert night.told("coordination", "nbekende meetkast")
