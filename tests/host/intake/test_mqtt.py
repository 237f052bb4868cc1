"""The connection to real brokers: what is not acknowledged comes again; both sides may restart."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from paraat.intake import mqtt
from paraat.intake.inbox import Inbox, Message
from paraat.intake.mqtt import MqttTransport
from paraat.simulate.servers import EmbeddedBroker, MosquittoBroker, free_port
from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from waiting import LIMIT_S, wait_for

TOPIC = "paraat/v1/nsp-0101/telemetry"
Broker = MosquittoBroker | EmbeddedBroker


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries again after a tenth of a second, not after one."""
    monkeypatch.setattr(mqtt, "_RETRY_MIN_S", 0.1)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., "Connected"]]:
    opened: list[Connected] = []

    def start(port: int, inbox: Inbox | None = None, **settings: object) -> "Connected":
        opened.append(Connected(tmp_path, port, inbox, **settings))
        return opened[-1]

    yield start
    for connected in opened:
        connected.stop()


class Connected:
    """A transport that has started."""

    def __init__(self, directory: Path, port: int, inbox: Inbox | None, **settings: object) -> None:
        self.inbox = Inbox() if inbox is None else inbox  # an empty one is false
        self.up = threading.Event()
        self.down = threading.Event()
        self.transport = MqttTransport(
            BrokerSettings(port=port, **settings),  # type: ignore[arg-type]
            directory,
            self.inbox,
            now=lambda: 42.0,
            on_change=lambda connected: (self.up if connected else self.down).set(),
        )
        self.stopped = False
        self.transport.start()

    def take(self, count: int, limit_s: float = LIMIT_S) -> list[Message]:
        """Messages until there are `count`; fewer when no more come within the limit."""
        taken: list[Message] = []
        until = time.monotonic() + limit_s
        while len(taken) < count and time.monotonic() < until:
            if len(self.inbox):
                taken += self.inbox.take(count - len(taken), 0.0)
            else:
                threading.Event().wait(0.01)
        return taken

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.inbox.close()
            self.transport.stop()


def publish(port: int, *messages: tuple[str, bytes], retain: bool = False) -> None:
    """Send messages with QoS 1 and wait until the broker has them."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for info in [client.publish(topic, payload, 1, retain) for topic, payload in messages]:
        info.wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()


def stop_without_hanging(connected: Connected) -> None:
    thread = threading.Thread(target=connected.stop, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def numbered(count: int) -> list[tuple[str, bytes]]:
    return [(TOPIC, str(n).encode()) for n in range(count)]


def payloads(messages: list[Message]) -> list[int]:
    return [int(message.payload) for message in messages]


Connect = Callable[..., Connected]


def test_what_is_published_arrives_as_it_was(broker: Broker, connect: Connect) -> None:
    ours = connect(broker.port)
    assert ours.up.wait(LIMIT_S)
    publish(broker.port, (TOPIC, b"\xff\x00"), ("paraat/v1/nsp-0101/reply", b"not ours"))
    publish(broker.port, ("paraat/v1/nsp-0101/event", b"e"), ("paraat/v1/nsp-0101/state", b"s"))
    messages = ours.take(3)
    assert [(m.topic.rpartition("/")[2], m.payload) for m in messages] == [
        ("telemetry", b"\xff\x00"),
        ("event", b"e"),
        ("state", b"s"),
    ]
    assert {(m.qos, m.retained, m.received_at) for m in messages} == {(1, False, 42.0)}
    assert (ours.transport.connected, ours.transport.problem) == (True, "")


def test_a_retained_message_says_so(broker: Broker, connect: Connect) -> None:
    publish(broker.port, ("paraat/v1/nsp-0101/state", b"{}"), retain=True)
    ours = connect(broker.port)
    assert [message.retained for message in ours.take(1)] == [True]


def test_what_was_not_acknowledged_comes_again(broker: Broker, connect: Connect) -> None:
    first = connect(broker.port)
    assert first.up.wait(LIMIT_S)
    publish(broker.port, *numbered(10))
    messages = first.take(10)
    for message in messages[:6]:
        first.transport.ack(message)
    # A broker reads in order: once it has taken this, it has read the acknowledgements before it. Without, a busy one may
    # hear first that "first" is gone.
    assert first.transport.publish("paraat/v1/nsp-0101/ack", b"{}")
    wait_for(lambda: first.transport._last_published.is_published(), "the broker has read it all")
    first.stop()
    publish(broker.port, (TOPIC, b"10"))
    second = connect(broker.port)
    assert payloads(second.take(5)) == [6, 7, 8, 9, 10]
    assert second.take(1, 0.1) == [], "and what was acknowledged does not"


def test_what_came_while_we_were_away_is_there_in_order(broker: Broker, connect: Connect) -> None:
    first = connect(broker.port)
    assert first.up.wait(LIMIT_S)
    first.stop()
    publish(broker.port, *numbered(300))
    second = connect(broker.port)
    taken = []
    for _ in range(300):
        (message,) = second.take(1)
        second.transport.ack(message)
        taken.append(message)
    assert payloads(taken) == list(range(300))


def test_a_broker_that_comes_back_finds_us_again(broker: Broker, connect: Connect) -> None:
    ours = connect(broker.port)
    assert ours.up.wait(LIMIT_S)
    ours.up.clear()
    broker.kill()
    assert ours.down.wait(LIMIT_S)
    assert not ours.transport.connected
    assert str(broker.port) in ours.transport.problem
    assert ours.transport.publish("paraat/v1/nsp-0101/ack", b"{}") is False
    broker.start()
    assert ours.up.wait(LIMIT_S)
    publish(broker.port, (TOPIC, b"1"))
    assert len(ours.take(1)) == 1
    assert ours.transport.problem == ""


@pytest.mark.needs("mosquitto")
def test_an_old_acknowledgement_is_not_sent_on_a_new_connection(mosquitto: MosquittoBroker, connect: Connect) -> None:
    """The same packet id may mean another message there."""
    ours = connect(mosquitto.port)
    assert ours.up.wait(LIMIT_S)
    publish(mosquitto.port, (TOPIC, b"0"))
    (old,) = ours.take(1)
    ours.up.clear()
    mosquitto.kill()
    assert ours.down.wait(LIMIT_S)
    (mosquitto.directory / "mosquitto.db").unlink(missing_ok=True)  # the session is lost too
    mosquitto.start()
    assert ours.up.wait(LIMIT_S)
    publish(mosquitto.port, (TOPIC, b"1"))
    (new,) = ours.take(1)
    assert (new.mid, new.payload) == (old.mid, b"1")
    ours.transport.ack(old)
    ours.stop()
    again = connect(mosquitto.port)
    assert payloads(again.take(1)) == [1]


def test_a_full_inbox_leaves_the_rest_with_the_broker_which_hands_it_over_again(
    broker: Broker, connect: Connect
) -> None:
    ours = connect(broker.port, Inbox(max_messages=20, patience_s=0.0))
    assert ours.up.wait(LIMIT_S)
    publish(broker.port, *numbered(35))
    taken: list[Message] = []
    while len(set(payloads(taken))) < 35:
        batch = ours.inbox.take(7, 0.0)
        assert len(ours.inbox) <= 20
        taken += batch
        for message in batch:
            ours.transport.ack(message)
    assert payloads(taken)[:20] == list(range(20))
    assert set(payloads(taken)) == set(range(35))
    wait_for(lambda: ours.transport.connected)
    assert ours.transport.problem == ""


def test_a_full_inbox_does_not_keep_the_connection_from_its_work(broker: Broker, tmp_path: Path) -> None:
    """Else there are no pings, the broker throws us out, and we say that we are connected."""
    inbox, up, heard, said = Inbox(max_messages=1, patience_s=LIMIT_S), *(threading.Event() for _ in range(3))
    board = Client(CallbackAPIVersion.VERSION2)
    board.on_message = lambda *_: said.set()
    board.connect("127.0.0.1", broker.port)
    board.subscribe("paraat/v1/nsp-0101/ack")
    board.loop_start()
    transport = MqttTransport(
        BrokerSettings(port=broker.port),
        tmp_path,
        inbox,
        now=lambda: 42.0,
        on_change=lambda connected: up.set() if connected else None,
        others={"paraat/v1/_alive/+": lambda _topic, _payload: heard.set()},
    )
    transport.start()
    try:
        assert up.wait(LIMIT_S)
        publish(broker.port, *numbered(5), ("paraat/v1/_alive/other", b""))
        wait_for(lambda: len(inbox) == 1)
        assert transport.publish("paraat/v1/nsp-0101/ack", b"stored")
        assert said.wait(LIMIT_S)
        assert not inbox.wants_more, "nothing more was read yet, and what we say has left all the same"
        assert not heard.is_set()
        inbox._patience_s = 0.0
        assert heard.wait(LIMIT_S)
        assert len(inbox) == 1
    finally:
        inbox.close()
        transport.stop()
        board.disconnect()
        board.loop_stop()
        board.reinitialise()


def test_with_an_old_session_we_are_there_before_the_answer_to_our_subscriptions(
    mosquitto: MosquittoBroker, connect: Connect
) -> None:
    """What the broker kept for us comes before it, and boards wait for what we say of that."""
    first = connect(mosquitto.port)
    assert first.up.wait(LIMIT_S)
    first.stop()
    again = connect(mosquitto.port)
    again.transport._client.on_subscribe = None
    assert again.up.wait(LIMIT_S)
    assert again.transport.connected
    assert again.transport.publish(TOPIC, b"stored")


def test_a_broker_that_stands_still_has_us_no_longer(mosquitto: MosquittoBroker, connect: Connect) -> None:
    ours = connect(mosquitto.port, keepalive_s=1)
    assert ours.up.wait(LIMIT_S)
    assert ours.transport.connected
    assert mosquitto._process is not None
    mosquitto._process.send_signal(signal.SIGSTOP)
    try:
        assert ours.down.wait(LIMIT_S)
        assert not ours.transport.connected
        assert "connection lost" in ours.transport.problem
    finally:
        mosquitto._process.send_signal(signal.SIGCONT)
    wait_for(lambda: ours.transport.connected)


def test_stopping_does_not_hang_on_a_full_inbox(broker: Broker, connect: Connect) -> None:
    ours = connect(broker.port, Inbox(max_messages=2))
    assert ours.up.wait(LIMIT_S)
    publish(broker.port, *numbered(20))
    stop_without_hanging(ours)
    again = connect(broker.port)
    assert payloads(again.take(20)) == list(range(20))


def test_what_we_publish_before_stopping_goes_out(broker: Broker, connect: Connect) -> None:
    heard: list[bytes] = []
    listener = Client(CallbackAPIVersion.VERSION2)
    subscribed, enough = threading.Event(), threading.Event()

    def on_message(_client: object, _userdata: object, message: object) -> None:
        heard.append(message.payload)  # type: ignore[attr-defined]
        if len(heard) == 200:
            enough.set()

    listener.on_message = on_message
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.connect("127.0.0.1", broker.port)
    listener.subscribe("paraat/v1/+/ack", 1)
    listener.loop_start()
    assert subscribed.wait(LIMIT_S)
    ours = connect(broker.port)
    assert ours.up.wait(LIMIT_S)
    for n in range(200):
        assert ours.transport.publish("paraat/v1/nsp-0101/ack", str(n).encode())
    ours.stop()
    assert enough.wait(LIMIT_S)
    listener.disconnect()
    listener.loop_stop()
    assert heard == [str(n).encode() for n in range(200)]


def test_no_broker_is_said_with_address_and_advice(connect: Connect) -> None:
    port = free_port()
    ours = connect(port)
    wait_for(lambda: f"127.0.0.1:{port} cannot be reached" in ours.transport.problem, "the advice")
    assert "broker.host" in ours.transport.problem
    stop_without_hanging(ours)


def test_a_broker_that_never_answers_does_not_hang_the_stop(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ours = connect(silent.getsockname()[1])
        silent.settimeout(LIMIT_S)
        peer, _ = silent.accept()
        stop_without_hanging(ours)
        peer.close()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"username": "host", "password_file": "absent"}, "broker.password_file"),
        ({"ca_file": "absent.pem"}, "broker.ca_file"),
    ],
)
def test_a_file_that_is_not_there_names_its_key(tmp_path: Path, settings: dict[str, str], key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Connected(tmp_path, 1883, None, **settings)


@pytest.mark.needs("mosquitto")
def test_what_is_not_to_be_stored_goes_to_who_asked_for_it_and_is_acknowledged(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    heard: list[tuple[str, bytes]] = []
    inbox, up = Inbox(), threading.Event()
    transport = MqttTransport(
        BrokerSettings(port=mosquitto.port),
        tmp_path,
        inbox,
        now=lambda: 42.0,
        on_change=lambda connected: up.set() if connected else None,
        others={"paraat/v1/+/reply": lambda topic, payload: heard.append((topic, payload))},
    )
    transport.start()
    assert up.wait(LIMIT_S)
    publish(mosquitto.port, ("paraat/v1/nsp-0101/reply", b"1"), (TOPIC, b"2"), ("paraat/v1/nsp-0102/reply", b"3"))
    wait_for(lambda: len(heard) == 2 and len(inbox) == 1)
    assert heard == [("paraat/v1/nsp-0101/reply", b"1"), ("paraat/v1/nsp-0102/reply", b"3")]
    inbox.close()
    transport.stop()
    # A session that is taken up again hands over what was not acknowledged: the set, and the answer that came behind it.
    inbox, again = Inbox(), []
    transport = MqttTransport(
        BrokerSettings(port=mosquitto.port),
        tmp_path,
        inbox,
        now=lambda: 42.0,
        on_change=lambda _connected: None,
        others={"paraat/v1/+/reply": lambda topic, _payload: again.append(topic)},
    )
    transport.start()
    wait_for(lambda: len(inbox) == 1 and again == ["paraat/v1/nsp-0102/reply"])
    inbox.close()
    transport.stop()


def test_acknowledged_is_in_the_order_in_which_messages_came(broker: Broker, tmp_path: Path) -> None:
    """The broker of the demo let go of us otherwise: an answer of a board was acknowledged before the sets in front of it."""
    inbox, up, down, heard = Inbox(), threading.Event(), threading.Event(), threading.Event()
    transport = MqttTransport(
        BrokerSettings(port=broker.port),
        tmp_path,
        inbox,
        now=lambda: 42.0,
        on_change=lambda connected: (up if connected else down).set(),
        others={"paraat/v1/+/reply": lambda _topic, _payload: heard.set()},
    )
    transport.start()
    try:
        assert up.wait(LIMIT_S)
        sent: list[int] = []
        acknowledge = transport._client.ack
        transport._client.ack = lambda mid, qos: (sent.append(mid), acknowledge(mid, qos))[1]  # type: ignore[method-assign]
        publish(broker.port, *numbered(2), ("paraat/v1/nsp-0101/reply", b""))
        assert heard.wait(LIMIT_S)
        messages = inbox.take(2, LIMIT_S)
        messages += inbox.take(2 - len(messages), LIMIT_S) if len(messages) < 2 else []
        assert sent == []
        transport.ack(messages[1])
        assert sent == []
        transport.ack(messages[0])
        assert len(sent) == 3
        assert sent[:2] == [message.mid for message in messages]
        publish(broker.port, *numbered(1))
        assert inbox.take(1, LIMIT_S)
        assert not down.is_set()
    finally:
        inbox.close()
        transport.stop()


def kept(port: int, topic: str) -> list[bytes]:
    """What a broker keeps on a topic."""
    found: list[tuple[str, bytes]] = []
    subscribed = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: found.append((message.topic, message.payload))
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.subscribe([(topic, 1), ("end", 1)])
    client.loop_start()
    assert subscribed.wait(LIMIT_S)
    publish(port, ("end", b""))
    wait_for(lambda: ("end", b"") in found)  # what is kept came before
    client.disconnect()
    client.loop_stop()
    client.reinitialise()
    return [payload for where, payload in found if where == topic]


@pytest.mark.needs("mosquitto")
def test_what_a_broker_keeps_of_a_host_it_lets_go_of_when_it_loses_that_host(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    up = threading.Event()
    transport = MqttTransport(
        BrokerSettings(port=mosquitto.port), tmp_path, Inbox(), now=lambda: 42.0, on_change=lambda _: up.set(), will="lease"
    )  # fmt: skip
    transport.start()
    assert up.wait(LIMIT_S)
    transport.publish("lease", b"ours", retain=True)
    wait_for(lambda: kept(mosquitto.port, "lease") == [b"ours"])
    connection = transport._client.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)  # without a word
    wait_for(lambda: kept(mosquitto.port, "lease") == [])
    transport.stop()
