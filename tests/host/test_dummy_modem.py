"""The host with the phone that gammu itself makes up (`model = dummy`): a whole alert by SMS, an answer, a stranger, a failure.

It is gammu's own backend: a folder, with a folder of messages each. It takes what is sent, gives each message the reference 255 and
keeps none, and it knows no delivery reports and never hangs by itself: those are tried with the modem at the bus (gsm_modem.py).
"""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paraat.domain.facts import SmsTaken, WrongReply
from paraat.domain.model import SampleSet
from paraat.domain.roster import Duty, Person, Roster
from paraat.service import Service
from paraat.site import paths
from paraat.site.channels import Channels, Modem, Siren
from paraat.site.site import load_site

pytestmark = pytest.mark.needs("gammu")

T0 = 1764000000.0
POINT = "nsp-0101"
LEAD, DEPUTY, STRANGER = "+31612345678", "+31687654321", "+31600000000"


class StoryClock:
    t = T0

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("nothing waits: the host is not started")


class Phone:
    """gammu's own phone: a folder."""

    def __init__(self, folder: Path) -> None:
        import gammu

        self.folder = folder
        self.folder.mkdir()
        rc = folder.with_suffix(".gammurc")
        rc.write_text(f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {folder}\n")
        self._machine = gammu.StateMachine()
        self._machine.ReadConfig(0, 0, str(rc))
        self._machine.Init()

    def receive(self, number: str, text: str) -> None:
        """gammu puts an SMS into the inbox."""
        told = {
            "Text": text,
            "Number": number,
            "SMSC": {"Location": 1},
            "Folder": 1,
            "State": "UnRead",
            "Type": "Deliver",
        }
        self._machine.AddSMS(told | {"Coding": "Default_No_Compression"})

    @property
    def lying(self) -> int:
        """How many messages lie in its inbox."""
        return len(list((self.folder / "sms/1").iterdir()))


class Bench:
    def __init__(self, directory: Path) -> None:
        self.clock, self.phone = StoryClock(), Phone(directory / "phone")
        modem = Modem(device=str(self.phone.folder), connection="none", model="dummy", limit_s=60.0)
        shutil.copytree(paths.example_site_dir(), directory / "site")
        site = load_site(directory / "site")
        people = {
            name: Person(id=name.lower(), name=name, reach={"sms": (number,)})
            for name, number in (("Anna", LEAD), ("Bas", DEPUTY))
        }
        self.site = msgspec.structs.replace(
            site,
            channels=Channels(sms=modem, siren=Siren(on=False)),
            roster=Roster(
                zone=site.roster.zone,
                people={person.id: person for person in people.values()},
                duties=(Duty(rung="lead", who=("anna",)), Duty(rung="deputy", who=("bas",))),
            ),
        )
        self.service = Service(self.site, clock=self.clock, serve_web=False)
        self.seq = 0

    def step(self, seconds: float) -> None:
        """Time passes at a point without power."""
        self.clock.t += seconds
        self.seq += 1
        values: dict[str, Any] = {"power/mains": False, "power/generator": False}
        self.service.take(
            [
                SampleSet(
                    point=POINT, kind="telemetry", seq=self.seq, t=self.clock.t, received_at=self.clock.t, values=values, faults={}
                )
            ]
        )  # fmt: skip
        self.service.step()

    def fires(self) -> int:
        for _ in range(5):
            self.step(20)
        (alert,) = (one for one in self.service.alerts() if one.rule == "generator_down")
        return alert.id

    def states(self, alert: int) -> list[tuple[str, str]]:
        return [(row.person, row.state) for row in self.service.journal.deliveries(alert) if row.channel == "sms"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.service.stop()


def test_an_alert_goes_out_and_only_the_right_answer_from_the_right_number_acknowledges(bench: Bench) -> None:
    alert = bench.fires()
    assert bench.states(alert) == [("anna", "sent")]
    (taken,) = bench.service.journal.facts(SmsTaken)
    assert isinstance(taken.told, SmsTaken)
    assert taken.told.reference == 255, "what gammu's phone gives each message"
    code = bench.service.answers.code(alert, "anna")
    other = f"{(int(code) + 1) % 10_000:04}"
    for number, text in (
        (STRANGER, f"OK {code}"),
        (DEPUTY, f"OK {code}"),
        (LEAD, f"OK {other}"),
        (LEAD, "wat is dit?"),
    ):
        bench.phone.receive(number, text)
    bench.service.look_at_modem()
    assert bench.phone.lying == 0, "what was dealt with is deleted"
    assert bench.service.acknowledged(alert) is None
    assert len(bench.service.journal.facts(WrongReply)) == 2, "of a stranger there is none: he has no code to guess"
    assert b'paraat_sms_answers_total{outcome="stranger"} 1.0' in bench.service.metrics()
    bench.phone.receive(LEAD, f"ok {code}")
    bench.service.look_at_modem()
    fact = bench.service.acknowledged(alert)
    assert fact is not None
    assert (fact.author.name, fact.author.way) == ("Anna", "sms")
    bench.step(600)
    assert bench.states(alert) == [("anna", "sent")], "the deputy is not woken"


def test_a_phone_that_is_gone_or_hangs_is_said_and_the_message_leaves_when_it_is_back(bench: Bench) -> None:
    away = bench.phone.folder.with_name("away")
    bench.phone.folder.rename(away)
    alert = bench.fires()
    assert bench.states(alert) == [("anna", "due")]
    (row,) = (row for row in bench.service.journal.deliveries(alert) if row.channel == "sms")
    assert "gammu: " in row.answer
    bench.service.look_at_modem()
    assert any(check.name == "modem" for check in bench.service.health())
    away.rename(bench.phone.folder)
    bench.step(60)
    bench.service.look_at_modem()
    assert bench.states(alert) == [("anna", "sent")]
    assert not any(check.name == "modem" for check in bench.service.health())


def test_a_look_that_hangs_inside_gammu_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = bench.fires()
    channel = bench.service._channels["sms"]
    monkeypatch.setattr(channel, "settings", msgspec.structs.replace(channel.settings, limit_s=3.0))  # type: ignore[attr-defined]
    hangs = bench.phone.folder / "sms/1/9"
    os.mkfifo(hangs)  # whoever opens it waits for ever, in C code
    bench.service.look_at_modem()
    (check,) = (one for one in bench.service.health() if one.name == "modem")
    assert "hangt" in str(check.detail) or "hangs" in str(check.detail)
    hangs.unlink()
    bench.phone.receive(LEAD, f"OK {bench.service.answers.code(alert, 'anna')}")
    monkeypatch.undo()
    bench.service.look_at_modem()
    assert bench.service.acknowledged(alert) is not None
