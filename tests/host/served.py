"""A host as its tests run it: the example site, boards on the wire, a clock that stands still, `paraat serve` as a process."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from paraat.domain.model import PointView, Value
from paraat.service import Service
from paraat.simulate.servers import EmbeddedBroker, MosquittoBroker, free_port
from paraat.site.broker import BrokerSettings
from paraat.site.channels import Channels, Siren
from paraat.site.site import Site, WebSettings, load_site
from paraat_wire import codec, host_codec, topics
from waiting import LIMIT_S, wait_for

EXAMPLE = Path(__file__).parents[2] / "deploy" / "site.example"
POINT = "nsp-0101"
T0 = 1764000000
Broker = MosquittoBroker | EmbeddedBroker
ON_MAINS: dict[str, Value] = {
    "fuel/level": 80.0,
    "power/mains": True,
    "power/generator": False,
    "people/present": 0,
}


def a_site(directory: Path, port: int, **changes: object) -> Site:
    """The example site, with its journal in a folder of the test's own."""
    site = load_site(EXAMPLE)
    fields = {
        "directory": directory,
        "broker": BrokerSettings(port=port, keepalive_s=5),
        "web": WebSettings(port=free_port()),
        "channels": Channels(siren=Siren(on=False)),  # the log alone: no test has the server of the example
        **changes,
    }
    return msgspec.structs.replace(site, **fields)  # type: ignore[arg-type]


class FakeBoard:
    """A board's side of the wire: keeps each set until the host's `ack`, sends the rest again."""

    def __init__(self, port: int, point: str = POINT) -> None:
        self.point = point
        self.kept: dict[int, str] = {}
        self.acked: set[int] = set()
        self.times: list[int] = []
        self.subscribed = threading.Event()
        self.answered = threading.Event()  # by an `ack`, since the last send_and_wait
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=point, clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = self._on_message
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.subscribed.wait(LIMIT_S)

    def _on_connect(self, client: Client, *_: object) -> None:
        client.subscribe([(topics.topic(self.point, topics.ACK), 1), (topics.TIME, 0)])

    def _on_message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        if message.topic == topics.TIME:
            self.times.append(codec.read_time(bytes(message.payload)))
            return
        for first, last in codec.read_ack(bytes(message.payload)):
            self.acked.update(range(first, last + 1))
        self.answered.set()

    def read(self, seq: int, values: dict[str, Value], t: float = T0) -> None:
        """Take a set into the board's journal."""
        records = codec.encode_records(values.items(), [])
        self.kept[seq] = codec.encode_set(self.point, seq, int(t), records)

    def send(self, limit: int | None = None) -> None:
        """Send what the host has not acknowledged, the oldest `limit` of it, five sets a pack."""
        waiting = [text for seq, text in sorted(self.kept.items()) if seq not in self.acked]
        for start in range(0, len(waiting[:limit]), 5):
            pack = host_codec.encode_pack(waiting[start : start + 5])
            self.client.publish(topics.topic(self.point, topics.TELEMETRY), pack, 1)

    def send_and_wait(self, limit: int) -> None:
        """Send the oldest `limit`, and wait for an answer, as a board does: what it sends anew, the host must read too."""
        self.answered.clear()
        self.send(limit)
        self.answered.wait(0.5)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish anything, and wait until the broker has it."""
        self.client.publish(topic, payload, 1, retain).wait_for_publish(LIMIT_S)

    def tell(self, seq: int, values: dict[str, Value], t: float) -> None:
        """One set, from the sensor to the host's acknowledgement."""
        self.read(seq, values, t)
        self.send()
        wait_for(lambda: seq in self.acked)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.reinitialise()  # closes what paho otherwise leaves to the garbage collector


class StillClock:
    """A clock that a test turns; who waits for a moment looks again at once."""

    def __init__(self) -> None:
        self.t = float(T0)

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(0.02)


def get(service: Service, path: str) -> bytes:
    assert service.web_url is not None
    with urllib.request.urlopen(service.web_url + path, timeout=LIMIT_S) as answer:
        body: bytes = answer.read()
        return body


def view_of(service: Service, now: float, point: str = POINT) -> PointView:
    (view,) = [view for view in service.views(now) if view.point == point]
    return view


SERVE = "import sys; from paraat.cli.main import main; sys.exit(main(sys.argv[1:]))"


class Served:
    """`paraat serve` in a process of its own."""

    def __init__(self, directory: Path, port: int) -> None:
        (directory / "points").mkdir(exist_ok=True)
        for path in (EXAMPLE / "points").glob("*.toml"):
            (directory / "points" / path.name).write_bytes(path.read_bytes())
        (directory / "site.toml").write_text(
            f'[site]\nregion = "Test"\n[broker]\nport = {port}\n[web]\nport = {free_port()}\n'
        )
        self.log = (directory / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--site", str(directory)],
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(LIMIT_S)
        self.log.close()
        return code
