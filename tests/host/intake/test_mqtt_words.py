"""What the host tells a broker, and makes of what that says, one word at a time. Real brokers are in test_mqtt.py."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from line import ALLOWED, FORBIDDEN, SILENT, Line
from paraat.intake import mqtt
from paraat.intake.inbox import Inbox
from paraat.intake.mqtt import SUBSCRIPTIONS, MqttTransport
from paraat.site.broker import BrokerSettings

TOPIC = "paraat/v1/nsp-0101/telemetry"
WHERE = "broker cp.example.nl:8883"


class Host:
    """A transport that has started, and what it told the service."""

    def __init__(self, directory: Path, settings: dict[str, object], **how: object) -> None:
        self.inbox = Inbox(max_messages=5, patience_s=1000.0)
        self.changes: list[bool] = []
        self.lost = 0
        self.transport = MqttTransport(
            BrokerSettings(host="cp.example.nl", port=8883, **settings),  # type: ignore[arg-type]
            directory,
            self.inbox,
            now=lambda: 42.0,
            on_change=self.changes.append,
            on_lost=self._lose,
            **how,  # type: ignore[arg-type]
        )
        self.transport.start()

    def _lose(self) -> None:
        self.lost += 1

    @property
    def line(self) -> Line:
        return self.transport._client  # type: ignore[return-value]

    def acknowledged(self) -> list[int]:
        return [mid for mid, _ in self.line.all("ack")]


Make = Callable[..., Host]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(mqtt, "_Client", Line)
    monkeypatch.setattr(mqtt, "_GOODBYE_S", 0.05)

    def make(settings: dict[str, object] | None = None, **how: object) -> Host:
        return Host(tmp_path, settings or {}, **how)

    return make


def test_who_we_are_and_how_we_talk(host: Make, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n")
    (tmp_path / "password").chmod(0o600)
    ours = host({"keepalive_s": 7, "username": "cp", "password_file": "password"}, will="lease")
    assert ours.line.client_id == "paraat-host"
    assert ours.line.settings == {
        "clean_session": False,
        "protocol": MQTTProtocolVersion.MQTTv311,
        "manual_ack": True,
    }
    assert ours.line.connect_timeout == mqtt._CONNECT_LIMIT_S
    assert ours.line.told == [
        ("max_inflight_messages_set", mqtt._MAX_INFLIGHT),
        ("max_queued_messages_set", mqtt._MAX_OUTGOING),
        ("reconnect_delay_set", mqtt._RETRY_MIN_S, mqtt._RETRY_MAX_S),
        ("username_pw_set", "cp", "geheim"),
        ("will_set", "lease", b"", ("qos", 1), ("retain", True)),
        ("connect_async", "cp.example.nl", 8883, 7),
    ]
    assert host({"username": "cp"}).line.all("username_pw_set") == [["cp", None]]
    assert host().line.all("username_pw_set") == []


def test_it_is_there_when_the_broker_has_its_subscriptions_or_had_them_before(
    host: Make, caplog: pytest.LogCaptureFixture
) -> None:
    ours = host(others={"x/+": lambda _topic, _payload: None})
    assert (ours.transport.connected, ours.transport.problem) == (False, "not connected yet")
    assert not ours.transport.publish("x", b"")
    ours.line.greet(answers=None)
    assert ours.line.all("subscribe") == [[[(pattern, 1) for pattern in (*SUBSCRIPTIONS, "x/+")]]]
    assert (ours.transport.connected, ours.transport.stores, ours.changes) == (False, False, [])
    assert ours.transport.publish("x", b"")
    ours.line.answer([ALLOWED] * 4)
    assert (ours.transport.connected, ours.transport.stores, ours.transport.problem) == (True, True, "")
    ours.line.answer([ALLOWED])
    assert ours.changes == [True], "once"
    assert ours.transport.stores
    again = host()
    caplog.set_level("INFO")
    again.line.greet(session=True, answers=None)
    assert caplog.records[-1].message == f"{WHERE}: connected, our old session"
    assert (again.transport.connected, again.transport.problem, again.changes) == (True, "", [True])


def test_what_the_acl_refuses_is_named_and_the_rest_goes_on(host: Make) -> None:
    ours = host()
    ours.line.greet(answers=None)
    ours.line.answer([ALLOWED, FORBIDDEN, FORBIDDEN])
    assert ours.transport.problem.startswith(f"{WHERE} refuses {SUBSCRIPTIONS[1]}, {SUBSCRIPTIONS[2]};")
    assert ours.transport.connected
    ours.line.answer([ALLOWED] * 3)
    assert ours.transport.problem == ""


def test_refusals_are_counted_until_it_has_us_or_is_not_there(host: Make) -> None:
    ours = host()
    ours.line.refuse()
    ours.line.refuse()
    assert ours.transport.refusals == 2
    assert ours.transport.problem.startswith(f"{WHERE} refuses us: Not authorized;")
    assert not ours.transport.publish("x", b"")
    assert ours.changes == []
    ours.line.fail(ConnectionRefusedError())
    assert ours.transport.refusals == 0
    assert "cannot be reached" in ours.transport.problem
    error = ssl.SSLCertVerificationError("x")
    error.verify_message = "its name is another"
    ours.line.fail(error)
    other = ssl.SSLError(1, "wrong version")
    other.reason = "WRONG_VERSION"
    ours.line.fail(other)
    assert ours.transport.refusals == 2
    assert f"{WHERE}: no trust by TLS (WRONG_VERSION);" in ours.transport.problem
    ours.line.fail(error)
    assert "(its name is another);" in ours.transport.problem
    ours.line.greet()
    assert ours.transport.refusals == 0
    ours.line.lose()
    assert ours.transport.refusals == 0, "it had us"


def test_a_connection_that_is_lost_is_told_and_one_that_we_end_is_not(host: Make) -> None:
    ours = host()
    ours.line.greet()
    ours.line.lose()
    assert (ours.changes, ours.lost, ours.transport.connected) == ([True, False], 1, False)
    assert ours.transport.problem == f"{WHERE}: connection lost (Unspecified error); trying again"
    assert not ours.transport.publish("x", b"")
    ours.line.lose()
    assert (ours.changes, ours.lost) == ([True, False], 1), "it was gone already"
    ours.line.greet()
    assert ours.transport.problem == ""
    ours.transport.stop()
    assert (ours.changes, ours.lost, ours.transport.problem) == ([True, False, True, False], 1, "")
    assert not ours.line.begun


def test_a_broker_that_had_us_back_at_the_first_try_was_not_gone(host: Make) -> None:
    ours = host()
    ours.line.greet()
    assert not ours.transport.back_at_once
    ours.line.lose()
    ours.line.greet()
    assert ours.transport.back_at_once
    ours.line.lose()
    ours.line.fail(ConnectionRefusedError())
    ours.line.greet()
    assert not ours.transport.back_at_once
    ours.line.lose()
    ours.line.greet()
    ours.line.lose(SILENT)
    ours.line.greet()
    assert not ours.transport.back_at_once, "it did not end it: it said nothing any more"
    ours.line.lose(0)
    ours.line.greet()
    assert not ours.transport.back_at_once, "we ended it"


def test_messages_are_acknowledged_in_their_order_and_on_their_own_connection(host: Make) -> None:
    heard: list[str] = []
    ours = host(others={"x/+": lambda topic, _payload: heard.append(topic)})
    ours.line.greet()
    first, other, last = (ours.line.say(topic, b"1") for topic in (TOPIC, "x/y", TOPIC))
    assert heard == ["x/y"]
    assert ours.acknowledged() == []
    messages = ours.inbox.take(5, 0.0)
    assert [(m.topic, m.payload, m.qos, m.mid, m.retained) for m in messages] == [
        (TOPIC, b"1", 1, first, False),
        (TOPIC, b"1", 1, last, False),
    ]
    ours.transport.ack(messages[1])
    assert ours.acknowledged() == []
    ours.transport.ack(messages[0])
    assert ours.line.all("ack") == [[first, 1], [other, 1], [last, 1]]
    ours.transport.ack(messages[0])
    assert len(ours.acknowledged()) == 3
    ours.line.say(TOPIC, b"2")
    (old,) = ours.inbox.take(5, 0.0)
    ours.line.lose()
    ours.line.greet()
    ours.transport.ack(old)
    assert len(ours.acknowledged()) == 3, "on another connection its number may be another's"
    ours.line.say(TOPIC, b"3", qos=0)
    (plain,) = ours.inbox.take(5, 0.0)
    ours.transport.ack(plain)
    assert len(ours.acknowledged()) == 3


def test_a_message_of_another_client_is_not_acknowledged_by_this_one(host: Make) -> None:
    ours, other = host(), host({"client_id": "other"})
    for one in (ours, other):
        one.line.greet()
        one.line.say(TOPIC, b"1")
    (message,) = other.inbox.take(1, 0.0)
    ours.transport.ack(message)
    assert ours.acknowledged() == []


def test_what_was_said_before_we_listened_goes_its_own_way(host: Make) -> None:
    now: list[bytes] = []
    before: list[bytes] = []
    ours = host(
        others={"x": lambda _topic, payload: now.append(payload)},
        retained=lambda _topic, payload: before.append(payload),
    )
    ours.line.greet()
    ours.line.say("x", b"old", kept=True)
    ours.line.say("x", b"new")
    assert (before, now) == ([b"old"], [b"new"])
    plain = host(others={"x": lambda _topic, payload: now.append(payload)})
    plain.line.greet()
    mid = plain.line.say("x", b"old", kept=True)
    assert now == [b"new"]
    assert plain.acknowledged() == [mid]


def test_a_topic_that_is_no_text_is_kept_as_such(host: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    class Message:
        payload, retain, qos, mid = b"1", False, 0, 0

        @property
        def topic(self) -> str:
            return b"\xff".decode()

    ours = host()
    ours.line.greet()
    ours.line.on_message(ours.line, None, Message())
    (message,) = ours.inbox.take(1, 0.0)
    assert message.topic == "(not UTF-8)"


def test_it_hears_boards_when_it_is_told_to_and_no_longer_when_not(host: Make) -> None:
    ours = host(hears=False, others={"x": lambda _topic, _payload: None})
    ours.transport.hear(True)
    ours.transport.hear(False)
    assert ours.line.all("subscribe") == ours.line.all("unsubscribe") == [], "nobody has us yet"
    ours.line.greet()
    assert ours.line.all("subscribe") == [[[("x", 1)]]]
    assert not ours.transport.stores
    ours.transport.hear(False)
    assert ours.line.all("unsubscribe") == []
    ours.transport.hear(True)
    ours.transport.hear(True)
    assert ours.line.all("subscribe")[1:] == [[[(pattern, 1) for pattern in SUBSCRIPTIONS]]]
    assert not ours.transport.stores, "not before the broker says so"
    ours.line.answer([ALLOWED] * 3)
    assert ours.transport.stores
    ours.transport.hear(False)
    assert not ours.transport.stores
    assert ours.line.all("unsubscribe") == [[list(SUBSCRIPTIONS)]]
    ours.transport.hear(True)
    ours.line.answer([ALLOWED] * 3)
    ours.line.lose()
    assert not ours.transport.stores
    ours.line.greet(answers=None)
    assert [pattern for pattern, _ in ours.line.all("subscribe")[-1][0]] == [*SUBSCRIPTIONS, "x"]
    assert not ours.transport.stores


@pytest.mark.parametrize("hears", [True, False])
def test_what_did_not_fit_is_asked_for_by_letting_go_and_that_is_no_loss(
    host: Make, hears: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ours = host(hears=hears)
    ours.transport.hear(True)
    ours.line.greet()
    ours.line.connection, broker = socket.socketpair()
    for n in range(6):
        ours.line.say(TOPIC, str(n).encode())
    assert not ours.line.wants_more()
    ours.inbox.take(5, 0.0)
    assert ours.line.wants_more()
    ours.inbox.close()
    assert ours.inbox.take(5, 0.0) == []
    broker.settimeout(5.0)
    assert broker.recv(1) == b"", "we have let go"
    assert [record.message for record in caplog.records] == [
        f"{WHERE}: connected, a new session",
        f"{WHERE}: 1 messages were more than fits at once; they are asked for again",
    ]
    ours.line.lose()
    assert (ours.lost, ours.changes, ours.transport.problem) == (0, [True, False], "")
    ours.line.greet()
    assert not ours.transport.back_at_once
    ours.line.lose()
    assert ours.lost == 1, "the next one is"
    ours.line.connection.close()
    ours.transport._ask_again(1)
    broker.close()


def test_who_does_not_hear_boards_reads_on_however_full_it_is(host: Make) -> None:
    ours = host(hears=False)
    for n in range(6):
        ours.line.say(TOPIC, str(n).encode())
    assert not ours.inbox.wants_more
    assert ours.line.wants_more()


def test_what_cannot_be_queued_is_not_said(host: Make) -> None:
    ours = host()
    ours.line.greet()
    assert ours.transport.publish("x", b"1")
    assert ours.line.all("publish") == [["x", b"1", 1, False]]
    ours.line.full = True
    assert not ours.transport.publish("x", b"2", qos=0, retain=True)
    assert ours.line.all("publish")[1:] == [["x", b"2", 0, True]]


def test_before_it_goes_what_it_said_is_on_its_way(host: Make) -> None:
    ours = host()
    ours.line.greet()
    ours.transport.publish("x", b"1")
    line = ours.line
    ours.transport.stop()
    assert line.all("wait") == [[mqtt._GOODBYE_S]]
    assert [name for name, *_ in line.told if name in ("wait", "disconnect", "reinitialise")] == [
        "wait",
        "disconnect",
        "reinitialise",
    ]
    ours.transport.start()
    assert ours.line is not line, "paho wants a new one"
    assert ours.line.begun
    ours.transport.start()
    silent = ours.line
    ours.line.greet()
    ours.transport.stop()
    assert silent.all("wait") == [], "nothing was said on this one"
    lost = host()
    lost.line.greet()
    lost.transport.publish("x", b"1")
    lost.line.lose()
    lost.transport.stop()
    assert lost.line.all("wait") == [], "nobody is there to take it"


def test_of_a_broker_that_does_not_take_our_goodbye_it_lets_go(host: Make, caplog: pytest.LogCaptureFixture) -> None:
    ours = host()
    ours.line.greet()
    ours.line.disconnect = lambda: None  # type: ignore[method-assign]
    ours.line.connection, broker = socket.socketpair()
    ours.transport.stop()
    assert ours.line.connection.fileno() == -1
    assert caplog.records[-1].message == f"{WHERE} did not take our goodbye within 0.05 s"
    ours.line.connection = None
    ours.transport.stop()
    broker.close()


def test_it_may_be_told_to_wait_longer_until_it_is_there(host: Make) -> None:
    ours = host()
    before = len(ours.line.all("reconnect_delay_set"))
    ours.transport.try_again_after(10)
    ours.transport.try_again_after(60)
    ours.line.greet()
    assert ours.line.all("reconnect_delay_set")[before:] == [
        [10, mqtt._RETRY_MAX_S],
        [60, 60],
        [mqtt._RETRY_MIN_S, mqtt._RETRY_MAX_S],
    ]


def test_the_same_trouble_is_logged_once(host: Make, caplog: pytest.LogCaptureFixture) -> None:
    ours = host()
    for _ in range(3):
        ours.line.fail(ConnectionRefusedError())
    assert len([one for one in caplog.records if "cannot be reached" in one.message]) == 1
