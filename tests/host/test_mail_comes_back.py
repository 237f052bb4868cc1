"""A mail that a server takes and sends back later, whole: a real SMTP server that bounces, into the mailbox of a real IMAP server."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller

from imap_server import ImapServer, mail, report
from paraat.domain.facts import Author, CameBack
from paraat.domain.model import Delivery, SampleSet
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.simulate.servers import LOOPBACK, free_port
from paraat.site import paths
from paraat.site.site import Site, load_site

T0 = 1764000000.0
POINT = "nsp-0101"
ANNA = Author(name="Anna", role="lead", way="page")
SMS = "+31612345678"


class StoryClock:
    t = T0

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class MailServer:
    """It takes every mail. Those to `gone` it sends back, once it gets to it."""

    def __init__(self, imap: ImapServer) -> None:
        self.imap = imap
        self.gone: set[str] = set()
        self.refused: dict[str, str] = {}  # what it says of an address at once
        self.came: list[tuple[str, bytes]] = []
        self.port = free_port()
        self._server = Controller(self, hostname=LOOPBACK, port=self.port)
        self._server.start()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.came += [(to, envelope.content) for to in envelope.rcpt_tos]
        return "250 queued"

    def to(self, address: str) -> list[bytes]:
        return [content for to, content in self.came if to == address]

    def bounce(self) -> None:
        """What lies in its queue goes back."""
        for to, content in self.came:
            if to in self.gone:
                self.imap.deliver(report(content))

    def close(self) -> None:
        self._server.stop()


class Paper:
    """An SMS channel that keeps what it got."""

    name = "sms"

    def __init__(self) -> None:
        self.got: list[str] = []

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Any) -> str:
        self.got.append(message.to)
        return "kept"

    def rest(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is open."""


class Bench:
    """A host whose lead may be reached by mail alone, or by SMS too, with a deputy and one on duty at the coordination point."""

    def __init__(self, directory: Path, imap: ImapServer) -> None:
        self.smtp, self.imap, self.clock, self.sms = MailServer(imap), imap, StoryClock(), Paper()
        self.reach: dict[str, tuple[str, ...]] = {"email": ("anna@example.org",)}
        self.seq = 0
        shutil.copytree(paths.example_site_dir(), directory)
        (directory / "roster.toml").unlink(missing_ok=True)
        with (directory / "site.toml").open("a") as file:
            file.write(
                '\n[channels.email]\nurl_file = "email.url"\n[channels.email.mailbox]\nurl_file = "mailbox.url"\n'
            )
        for name, line in (
            ("email.url", f"mailto://{LOOPBACK}:{self.smtp.port}?from=paraat@example.org&mode=insecure"),
            ("mailbox.url", imap.url),
        ):
            (directory / name).write_text(line)
            (directory / name).chmod(0o600)
        self.read: Site = load_site(directory)
        self.service: Service | None = None

    @property
    def site(self) -> Site:
        people = {
            "anna": Person(id="anna", name="Anna", reach=self.reach),
            "bas": Person(id="bas", name="Bas", reach={"email": ("bas@example.org",)}),
            "cp": Person(id="cp", name="Piket", reach={"email": ("cp@example.org",)}),
        }
        duties = [
            Duty(rung=rung, who=(who,)) for rung, who in (("lead", "anna"), ("deputy", "bas"), ("coordination", "cp"))
        ]
        return msgspec.structs.replace(
            self.read, roster=Roster(zone=self.read.roster.zone, people=people, duties=tuple(duties))
        )

    def start(self) -> Service:
        """The host, also once more: as after a kill, nothing is said goodbye to."""
        if self.service is not None:
            self.service.stop()
        self.service = Service(self.site, clock=self.clock, serve_web=False)
        if "sms" in self.reach:
            self.service._channels["sms"] = self.sms  # type: ignore[assignment]
            self.service._dispatcher._states["sms"] = msgspec.structs.replace(
                self.service._dispatcher._states["log"], name="sms"
            )
            self.service._deliver["sms"] = threading.Event()
        return self.service

    def step(self, seconds: float, values: dict[str, Any] | None = None) -> None:
        """Time passes, and the point says the same."""
        assert self.service is not None
        self.clock.t += seconds
        self.seq += 1
        told = values or {"power/mains": False, "power/generator": False, "fuel/level": 80.0}
        self.service.take(
            [
                SampleSet(
                    point=POINT,
                    kind="telemetry",
                    seq=self.seq,
                    t=self.clock.t,
                    received_at=self.clock.t,
                    values=told,
                    faults={},
                )
            ]
        )
        self.service.step()

    def fires(self) -> int:
        """Until the alert fires and its first messages left; its id."""
        assert self.service is not None
        for _ in range(5):
            self.step(20)
        (alert,) = (one for one in self.service.alerts() if one.rule == "generator_down")
        return alert.id

    def look(self) -> None:
        assert self.service is not None
        self.service.look_at_mailboxes()

    def rows(self, alert: int, channel: str = "email") -> dict[tuple[str, str], Delivery]:
        assert self.service is not None
        found = self.service.journal.deliveries(alert)
        return {(row.person, row.reason): row for row in found if row.channel == channel}

    def close(self) -> None:
        if self.service is not None:
            self.service.stop()
        self.smtp.close()


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    made = ImapServer()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path, imap: ImapServer) -> Iterator[Bench]:
    imap.begin()
    made = Bench(tmp_path / "site", imap)
    yield made
    made.close()


def test_the_next_rung_is_told_at_once_and_once_when_the_leads_mail_comes_back(bench: Bench) -> None:
    service = bench.start()
    bench.smtp.gone = {"anna@example.org"}
    alert = bench.fires()
    assert bench.rows(alert)["anna", "turn-1"].state == "sent"
    assert ("bas", "turn-1") not in bench.rows(alert)
    fired_at = service.journal.alert(alert).fired_at  # type: ignore[union-attr]
    bench.smtp.bounce()
    bench.look()
    bench.step(5)
    assert bench.clock.t < fired_at + 300, "long before the deputy's own time"
    row = bench.rows(alert)["anna", "turn-1"]
    assert (row.state, row.answer) == ("returned", "kwam terug: 5.1.1: 550 5.1.1 no such user")
    assert bench.rows(alert)["bas", "turn-1"].state == "sent"
    assert len(bench.smtp.to("bas@example.org")) == 1
    (told,) = (one for one in service.told(alert) if one.name == "Anna")
    assert (told.state, told.answer) == (row.state, row.answer)
    bench.smtp.bounce()  # the same report once more, and after a start all of them
    bench.look()
    bench.step(5)
    bench.start()
    bench.look()
    bench.step(5)
    assert bench.service is not None
    assert len(bench.service.journal.facts(CameBack)) == 1
    assert len(bench.smtp.to("bas@example.org")) == len(bench.smtp.to("anna@example.org")) == 1


def test_the_coordination_point_hears_whose_address_is_wrong_until_the_roster_is_right(bench: Bench) -> None:
    service = bench.start()
    bench.smtp.gone = {"anna@example.org"}
    bench.fires()
    bench.smtp.bounce()
    bench.look()
    for _ in range(5):
        bench.step(30)
    (alert,) = (one for one in service.alerts() if one.rule == "message_returned")
    assert (alert.subject.kind, alert.subject.id) == ("returns", "email")
    assert alert.detail["why"] == "5.1.1: 550 5.1.1 no such user"
    assert "Niet bereikt: Anna" in "".join(one.decode() for one in bench.smtp.to("cp@example.org"))
    bench.reach = {"email": ("anna.devries@example.org",)}
    service = bench.start()
    for _ in range(3):
        bench.step(30)
    assert not [one for one in service.alerts() if one.rule == "message_returned" and one.state == "firing"]


def test_the_other_ways_of_somebody_are_used_and_nobody_else_is_woken(bench: Bench) -> None:
    bench.reach = {"email": ("anna@example.org",), "sms": (SMS,)}
    service = bench.start()
    bench.smtp.gone = {"anna@example.org"}
    alert = bench.fires()
    assert bench.sms.got == [SMS]
    bench.smtp.bounce()
    bench.look()
    bench.step(5)
    assert bench.rows(alert)["anna", "turn-1"].state == "returned"
    assert ("bas", "turn-1") not in bench.rows(alert), "she has the SMS"
    service.journal.add_deliveries(
        [msgspec.structs.replace(row, id=0, reason="turn-2", state="due", attempts=0, message="", due_at=bench.clock.t)
         for channel in ("email", "sms") for row in [bench.rows(alert, channel)["anna", "turn-1"]]]
    )  # fmt: skip
    bench.step(600)
    assert bench.rows(alert, "sms")["anna", "turn-2"].state == "sent", "the way that works goes first now"


@pytest.mark.parametrize("words", ["550 no such mailbox", "550 5.1.1 user unknown", "553 5.1.3 bad address"])
def test_an_address_that_is_refused_at_once_is_the_same(bench: Bench, words: str) -> None:
    service = bench.start()
    bench.smtp.refused = {"anna@example.org": words}
    alert = bench.fires()
    bench.step(5)
    row = bench.rows(alert)["anna", "turn-1"]
    assert (row.state, row.answer, row.attempts) == ("returned", f"kwam terug: {words}", 1)
    assert bench.rows(alert)["bas", "turn-1"].state == "sent"
    assert not [one for one in service._dispatcher.states() if one.name == "email" and one.failing_since is not None]
    assert len(service.journal.facts(CameBack)) == 1


@pytest.mark.parametrize(
    "words", ["451 try again later", "554 5.7.1 relay access denied", "550 5.7.26 not authenticated"]
)
def test_what_is_refused_for_another_reason_is_tried_again(bench: Bench, words: str) -> None:
    service = bench.start()
    bench.smtp.refused = {"anna@example.org": words}
    alert = bench.fires()
    bench.step(5)
    assert bench.rows(alert)["anna", "turn-1"].state == "due"
    assert service.journal.facts(CameBack) == []
    bench.smtp.refused = {}
    bench.step(120)
    assert bench.rows(alert)["anna", "turn-1"].state == "sent"


def test_who_acknowledged_has_it_whatever_comes_back_later(bench: Bench) -> None:
    service = bench.start()
    bench.smtp.gone = {"anna@example.org"}
    alert = bench.fires()
    service.acknowledge(alert, ANNA)
    bench.smtp.bounce()
    bench.look()
    bench.step(5)
    assert bench.rows(alert)["anna", "turn-1"].state == "returned"
    assert ("bas", "turn-1") not in bench.rows(alert)


def test_a_report_that_is_forged_of_another_program_or_only_late_changes_nothing(bench: Bench) -> None:
    service = bench.start()
    alert = bench.fires()
    (content,) = bench.smtp.to("anna@example.org")
    bench.imap.deliver(report(mail(f"{alert}/turn-1/anna/email/1")))
    bench.imap.deliver(report(mail("")))
    bench.imap.deliver(report(content, action="delayed", status="4.4.1"))
    bench.imap.deliver(report(content.replace(b"X-Paraat-Message: ", b"X-Paraat-Message: A")))
    bench.look()
    bench.step(5)
    assert bench.rows(alert)["anna", "turn-1"].state == "sent"
    assert service.journal.facts(CameBack) == []


def test_a_test_that_comes_back_shows_a_wrong_address_before_it_matters(bench: Bench) -> None:
    service = bench.start()
    bench.smtp.gone = {"anna@example.org"}
    service.test_alerts(POINT)
    for _ in range(2):
        bench.smtp.bounce()
        bench.look()
    for _ in range(5):
        bench.step(30, {"power/mains": True, "power/generator": False, "fuel/level": 80.0})
    (fact,) = service.journal.facts(CameBack)
    assert isinstance(fact.told, CameBack)
    assert (fact.told.channel, fact.told.address, fact.told.alerts) == ("email", "anna@example.org", ())
    assert "message_returned" in {one.rule for one in service.alerts() if one.state == "firing"}


def test_a_mailbox_that_cannot_be_looked_into_is_an_alert_and_on_the_screen(bench: Bench) -> None:
    (bench.read.directory / "mailbox.url").write_text(f"imap://a:b@{LOOPBACK}:{free_port()}")
    service = bench.start()
    bench.look()
    for _ in range(17):
        bench.look()
        bench.step(60, {"power/mains": True, "power/generator": False, "fuel/level": 80.0})
    assert "mailbox_fails" in {one.rule for one in service.alerts() if one.state == "firing"}
    (check,) = (one for one in service.health() if one.name == "mailbox")
    assert "Connection refused" in str(check.detail)
