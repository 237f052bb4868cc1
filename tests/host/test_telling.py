"""How the host tells people, whole: a board that calls, an answer by SMS, a test of every rung, signs of life."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from paraat.domain import facts
from paraat.domain.model import AlertState
from paraat.domain.roster import Duty, Person, Roster
from paraat.intake.ingest import HUNG_S
from paraat.runtime.clock import SystemClock
from paraat.service import Service
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import paths
from paraat.site.broker import BrokerSettings
from paraat.site.channels import AlertTest, Channels, Modem, Siren
from paraat.site.site import Site, WebSettings, load_site
from paraat.site.watcher import Watcher
from paraat_wire import host_codec, topics
from waiting import LIMIT_S, wait_for

POINT = "nsp-0101"
LEAD, OWN = "+31612345678", "+31653131313"


def a_site(directory: Path, port: int, **changes: Any) -> Site:
    people = {"anna": Person(id="anna", name="Anna", role="lead", reach={"sms": (LEAD,)})}
    site = load_site(paths.example_site_dir())
    at_once = msgspec.structs.replace(site.alerts.generator_down, hold_s=0.0)
    fields = {
        "alerts": msgspec.structs.replace(site.alerts, generator_down=at_once),
        "directory": directory,
        "broker": BrokerSettings(port=port, keepalive_s=5),
        "web": WebSettings(port=free_port()),
        "roster": Roster(people=people, duties=(Duty(rung="lead", who=("anna",)),)),
        "channels": Channels(siren=Siren(on=False)),
        **changes,
    }
    return msgspec.structs.replace(site, **fields)


class Board:
    """A board's side of the wire: it is online, and answers what it is asked."""

    def __init__(self, port: int) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.seq = 0
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=POINT)
        self.client.on_message = self._answer
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect(LOOPBACK, port)
        self.client.subscribe(topics.topic(POINT, topics.COMMAND), 1)
        self.client.loop_start()
        assert subscribed.wait(LIMIT_S)
        state = {"online": True, "boot": 1, "next": 1}
        self.client.publish(topics.topic(POINT, topics.STATE), json.dumps(state), 1, retain=True).wait_for_publish(
            LIMIT_S
        )

    def _answer(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.asked.append((command["do"], command["args"]))
        result = {"id": command["id"], "ok": True, "result": {**command["args"], "buzzer": True}}
        self.client.publish(topics.topic(POINT, topics.REPLY), json.dumps(result), 1)

    def has_no_power(self) -> bool:
        """It reads that the mains are out and no generator runs: the lead must see to that at once."""
        self.seq += 1
        pack = [{"bn": f"{POINT}/", "bt": time.time(), "n": "seq", "v": self.seq}, {"n": "power/mains", "vb": False}]
        pack += [{"n": "power/generator", "vb": False}]
        self.client.publish(topics.topic(POINT, topics.TELEMETRY), json.dumps(pack), 1).wait_for_publish(LIMIT_S)
        return True

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.reinitialise()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def run() -> Iterator[Any]:
    running: list[Service] = []

    def start(site: Site) -> Service:
        service = Service(site, clock=SystemClock())
        service.start()
        running.append(service)
        return service

    yield start
    for service in running:
        service.stop()


@pytest.fixture
def board(broker: MosquittoBroker) -> Iterator[Board]:
    made = Board(broker.port)
    yield made
    made.close()


def firing(service: Service, rule: str) -> list[AlertState]:
    return [alert for alert in service.alerts() if alert.state == "firing" and alert.rule == rule]


@pytest.mark.needs("mosquitto")
def test_a_board_calls_for_a_critical_alert_and_that_is_kept(
    tmp_path: Path, broker: MosquittoBroker, board: Board, run: Any
) -> None:
    service = run(a_site(tmp_path, broker.port, channels=Channels(siren=Siren(seconds=90))))
    wait_for(lambda: service.view(POINT, time.time()).online)
    wait_for(lambda: board.has_no_power() and firing(service, "generator_down"))
    wait_for(lambda: ("call", {"seconds": 90}) in board.asked, "the board was asked")
    (alert,) = firing(service, "generator_down")
    wait_for(lambda: any(row.channel == "siren" and row.state == "sent" for row in service.told(alert.id)))
    (row,) = [row for row in service.told(alert.id) if row.channel == "siren"]
    assert (row.rung, row.answer) == ("board", "het bord loeit en knippert, 90 s lang")


@pytest.mark.needs("mosquitto")
def test_a_test_goes_down_every_rung_is_kept_and_is_no_alert(
    tmp_path: Path, broker: MosquittoBroker, board: Board, run: Any
) -> None:
    service = run(a_site(tmp_path, broker.port, channels=Channels(siren=Siren())))
    wait_for(lambda: service.view(POINT, time.time()).online)
    found = service.test_alerts(POINT)
    assert [(one.rung, one.channel, one.ok) for one in found] == [
        ("board", "siren", True), ("screen", "page", False), ("lead", "-", False),
    ]  # fmt: skip
    assert board.asked == [("call", {"seconds": 3})]
    (fact,) = service.journal.facts(facts.Tested)
    assert fact.told == facts.Tested(point=POINT, tried=3, failed=2)
    assert not any(alert.subject.id == POINT and alert.state == "firing" for alert in service.alerts())


@pytest.mark.needs("mosquitto", "gammu")
def test_an_answer_by_sms_acknowledges_and_a_stranger_does_not(
    tmp_path: Path, broker: MosquittoBroker, board: Board, run: Any
) -> None:
    from gsm_modem import GsmModem

    modem = GsmModem()
    settings = Modem(device=modem.device, own_number=OWN, look_every_s=1.0, limit_s=60.0)
    service = run(a_site(tmp_path, broker.port, channels=Channels(sms=settings, siren=Siren(on=False))))
    try:
        wait_for(lambda: any(to == OWN for to, _, _ in modem.sent), "its test of itself")
        modem.receive(OWN, next(text for to, text, _ in modem.sent if to == OWN))
        wait_for(lambda: service.journal.facts(facts.ModemTested), "the test came back")
        wait_for(lambda: board.has_no_power() and firing(service, "generator_down"))
        wait_for(lambda: any(to == LEAD for to, _, _ in modem.sent), "the lead is told")
        (alert,) = firing(service, "generator_down")
        (text,) = [text for to, text, _ in modem.sent if to == LEAD]
        assert len(text) <= 160
        code = service.answers.code(alert.id, "anna")
        assert text.endswith(f"OK/NEE {code}")
        modem.receive("+31600000000", f"OK {code}")
        wait_for(lambda: b'paraat_sms_answers_total{outcome="stranger"} 1.0' in service.metrics())
        assert service.acknowledged(alert.id) is None
        modem.receive(LEAD, f"ok {code}")
        wait_for(lambda: service.acknowledged(alert.id) is not None, "it is acknowledged")
        fact = service.acknowledged(alert.id)
        assert fact is not None
        assert (fact.author.name, fact.author.way) == ("Anna", "sms")
        wait_for(lambda: any(text.startswith("Dank u.") for to, text, _ in modem.sent if to == LEAD))
        assert not any(check.name == "modem" for check in service.health())
    finally:
        service.stop()
        modem.close()


@pytest.mark.needs("mosquitto")
def test_a_neighbour_that_falls_silent_is_an_alert_here(tmp_path: Path, broker: MosquittoBroker, run: Any) -> None:
    site = a_site(tmp_path, broker.port, watcher=Watcher(neighbours=("regio-noord",)))
    limits = msgspec.structs.replace(site.alerts.neighbour_silent, after_s=1.0, hold_s=0.0)
    site = msgspec.structs.replace(site, alerts=msgspec.structs.replace(site.alerts, neighbour_silent=limits))
    service = run(site)
    wait_for(lambda: firing(service, "neighbour_silent"))
    (alert,) = firing(service, "neighbour_silent")
    assert (alert.subject.id, alert.point, alert.wording) == ("regio-noord", None, "never")
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(LOOPBACK, broker.port)
    client.loop_start()

    def sign() -> bool:
        client.publish(host_codec.alive_topic("regio-noord"), b"{}", 1).wait_for_publish(LIMIT_S)
        return not firing(service, "neighbour_silent")

    wait_for(sign, "it is over once signs come")
    client.disconnect()
    client.loop_stop()
    client.reinitialise()


def test_the_weekly_test_is_done_once_and_what_failed_is_on_the_screen(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port(), alert_test=AlertTest(weekly="mon 12:00"))

    class Sunday(SystemClock):
        def now(self) -> float:
            return 1764507600.0  # 30 November 2025, 14:00

    service = Service(site, clock=Sunday())
    monday = Sunday().now() + 22 * 3600
    service.test_if_due(monday - 1)
    assert service.journal.facts(facts.Tested) == []
    for minute in range(3):
        service.test_if_due(monday + 60 * minute)
    (fact,) = service.journal.facts(facts.Tested)
    assert (fact.t, fact.told) == (monday, facts.Tested(point="", tried=2, failed=2))  # no page is open, no modem there
    (check,) = [check for check in service.health() if check.name == "alert-test"]
    assert (check.ok, check.required) == (False, False)
    assert "2 of 2 messages were not taken" in check.detail
    service.stop()
    again = Service(site, clock=Sunday())
    again.test_if_due(monday + 600)
    assert len(again.journal.facts(facts.Tested)) == 1, "a restart does not repeat it"
    again.stop()


def test_no_sign_of_life_while_a_loop_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(a_site(tmp_path, free_port()), clock=SystemClock())
    now_s = [0.0]
    monkeypatch.setattr(service._progress, "_now_s", lambda: now_s[0])
    assert service._hangs() == ""
    service._progress.works("tick", HUNG_S)
    now_s[0] = HUNG_S + 1
    assert service._hangs() == "the judging of the points hangs"
    service._progress.works("tick", HUNG_S)
    assert service._hangs() == ""
    service._progress.works("ingest", HUNG_S)
    service._progress.waits("tick")
    now_s[0] += HUNG_S + 1
    assert service._hangs() == "what comes in cannot be stored"
    service._progress.waits("ingest")
    service._journal_problem = "journal.sqlite: disk is full"
    assert service._hangs() == "journal.sqlite: disk is full"
    monkeypatch.undo()
    service.stop()


def test_a_watcher_that_is_not_reached_is_on_the_screen(tmp_path: Path) -> None:
    url = f"http://{LOOPBACK}:{free_port()}/ping"
    service = Service(a_site(tmp_path, free_port(), watcher=Watcher(url=url)), clock=SystemClock())
    service._dead_man.give()
    (check,) = [check for check in service.health() if check.name == "watcher"]
    assert (check.ok, check.required) == (False, False)
    assert "the watcher cannot be reached: Connection refused" in check.detail
    service.stop()
