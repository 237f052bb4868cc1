"""The thread of the modem, with a modem at the bus: answers, delivery reports, and the test that it sends itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paraat.alerts.by_sms import Heard
from paraat.alerts.channels.sms import SmsChannel
from paraat.alerts.modem_watch import ModemWatch
from paraat.domain.facts import Fact, ModemTested
from paraat.site.channels import Modem
from waiting import wait_for

pytestmark = pytest.mark.needs("gammu")

NOW = 1764000000.0
OWN, LEAD = "+31653131313", "+31612345678"
WEEK_S = 168 * 3600.0


class Answers:
    """What becomes of each answer, as by_sms.BySms says it."""

    def __init__(self) -> None:
        self.heard_of: list[tuple[str, str]] = []
        self.fails: Exception | None = None

    def heard(self, number: str, text: str, now: float) -> Heard:
        if self.fails is not None:
            raise self.fails
        self.heard_of.append((number, text))
        return Heard("acknowledged", answer="Dank u.")


class Journal:
    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.tests: list[float | None] = []

    def note_answer(self, message: str, answer: str) -> None:
        self.answers.append((message, answer))

    def record(self, told: ModemTested, author: Any, *, t: float, now: float) -> Fact:
        self.tests.append(told.after_s)
        return Fact(id=1, after=0, t=t, recorded_at=now, author=author, told=told)


class Watched:
    def __init__(self, modem: Any, *, tested_at: float | None = None, **settings: Any) -> None:
        self.modem = modem
        self.channel = SmsChannel(Modem(device=modem.device, limit_s=60.0, **settings))
        self.answers, self.journal = Answers(), Journal()
        self.counted: list[str] = []
        self.returned: list[tuple[str, str, float]] = []
        self.watch = ModemWatch(
            self.channel,
            self.answers,  # type: ignore[arg-type]
            self.journal,
            came_back=self._came_back,
            language="nl",
            count=self.counted.append,
            tested_at=tested_at,
        )

    def _came_back(self, message: str, why: str, now: float) -> str:
        self.returned.append((message, why, now))
        return "kept"

    def sent_to(self, number: str) -> list[str]:
        return [text for to, text, _ in self.modem.sent if to == number]


@pytest.fixture
def modem() -> Iterator[Any]:
    from gsm_modem import GsmModem

    made = GsmModem()
    yield made
    made.close()


def test_an_answer_is_heard_once_counted_and_answered(modem: Any) -> None:
    watched = Watched(modem)
    modem.receive(LEAD, "OK 1234")
    for second in range(3):
        watched.watch.look(NOW + second)
    assert watched.answers.heard_of == [(LEAD, "OK 1234")]
    assert watched.counted == ["acknowledged"]
    assert watched.sent_to(LEAD) == ["Dank u."]
    watched.channel.close()


def test_an_answer_that_could_not_be_kept_is_heard_again(modem: Any) -> None:
    watched = Watched(modem)
    modem.receive(LEAD, "OK 1234")
    watched.answers.fails = OSError("the disk is full")
    with pytest.raises(OSError, match="full"):
        watched.watch.look(NOW)
    watched.answers.fails = None
    watched.watch.look(NOW + 10)
    assert watched.answers.heard_of == [(LEAD, "OK 1234")]
    watched.channel.close()


def test_two_machines_do_not_answer_each_other_for_ever(modem: Any) -> None:
    watched = Watched(modem)
    for turn in range(9):
        modem.receive(LEAD, f"Ik ben er niet {turn}")
        watched.watch.look(NOW + turn)
    assert len(watched.answers.heard_of) == 9
    assert len(watched.sent_to(LEAD)) == 5
    watched.channel.close()


def test_a_test_to_its_own_number_comes_back_and_is_kept(modem: Any) -> None:
    watched = Watched(modem, own_number=OWN)
    watched.watch.look(NOW)
    (sent,) = watched.sent_to(OWN)
    assert sent.startswith("Paraat: test van de modem, ")
    modem.receive(OWN, sent)
    watched.watch.look(NOW + 12)
    assert watched.journal.tests == [12.0]
    assert watched.answers.heard_of == [], "it is nobody's answer"
    assert watched.watch.problem == ""
    watched.watch.look(NOW + 12 + WEEK_S - 1)
    assert len(watched.sent_to(OWN)) == 1
    watched.watch.look(NOW + 12 + WEEK_S)
    assert len(watched.sent_to(OWN)) == 2
    watched.channel.close()


def test_one_that_does_not_come_back_is_said_and_tried_again(modem: Any) -> None:
    watched = Watched(modem, own_number=OWN, tested_at=NOW - WEEK_S)
    watched.watch.look(NOW)
    watched.watch.look(NOW + 600)
    assert (watched.watch.problem, watched.watch.failing_since) == ("", None)
    watched.watch.look(NOW + 601)
    assert watched.watch.failing_since == NOW + 601
    assert watched.journal.tests == [None]
    assert "sends, but nothing comes back" in watched.watch.problem
    late = watched.sent_to(OWN)[0]
    modem.receive(OWN, late)  # an hour too late
    watched.watch.look(NOW + 601 + 1800)
    assert watched.watch.failing_since == NOW + 601
    assert watched.answers.heard_of == []
    modem.receive(OWN, watched.sent_to(OWN)[1])
    watched.watch.look(NOW + 601 + 1805)
    assert watched.journal.tests == [None, 5.0]
    assert (watched.watch.problem, watched.watch.failing_since) == ("", None)
    watched.channel.close()


def test_a_modem_that_was_tested_of_late_is_not_tested_at_each_start(modem: Any) -> None:
    watched = Watched(modem, own_number=OWN, tested_at=NOW - 3600)
    watched.watch.look(NOW)
    assert modem.sent == []
    watched.channel.close()


def test_delivery_reports_are_kept_with_the_message(modem: Any) -> None:
    from paraat.alerts.channels import Message

    watched = Watched(modem)
    watched.watch.look(NOW)
    message = Message(to=LEAD, subject="", body="", short="Brandstof", severity="critical", key="7/turn-1/anna/sms/3")
    watched.channel.send(message)
    modem.report(LEAD, 1)
    wait_for(lambda: watched.watch.look(NOW) or watched.journal.answers)
    assert watched.journal.answers == [("7/turn-1/anna/sms/3", "aangekomen op de telefoon")]
    modem.report(LEAD, 1, arrived=None)
    modem.report(LEAD, 1, arrived=False)
    wait_for(lambda: watched.watch.look(NOW) or watched.returned)
    assert watched.returned == [("7/turn-1/anna/sms/3", "the network could not bring it to the phone", NOW)]
    assert len(watched.journal.answers) == 1
    watched.channel.close()


def test_a_modem_that_hangs_is_said_and_stops_no_look(tmp_path: Path) -> None:
    class Gone:
        device = str(tmp_path / "none")

    watched = Watched(Gone())
    watched.watch.look(NOW)
    assert "Is it plugged in" in watched.watch.problem
    watched.channel.close()
