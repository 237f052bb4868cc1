"""A drill of being told: 60 points, a blackout, the broker killed for 20 minutes, the mail server away for two hours, a modem
that hangs, one lead who never answers, and one point where nobody does. Prints who was told what, and whether the two goals
were met.

    make drill

Time is virtual; host, journal, rules, queue, texts, helper processes and the SMTP server are the real ones. Made up are the
points, the people (each has a time after which he answers, on a message that came), the broker's link and the modem.
"""

import logging
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import msgspec
from aiosmtpd.controller import Controller

import paraat.service
from paraat.alerts.channels import Channel, ChannelError, Message, make_channels
from paraat.domain.facts import Author
from paraat.domain.model import AlertState, Delivery, SampleSet, Value
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.simulate.servers import LOOPBACK, free_port
from paraat.site import paths
from paraat.site.site import Site, load_site

ZONE = ZoneInfo("Europe/Amsterdam")
T0 = datetime(2026, 11, 26, 17, 0, tzinfo=ZONE).timestamp()
MINUTE, HOUR = 60.0, 3600.0
STEP_S = 15.0
ENDS_S = 8 * HOUR
BLACKOUT_S, MAINS_BACK_S = 10 * MINUTE, 7 * HOUR
BROKER_AWAY_S = (2 * HOUR, 2 * HOUR + 20 * MINUTE)
MAIL_AWAY_S = (1 * HOUR, 3 * HOUR)
MODEM_HANGS_S = (25 * MINUTE, 50 * MINUTE)
POINTS = [f"nsp-{n:04}" for n in range(1, 61)]
SILENT_LEAD, NOBODY = "nsp-0007", "nsp-0013"
NOT_STARTING = ("nsp-0007", "nsp-0013", "nsp-0021", "nsp-0034", "nsp-0055")
MOST_IN_AN_HOUR, LAST_RUNG_WITHIN_S = 6, 30 * MINUTE


class StoryClock:
    """Time that the drill moves."""

    t = T0

    def now(self) -> float:
        return self.t

    def wait(self, _event: threading.Event, _seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class Link:
    """The broker's link, as the host sees it."""

    connected, problem = True, ""

    def start(self) -> None:
        """It is there."""

    def stop(self) -> None:
        """It ends with the drill."""

    def publish(self, _topic: str, _payload: bytes, **_: object) -> bool:
        """No board is asked for anything: the points are made up."""
        return False


class Mailbox:
    """What the SMTP server took, by address."""

    def __init__(self) -> None:
        self.came: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        self.came += envelope.rcpt_tos
        return "250 OK"


class Modem:
    """An SMS each, and no answer while it hangs."""

    name = "sms"

    def __init__(self, clock: StoryClock) -> None:
        self._clock = clock
        self.came: list[str] = []

    @classmethod
    def from_site(cls, _site: Site) -> Self:
        raise AssertionError("the drill makes it")

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        if MODEM_HANGS_S[0] <= self._clock.t - T0 < MODEM_HANGS_S[1]:
            raise ChannelError("the modem has not answered for 45 s")
        if len(message.short) > 160:
            raise ChannelError(f"{len(message.short)} characters are no SMS")
        self.came.append(message.to)
        return "taken by the network"

    def rest(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is open."""


class Life:
    """One point: its mains, its generator and its tank."""

    def __init__(self, point: str, lots: Random) -> None:
        self.point = point
        self.level = lots.uniform(14, 95)
        self.starts = point not in NOT_STARTING
        self.stops_s = lots.uniform(3, 6) * HOUR if lots.random() < 0.05 else ENDS_S
        self.offset = lots.randrange(4)
        self.seq = 0
        self.kept: list[SampleSet] = []

    def next(self, story_s: float) -> SampleSet | None:
        """A set each minute."""
        if int(story_s // STEP_S) % 4 != self.offset:
            return None
        out = BLACKOUT_S <= story_s < MAINS_BACK_S
        runs = out and self.starts and story_s < self.stops_s and self.level > 0
        if runs:
            self.level = max(0.0, self.level - 9.5 / 4 / 60)
        self.seq += 1
        values: dict[str, Value] = {"power/mains": not out, "power/generator": runs, "fuel/level": round(self.level, 2)}
        t = T0 + story_s
        return SampleSet(point=self.point, kind="telemetry", seq=self.seq, t=t, received_at=t, values=values, faults={})


def a_site(directory: Path, port: int) -> Site:
    """60 points, each with a lead and a deputy by mail and SMS; one on duty at the coordination point, one in the region."""
    shutil.copytree(paths.example_site_dir(), directory)
    (directory / "roster.toml").unlink(missing_ok=True)
    settings = (directory / "site.toml").read_text()
    (directory / "site.toml").write_text(f'{settings}\n[channels.email]\nurl_file = "email.url"\nlimit_s = 10\n')
    url = directory / "email.url"
    url.write_text(f"mailto://{LOOPBACK}:{port}?from=paraat@example.org&mode=insecure")
    url.chmod(0o600)
    site = load_site(directory)
    place = site.points["nsp-0101"]
    people = ["cp", "region", *(f"{rung}-{name}" for name in POINTS for rung in ("lead", "deputy"))]
    numbers = {one: f"+316{n:08}" for n, one in enumerate(people)}
    duties = [Duty(rung="coordination", who=("cp",)), Duty(rung="region", who=("region",))]
    duties += [Duty(rung="lead", who=(f"lead-{name}",), points=(name,)) for name in POINTS]
    duties += [Duty(rung="deputy", who=(f"deputy-{name}",), points=(name,)) for name in POINTS]
    reach = {one: {"email": (f"{one}@example.org",), "sms": (numbers[one],)} for one in people}
    return msgspec.structs.replace(
        site,
        points={name: msgspec.structs.replace(place, id=name, name=f"Punt {name[-2:]}") for name in POINTS},
        profiles=dict.fromkeys(POINTS, site.profiles["nsp-0101"]),
        roster=Roster(
            zone=ZONE,
            people={one: Person(id=one, name=one, reach=reach[one]) for one in people},
            duties=tuple(duties),
        ),
    )


class Answer(NamedTuple):
    """Somebody will say that he sees to an alert."""

    at: float
    alert: int
    person: str
    way: str


class Drill:
    """The host of the drill, and its people."""

    def __init__(self, directory: Path) -> None:
        self.port, self.clock, self.mailbox = free_port(), StoryClock(), Mailbox()
        self.modem = Modem(self.clock)
        self.site = a_site(directory, self.port)
        channels: dict[str, Channel] = {**make_channels(self.site), "sms": self.modem}
        paraat.service.make_channels = lambda *_, **__: channels  # type: ignore[assignment]
        self.link = Link()
        self.service = Service(self.site, clock=self.clock, serve_web=False)
        self.service._transport = self.link  # type: ignore[assignment]
        self.lots = Random(11)
        self.lives = [Life(point, self.lots) for point in POINTS]
        self.answers: list[Answer] = []
        self.server: Controller | None = None
        self.read = 0

    def run(self) -> None:
        """Play it to its end."""
        for step in range(int(ENDS_S / STEP_S)):
            story_s = STEP_S * step
            self.clock.t = T0 + story_s
            self.serve_mail(not MAIL_AWAY_S[0] <= story_s < MAIL_AWAY_S[1])
            self.link.connected = not BROKER_AWAY_S[0] <= story_s < BROKER_AWAY_S[1]
            self.points_say(story_s)
            self.service.step()
            self.people_read()
            self.people_answer()
        self.serve_mail(False)

    def serve_mail(self, there: bool) -> None:
        if there and self.server is None:
            self.server = Controller(self.mailbox, hostname=LOOPBACK, port=self.port)
            self.server.start()
        elif not there and self.server is not None:
            self.server.stop()
            self.server = None

    def points_say(self, story_s: float) -> None:
        """Without a broker a board keeps what it read, and sends it when there is one again."""
        for life in self.lives:
            if (a_set := life.next(story_s)) is not None:
                life.kept.append(a_set)
        if self.link.connected:
            now = self.clock.t
            self.service.take(
                [msgspec.structs.replace(a_set, received_at=now) for life in self.lives for a_set in life.kept]
            )
            for life in self.lives:
                life.kept.clear()

    def people_read(self) -> None:
        """Who got a message answers after a while; who only reads along does not."""
        for row in self.sent_now():
            delay_s = self.answers_after_s(row)
            if delay_s is not None:
                self.answers.append(Answer(self.clock.t + delay_s, row.alert_id, row.person, row.channel))

    def sent_now(self) -> Iterator[Delivery]:
        for row in self.service.journal.sent_since(self.clock.t):
            if row.state == "sent" and row.settled_at == self.clock.t and row.rung != "log":
                yield row

    def answers_after_s(self, row: Delivery) -> float | None:
        if row.reason.startswith(("copy", "resolved", "left")):
            return None
        point = row.person.partition("-")[2]
        if point == NOBODY or row.person == f"lead-{SILENT_LEAD}":
            return None
        alert = self.service.journal.alert(row.alert_id)
        if alert is None or alert.severity != "critical" or (row.person == "cp" and alert.point == NOBODY):
            return None
        return self.lots.uniform(1, 9) * MINUTE

    def people_answer(self) -> None:
        for answer in [one for one in self.answers if one.at <= self.clock.t]:
            self.answers.remove(answer)
            alert = self.service.journal.alert(answer.alert)
            seen = self.service.acknowledged(answer.alert)
            if alert is not None and (seen is None or seen.t < alert.told_since):
                self.service.acknowledge(answer.alert, Author(name=answer.person, way=answer.way))


class Outcome(NamedTuple):
    """What became of one turn of a critical alert: seconds until somebody saw to it, and until the last rung was told."""

    seen_s: float | None
    last_rung_s: float | None

    @property
    def good(self) -> bool:
        return min(t for t in (self.seen_s, self.last_rung_s, float("inf")) if t is not None) <= LAST_RUNG_WITHIN_S


def clock(t: float | None) -> str:
    """A moment as a clock shows it."""
    return "-" if t is None else f"{datetime.fromtimestamp(t, ZONE):%H:%M}"


def outcome(drill: Drill, alert: AlertState, rows: list[Delivery]) -> Outcome:
    """Of the alert's first turn."""
    begins = alert.fired_at or alert.since
    facts = [f for f in drill.service.journal.facts(paraat.service.Acknowledged) if f.told.alert == alert.id]  # type: ignore[union-attr]
    last = [row.settled_at for row in rows if row.rung == "region" and row.state == "sent" and row.settled_at]
    ended = alert.resolved_at
    seen = min([f.t for f in facts] + ([ended] if ended else []), default=None)
    return Outcome(None if seen is None else seen - begins, None if not last else min(last) - begins)


def rungs(rows: list[Delivery]) -> str:
    """Each rung that was told, when, by which way, and what came back."""
    said = []
    for rung in ("lead", "deputy", "technician", "coordination", "region"):
        for way in ("email", "sms"):
            mine = [row for row in rows if row.rung == rung and row.channel == way and row.reason.startswith("turn-1")]
            if mine:
                row = mine[0]
                said.append(
                    f"{rung} {way} {clock(row.settled_at)} {row.state}"
                    + (f" ({row.attempts}x)" if row.attempts > 1 else "")
                )
    return "; ".join(said)


def report(drill: Drill) -> bool:
    """Print the table and the goals; whether both are met."""
    journal = drill.service.journal
    alerts = sorted(journal.alerts(-1), key=lambda alert: alert.id)
    print(f"{'alert':<34} {'raised':>6} {'turns':>5} {'seen by':>18} {'at':>6}  rungs of the first turn")
    bad: list[str] = []
    for alert in alerts:
        rows = journal.deliveries(alert.id)
        seen = drill.service.acknowledged(alert.id)
        title = f"{alert.id} {alert.rule} {alert.subject.id}"
        held = f"held by {alert.held_by}" if alert.held_by else rungs(rows) or "nobody: over while it was held back"
        by = "-" if seen is None else seen.author.name
        print(f"{title:<34.34} {clock(alert.fired_at):>6} {alert.turn:>5} {by:>18} {clock(seen and seen.t):>6}  {held}")
        told = any(row.rung not in ("log",) for row in rows)
        if alert.severity == "critical" and told and not outcome(drill, alert, rows).good:
            bad.append(title)
    most, worst = 0, ""
    everything = journal.deliveries(*(alert.id for alert in alerts))
    messages = {row.message: row for row in everything if row.state == "sent" and row.rung != "log"}
    by_person: dict[str, list[float]] = {}
    for row in messages.values():
        by_person.setdefault(row.person, []).append(row.settled_at or 0.0)
    for person, times in by_person.items():
        n = max(sum(t <= other < t + HOUR for other in times) for t in times)
        most, worst = max((most, worst), (n, person))
    came = Counter([*drill.mailbox.came, *drill.modem.came])
    assert sum(came.values()) == len(messages), "what the servers took is what the journal says"
    print("\nmessages per person in all:")
    ranked = sorted(by_person.items(), key=lambda one: -len(one[1]))
    print("  " + ", ".join(f"{person} {len(times)}" for person, times in ranked[:12]) + f", ... {len(ranked)} people")
    critical = sum(alert.severity == "critical" for alert in alerts)
    print(f"\n{len(alerts)} alerts, {critical} of them critical; {len(messages)} messages")
    first, second = most <= MOST_IN_AN_HOUR, not bad
    print(
        f"{'PASS' if first else 'FAIL'}: no person gets more than {MOST_IN_AN_HOUR} messages in any hour (most: {most}, {worst})"
    )
    print(
        f"{'PASS' if second else 'FAIL'}: every critical alert is acknowledged, over, or at the last rung within 30 min"
        + (f" (not: {', '.join(bad)})" if bad else "")
    )
    return first and second


def main() -> int:
    """Play the drill. Returns the exit status."""
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        drill = Drill(Path(directory) / "site")
        drill.run()
        good = report(drill)
        drill.service.journal.close()
        for channel in drill.service._channels.values():
            channel.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
