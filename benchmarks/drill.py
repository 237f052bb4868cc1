"""A drill of being told: 60 points, a blackout, the broker killed for 20 minutes, the mail server away for two hours, a modem
that hangs, one lead who never answers, one whom no mail reaches, and one point where nobody answers. Prints who was told what and what came back, how each
alert was acknowledged, and whether the two goals were met.

    make drill

Real are: host, journal, rules, queue, texts and helper processes; mosquitto, which is killed (SIGKILL); the SMTP server, which is
stopped, and which sends the mails to one address back, into a mailbox on a real IMAP server; a GSM modem at the bus (a pseudo-terminal that speaks AT commands to gammu), which stops answering; the page, which is
asked over HTTP. People answer with what they got: the link of the mail, the code of the SMS, the button of the board, a code
over the radio, the coordination point's screen.

Made up are the points' readings and the people. Time is the drill's: a step of 15 seconds comes once all that was sent is stored,
and while nothing waits it takes some milliseconds. Where a real part keeps the host waiting, LIMIT_S real seconds stand for
the HANGS_S after which a modem is said to hang.
"""

import email
import email.policy
import json
import logging
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import paho.mqtt.client as mqtt
from aiosmtpd.controller import Controller
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from gsm_modem import GsmModem
from imap_server import ImapServer
from imap_server import report as bounce_of
from paraat.domain.facts import Acknowledged, CameBack
from paraat.domain.model import AlertState, Delivery, Value
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import paths
from paraat.site.broker import BrokerSettings
from paraat.site.channels import Modem
from paraat.site.site import Site, WebSettings, load_site
from paraat.web.app import create_app
from paraat.web.server import serve
from paraat_wire import codec, host_codec, topics

ZONE = ZoneInfo("Europe/Amsterdam")
T0 = datetime(2026, 11, 26, 17, 0, tzinfo=ZONE).timestamp()
MINUTE, HOUR = 60.0, 3600.0
STEP_S = 15.0
ENDS_S = 5 * HOUR
BLACKOUT_S, MAINS_BACK_S = 10 * MINUTE, 4.5 * HOUR
BROKER_AWAY_S = (2 * HOUR, 2 * HOUR + 20 * MINUTE)
MAIL_AWAY_S = (1 * HOUR, 3 * HOUR)
MODEM_HANGS_S = (25 * MINUTE, 35 * MINUTE)
POINTS = [f"nsp-{n:04}" for n in range(1, 61)]
SILENT_LEAD, NOBODY, NO_MAIL = "nsp-0007", "nsp-0013", "nsp-0021"
NOT_STARTING = ("nsp-0007", "nsp-0013", "nsp-0021", "nsp-0034", "nsp-0055")
MOST_IN_AN_HOUR, LAST_RUNG_WITHIN_S = 6, 30 * MINUTE
OUTSIDE = "cp.example.nl"
LIMIT_S, HANGS_S = 12.0, 45.0  # gammu takes six to open the port
_SLOW_S = 0.5  # what takes longer kept the host waiting
_REAL_S = 90.0  # for something that must come about


class StoryClock:
    """Time that the drill moves."""

    t = T0

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait in real time; the drill's stands still meanwhile."""
    ends_s = time.monotonic() + _REAL_S
    while not is_so():
        if time.monotonic() > ends_s:
            raise TimeoutError(what)
        time.sleep(0.002)


class Mailbox:
    """What the SMTP server took: (address, text), the newest last. back: what goes back, of an address that is not there."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []
        self.back: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = message.get_body(("plain",))
        self.back += [envelope.content for to in envelope.rcpt_tos if to == f"lead-{NO_MAIL}@example.org"]
        self.came += [(to, "" if part is None else part.get_content()) for to in envelope.rcpt_tos]
        return "250 OK"

    def last(self, address: str) -> str:
        return next((text for to, text in reversed(self.came) if to == address), "")


class Life:
    """One point: its mains, its generator and its tank."""

    def __init__(self, point: str, lots: Random) -> None:
        self.point = point
        self.level = lots.uniform(14, 95)
        self.starts = point not in NOT_STARTING
        self.stops_s = lots.uniform(2, 4) * HOUR if lots.random() < 0.05 else ENDS_S
        self.offset = lots.randrange(4)
        self.seq = 0
        self.kept: dict[int, tuple[str, bytes]] = {}  # topic and payload by seq: what the host has not stored yet

    def read(self, story_s: float) -> None:
        """A set each minute."""
        if int(story_s // STEP_S) % 4 != self.offset:
            return
        out = BLACKOUT_S <= story_s < MAINS_BACK_S
        runs = out and self.starts and story_s < self.stops_s and self.level > 0
        if runs:
            self.level = max(0.0, self.level - 9.5 / 4 / 60)
        self.keep(
            topics.TELEMETRY,
            story_s,
            {"power/mains": not out, "power/generator": runs, "fuel/level": round(self.level, 2)},
        )

    def press(self, story_s: float) -> None:
        """Somebody presses the button of the board."""
        self.keep(topics.EVENT, story_s, {"button/ack": True})

    def keep(self, leaf: str, story_s: float, values: dict[str, Value]) -> None:
        self.seq += 1
        said = codec.encode_set(self.point, self.seq, int(T0 + story_s), codec.encode_records(values.items(), ()))
        self.kept[self.seq] = (topics.topic(self.point, leaf), host_codec.encode_pack([said]))


class Boards:
    """The connection of all the boards. They keep what the broker does not take, and do what the host commands."""

    def __init__(self, port: int, lives: list[Life]) -> None:
        self.lives = lives
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="boards")
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_command
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(1000)
        self.client.connect_async(LOOPBACK, port)
        self.client.loop_start()

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(topics.topic("+", topics.COMMAND), 1)
        for life in self.lives:
            state = {"online": True, "boot": 1, "reset": "pwron", "fw": "drill", "clock": "host", "next": 1}
            client.publish(topics.topic(life.point, topics.STATE), codec.encode_state(state), qos=1, retain=True)

    def _on_command(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        found = topics.parse(message.topic)
        order = json.loads(message.payload)
        if found is not None:
            reply = {"id": order["id"], "ok": True, "result": {"buzzer": True}}
            client.publish(topics.topic(found[0], topics.REPLY), json.dumps(reply).encode(), qos=1)

    def send(self) -> None:
        for life in self.lives:
            for topic, payload in life.kept.values():
                self.client.publish(topic, payload, qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def a_site(directory: Path, mail_port: int, mailbox: str, broker_port: int, modem: str) -> Site:
    """60 points, each with a lead and a deputy by mail and SMS; one on duty at the coordination point, one in the region."""
    shutil.copytree(paths.example_site_dir(), directory)
    (directory / "roster.toml").unlink(missing_ok=True)
    settings = (directory / "site.toml").read_text()
    (directory / "site.toml").write_text(
        f'{settings}\n[channels.email]\nurl_file = "email.url"\nlimit_s = 10\n[channels.email.mailbox]\nurl_file = "mailbox.url"\n'
    )
    mail = f"mailto://{LOOPBACK}:{mail_port}?from=paraat@example.org&mode=insecure"
    for name, line in (("email.url", mail), ("mailbox.url", mailbox)):
        (directory / name).write_text(line)
        (directory / name).chmod(0o600)
    site = load_site(directory)
    place = site.points["nsp-0101"]
    people = ["cp", "region", *(f"{rung}-{name}" for name in POINTS for rung in ("lead", "deputy"))]
    numbers = {one: f"+316{n:08}" for n, one in enumerate(people)}
    duties = [Duty(rung="coordination", who=("cp",)), Duty(rung="region", who=("region",))]
    duties += [Duty(rung="lead", who=(f"lead-{name}",), points=(name,)) for name in POINTS]
    duties += [Duty(rung="deputy", who=(f"deputy-{name}",), points=(name,)) for name in POINTS]
    reach = {one: {"email": (f"{one}@example.org",), "sms": (numbers[one],)} for one in people}
    del reach[f"lead-{NO_MAIL}"]["sms"]
    return msgspec.structs.replace(
        site,
        broker=BrokerSettings(port=broker_port),
        web=WebSettings(port=free_port(), base_url=f"https://{OUTSIDE}"),
        channels=msgspec.structs.replace(site.channels, sms=Modem(device=modem, limit_s=LIMIT_S)),
        points={name: msgspec.structs.replace(place, id=name, name=f"Punt {name[-2:]}") for name in POINTS},
        profiles=dict.fromkeys(POINTS, site.profiles["nsp-0101"]),
        roster=Roster(
            zone=ZONE,
            people={one: Person(id=one, name=one, reach=reach[one]) for one in people},
            duties=tuple(duties),
        ),
    )


class Answer(NamedTuple):
    """Somebody will say that he sees to it, in one of the ways."""

    at: float
    alert: int
    person: str
    way: str


class Drill:
    """The host of the drill, what it speaks with, and its people."""

    def __init__(self, directory: Path) -> None:
        self.clock, self.mailbox, self.modem, self.imap = StoryClock(), Mailbox(), GsmModem(), ImapServer()
        self.mail_port = free_port()
        self.broker = MosquittoBroker(directory / "broker")
        self.broker.start()
        self.site = a_site(directory / "site", self.mail_port, self.imap.url, self.broker.port, self.modem.device)
        self.service = Service(self.site, clock=self.clock, serve_web=False)
        self.page = serve(create_app(self.service, base_url=self.site.web.base_url), LOOPBACK, self.site.web.port)
        self.lots = Random(11)
        self.lives = {point: Life(point, self.lots) for point in POINTS}
        self.boards = Boards(self.broker.port, list(self.lives.values()))
        self.service.listen()
        self.answers: list[Answer] = []
        self.refused: Counter[str] = Counter()
        self.server: Controller | None = None
        self.busy_until = dict.fromkeys(self.service.channels, 0.0)
        self.away = False
        self.read_at = -1.0  # when the boards last read their sensors

    @property
    def story_s(self) -> float:
        return self.clock.t - T0

    def run(self) -> None:
        """Play it to its end."""
        until(lambda: self.connected, "the broker takes host and boards")
        for step in range(int(ENDS_S / STEP_S)):
            self.clock.t = T0 + STEP_S * step
            self.serve_mail(not _within(self.story_s, MAIL_AWAY_S))
            self.serve_broker(not _within(self.story_s, BROKER_AWAY_S))
            self.modem.hangs = _within(self.story_s, MODEM_HANGS_S)
            self.points_say()
            self.service.judge()
            self.messages_leave()
            self.mails_come_back()
            self.people_read()
            self.people_answer()
            if not self.away and any(life.kept for life in self.lives.values()):  # a button was pressed
                self.points_say()
                self.service.judge()
            if step % 40 == 0 and sys.stderr.isatty():
                print(f"\r{clock(self.clock.t)} ", end="", file=sys.stderr, flush=True)

    @property
    def connected(self) -> bool:
        return self.service.connected and self.boards.client.is_connected()

    def serve_mail(self, there: bool) -> None:
        if there and self.server is None:
            self.server = Controller(self.mailbox, hostname=LOOPBACK, port=self.mail_port)
            self.server.start()
        elif not there and self.server is not None:
            self.server.stop()
            self.server = None

    def serve_broker(self, there: bool) -> None:
        """Killed without a warning, and started again; time goes on once both sides have seen it."""
        if there == (not self.away):
            return
        self.away = not there
        if there:
            self.broker.start()
            until(lambda: self.connected, "host and boards find the broker again")
        else:
            self.broker.kill()
            until(
                lambda: not self.service.connected and not self.boards.client.is_connected(), "all see that it is gone"
            )

    def points_say(self) -> None:
        """Without a broker a board keeps what it read; what it sent it keeps until the host has stored it."""
        if self.read_at != self.clock.t:
            self.read_at = self.clock.t
            for life in self.lives.values():
                life.read(self.story_s)
        if self.away:
            return
        self.boards.send()
        waiting = [life for life in self.lives.values() if life.kept]
        stored = self.service.journal.stored
        until(lambda: all(stored(life.point) == life.seq for life in waiting), "what the boards sent is stored")
        for life in waiting:
            life.kept.clear()

    def messages_leave(self) -> None:
        """Each channel on its own: one that keeps the host waiting holds no other up."""
        for name in self.service.channels:
            while self.busy_until[name] <= self.clock.t and self.timed(
                name, lambda name=name: self.service.send_next(name)
            ):
                pass
        if self.busy_until["sms"] <= self.clock.t:
            self.timed("sms", self.service.look_at_modem)

    def mails_come_back(self) -> None:
        """Each minute the mail server sends back what it could not deliver, and the host looks."""
        if self.story_s % MINUTE:
            return
        while self.mailbox.back:
            self.imap.deliver(bounce_of(self.mailbox.back.pop(0)))
        self.service.look_at_mailboxes()

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        began_s = time.monotonic()
        found = work()
        took_s = time.monotonic() - began_s
        if took_s > _SLOW_S:
            self.busy_until[name] = self.clock.t + took_s * HANGS_S / LIMIT_S
        return found

    def people_read(self) -> None:
        """Who got a message answers after a while; who only reads along does not."""
        for row in self.sent_now():
            delay_s = self.answers_after_s(row)
            if delay_s is not None:
                self.answers.append(Answer(self.clock.t + delay_s, row.alert_id, row.person, self.way_of(row)))

    def sent_now(self) -> Iterator[Delivery]:
        """Of each message the row that matters most: that of a critical alert which somebody is to see to."""
        by_message: dict[str, list[Delivery]] = {}
        for row in self.service.journal.sent_since(self.clock.t):
            if row.state == "sent" and row.settled_at == self.clock.t and row.rung not in ("log", "board"):
                by_message.setdefault(row.message, []).append(row)
        for rows in by_message.values():
            yield next((row for row in rows if self.is_to_act(row)), rows[0])

    def is_to_act(self, row: Delivery) -> bool:
        alert = self.service.journal.alert(row.alert_id)
        reads_along = row.reason.startswith(("copy", "resolved", "left"))
        return alert is not None and alert.severity == "critical" and not reads_along

    def answers_after_s(self, row: Delivery) -> float | None:
        point = row.person.partition("-")[2]
        alert = self.service.journal.alert(row.alert_id)
        silent = point == NOBODY or row.person == f"lead-{SILENT_LEAD}"
        silent = silent or (row.person == f"lead-{NO_MAIL}" and row.channel == "email")
        if silent or alert is None or not self.is_to_act(row) or (row.person == "cp" and alert.point == NOBODY):
            return None
        return self.lots.uniform(1, 9) * MINUTE

    def way_of(self, row: Delivery) -> str:
        """Some press the button, some have only a radio; the others answer by what they got."""
        if row.person in ("cp", "region"):
            return "page"
        n = int(row.person[-2:])
        if row.rung == "lead" and n % 5 == 0:
            return "button"
        if n % 7 == 0:
            return "radio"
        return {"email": "link", "sms": "sms"}[row.channel]

    def people_answer(self) -> None:
        for answer in [one for one in self.answers if one.at <= self.clock.t]:
            self.answers.remove(answer)
            alert = self.service.journal.alert(answer.alert)
            seen = self.service.acknowledged(answer.alert)
            if alert is not None and alert.stage(None if seen is None else seen.t) == "firing":
                getattr(self, f"by_{answer.way}")(answer, alert)

    def by_link(self, answer: Answer, _alert: AlertState) -> None:
        found = re.search(rf"https://{OUTSIDE}(/seen/\S+)", self.mailbox.last(f"{answer.person}@example.org"))
        self.ask(answer, found[1] if found else "/seen/none", None, OUTSIDE)

    def by_page(self, answer: Answer, _alert: AlertState) -> None:
        self.ask(answer, f"/api/v1/alerts/{answer.alert}/acknowledge", {"by": answer.person})

    def by_radio(self, answer: Answer, _alert: AlertState) -> None:
        """He reads the code of his sheet aloud; who hears it types it in."""
        code = str(self.service.answers.book.of_alert(answer.alert))
        self.ask(answer, "/api/v1/codes", {"code": code, "by": answer.person})

    def by_sms(self, answer: Answer, _alert: AlertState) -> None:
        number = self.site.roster.people[answer.person].addresses("sms")[0]
        text = next((text for to, text, _ in reversed(self.modem.sent) if to == number), "")
        found = re.search(r"OK (\d{4,5})$", text)
        self.modem.receive(number, f"OK {found[1]}" if found else "OK")

    def by_button(self, _answer: Answer, alert: AlertState) -> None:
        self.lives[alert.point or ""].press(self.story_s)

    def ask(self, answer: Answer, path: str, body: dict[str, str] | None, host: str | None = None) -> None:
        connection = HTTPConnection(LOOPBACK, self.site.web.port, timeout=_REAL_S)
        headers = {"content-type": "application/json"} | ({"host": host} if host else {})
        connection.request("POST", path, None if body is None else json.dumps(body), headers)
        status = connection.getresponse().status
        connection.close()
        if status != 200:
            self.refused[f"{answer.way} {status}"] += 1

    def close(self) -> None:
        self.serve_mail(False)
        self.page.stop()
        self.service.stop()
        self.boards.close()
        self.broker.stop()
        self.modem.close()
        self.imap.close()


def _within(t: float, span: tuple[float, float]) -> bool:
    return span[0] <= t < span[1]


class Outcome(NamedTuple):
    """What became of one turn of a critical alert: seconds until somebody saw to it, and until the last rung was told."""

    seen_s: float | None
    over_s: float | None
    last_rung_s: float | None

    @property
    def good(self) -> bool:
        return min((t for t in self if t is not None), default=float("inf")) <= LAST_RUNG_WITHIN_S


def clock(t: float | None) -> str:
    """A moment as a clock shows it."""
    return "-" if t is None else f"{datetime.fromtimestamp(t, ZONE):%H:%M}"


def outcome(alert: AlertState, rows: list[Delivery], seen: list[float]) -> Outcome:
    """Of the alert's first turn."""
    begins = alert.fired_at or alert.since
    last = [row.settled_at for row in rows if row.rung == "region" and row.state == "sent" and row.settled_at]
    over = None if alert.resolved_at is None else alert.resolved_at - begins
    return Outcome(min(seen) - begins if seen else None, over, min(last) - begins if last else None)


def rungs(rows: list[Delivery]) -> Iterator[str]:
    """Each rung that was told in the first turn, when, by which way, and what came back."""
    for row in rows:
        if row.reason.rstrip("+") in ("turn-1", "copy-1") and row.rung != "log":
            tries = f" after {row.attempts} tries" if row.attempts > 1 else ""
            came = f": {row.answer}" if row.answer else ""
            copy = " (reads along)" if row.reason.startswith("copy") else ""
            yield f"{clock(row.settled_at)} {row.rung}{copy} {row.channel} {row.state}{tries}{came}"


def report(drill: Drill) -> bool:
    """Print the table and the goals; whether both are met."""
    journal = drill.service.journal
    alerts = sorted(journal.alerts(-1), key=lambda alert: alert.id)
    seen: dict[int, list[tuple[float, str]]] = {}
    for fact in journal.facts(Acknowledged):
        assert isinstance(fact.told, Acknowledged)
        seen.setdefault(fact.told.alert, []).append((fact.t, f"{fact.author.name} by {fact.author.way}"))
    print(f"{'alert':<38} {'raised':>6} {'turns':>5}  {'acknowledged':<34} over")
    bad: list[str] = []
    how: Counter[str] = Counter()
    for alert in alerts:
        rows = journal.deliveries(alert.id)
        mine = seen.get(alert.id, [])
        title = f"{alert.id} {alert.rule} {alert.subject.id}"
        by = f"{clock(mine[0][0])} {mine[0][1]}" if mine else "-"
        print(f"{title:<38.38} {clock(alert.fired_at):>6} {alert.turn:>5}  {by:<34} {clock(alert.resolved_at)}")
        for line in rungs(rows) if not alert.held_by else (f"held back by {alert.held_by}",):
            print(f"    {line}")
        told = any(row.rung not in ("log", "board") for row in rows)
        if alert.severity == "critical" and told:
            found = outcome(alert, rows, [t for t, _ in mine])
            how[_how(found)] += 1
            bad += [] if found.good else [title]
    everything = journal.deliveries(*(alert.id for alert in alerts))
    messages = {row.message: row for row in everything if row.state == "sent" and row.rung not in ("log", "board")}
    by_person: dict[str, list[float]] = {}
    for row in messages.values():
        by_person.setdefault(row.person, []).append(row.settled_at or 0.0)
    most = max((max(sum(t <= o < t + HOUR for o in times) for t in times), who) for who, times in by_person.items())
    _came(drill, messages)
    ranked = sorted(by_person.items(), key=lambda one: -len(one[1]))
    first_hour = {who: sum(t < min(times) + HOUR for t in times) for who, times in by_person.items()}
    print("\nmessages per person (in the first hour, in all):")
    print("  " + ", ".join(f"{who} {first_hour[who]}, {len(times)}" for who, times in ranked))
    ways = Counter(told.rpartition(" ")[2] for found in seen.values() for _, told in found)
    print(
        f"\nacknowledged by: {', '.join(f'{way} {n}' for way, n in ways.most_common())}; refused: {dict(drill.refused)}"
    )
    back = journal.facts(CameBack)
    told_of = [alert for alert in alerts if alert.rule == "message_returned"]
    print(f"came back: {len(back)} mails to lead-{NO_MAIL}; {len(told_of)} alert of it")
    critical = sum(alert.severity == "critical" for alert in alerts)
    print(f"{len(alerts)} alerts, {critical} of them critical; {len(messages)} messages in {ENDS_S / HOUR:g} hours")
    print(f"critical ones within 30 min: {', '.join(f'{n} {what}' for what, n in how.most_common())}")
    met = (most[0] <= MOST_IN_AN_HOUR, not bad)
    print(
        f"{_word(met[0])}: no person gets more than {MOST_IN_AN_HOUR} messages in the first hour, nor in any other "
        f"(most: {most[0]}, {most[1]})"
    )
    print(
        f"{_word(met[1])}: every critical alert is acknowledged, over, or at the last rung within 30 min"
        + (f" (not: {', '.join(bad)})" if bad else "")
    )
    return all(met)


def _how(found: Outcome) -> str:
    if not found.good:
        return "nothing of it"
    named = {"acknowledged": found.seen_s, "over": found.over_s, "at the last rung": found.last_rung_s}
    return min((t, what) for what, t in named.items() if t is not None)[1]


def _came(drill: Drill, messages: dict[str, Delivery]) -> None:
    """What the servers took is what the journal says."""
    for channel, came in (
        ("email", Counter(to for to, _ in drill.mailbox.came)),
        ("sms", Counter(to for to, _, _ in drill.modem.sent)),
    ):
        said = Counter(row.address for row in messages.values() if row.channel == channel)
        assert said <= came, f"{channel}: {said - came} never came"


def _word(met: bool) -> str:
    return "PASS" if met else "FAIL"


def main() -> int:
    """Play the drill. Returns the exit status."""
    logging.disable(logging.ERROR)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        drill = Drill(Path(directory))
        try:
            drill.run()
            good = report(drill)
        finally:
            drill.close()
    print(f"({time.monotonic() - began_s:.0f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
