"""The host whole under the load of a country: from arrival to `ack`, and what a page takes, with an hour of sets in each point.

    python benchmarks/host_load.py [--points N] [--interval S] [--minutes M] [--running]

A broker (mosquitto), the host service in a process of its own, and the boards in this one: each sends a set each --interval
seconds at a moment of its own. The journal begins with a set a minute of the last hour for each point. Reported: the time
from publishing a set until its `ack` is here, the host's share of a core and its memory, and the time of two pages.
Each figure is of this machine with all that runs on it.
"""

import argparse
import multiprocessing
import random
import resource
import tempfile
import threading
import time
import urllib.request
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from paraat import service
from paraat.domain.model import SampleSet, Value
from paraat.journal import Journal
from paraat.runtime.clock import SystemClock
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import paths
from paraat.site.broker import BrokerSettings
from paraat.site.site import Site, WebSettings, load_site
from paraat_wire import codec, host_codec, topics

HISTORY_MIN = 60
PAGES = ("/", "/api/v1/points")
PAGE_EVERY_S = 15.0


def a_site(directory: Path, points: int, broker_port: int, web_port: int) -> Site:
    """The example site with so many points, all like its first."""
    site = load_site(paths.example_site_dir())
    one, profile = next(iter(site.points.values())), next(iter(site.profiles.values()))
    ids = [f"nsp-{n:05d}" for n in range(points)]
    return msgspec.structs.replace(
        site,
        directory=directory,
        broker=BrokerSettings(port=broker_port, keepalive_s=30),
        web=WebSettings(port=web_port),
        influx=None,
        points={name: msgspec.structs.replace(one, id=name) for name in ids},
        profiles=dict.fromkeys(ids, profile),
    )


def values_of(chance: random.Random, litres: float, running: bool) -> dict[str, Value]:
    return {
        "fuel/level": round(min(100.0, (litres + chance.gauss(0, 1.2)) / 4), 1),
        "power/mains": not running,
        "power/generator": running,
        "battery/voltage": 12.6,
        "battery/current": -0.2,
        "climate/temperature": 19.4,
        "people/present": 41,
        "node/uptime": 86400,
    }


class Boards:
    """Every point's board, over one connection. It knows when each set was sent, and so how long its `ack` took."""

    def __init__(self, site: Site, port: int, running: bool) -> None:
        chance = self._chance = random.Random(1)
        self._running = running
        self.ids = list(site.points)
        self._litres = {name: chance.uniform(200, 400) for name in self.ids}
        self._rate = {name: chance.uniform(5, 12) if running else 0.0 for name in self.ids}
        self._began_t = time.time()
        self._seq = dict.fromkeys(self.ids, HISTORY_MIN)
        self._sent: dict[tuple[str, int], float] = {}
        self.waited_s: list[float] = []
        self.made = 0
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="boards", clean_session=True)
        self._client.max_inflight_messages_set(2000)
        self._client.max_queued_messages_set(0)
        self._client.on_message = self._on_message
        self._client.connect(LOOPBACK, port)
        self._client.subscribe(topics.topic("+", topics.ACK))
        self._client.loop_start()

    def history(self, journal: Journal) -> None:
        """An hour of sets, a minute apart."""
        for minute in range(HISTORY_MIN):
            t = self._began_t - 60 * (HISTORY_MIN - minute)
            sets = [
                SampleSet(
                    point=name, kind="telemetry", seq=minute + 1, t=t + n / len(self.ids), received_at=t + 1,
                    values=values_of(self._chance, self._level(name, t), self._running), faults={},
                )
                for n, name in enumerate(self.ids)
            ]  # fmt: skip
            for at in range(0, len(sets), 2000):
                journal.store(sets[at : at + 2000], [], [])

    def _level(self, name: str, t: float) -> float:
        return self._litres[name] - self._rate[name] * (t - self._began_t + 3600) / 3600

    def send(self, interval_s: float, until_s: float) -> None:
        """Send sets, each point in its turn, until that moment of time.monotonic()."""
        due_s = time.monotonic()
        step_s = interval_s / len(self.ids)
        while True:
            for name in self.ids:
                now_s = time.monotonic()
                if now_s >= until_s:
                    return
                if due_s > now_s:
                    threading.Event().wait(due_s - now_s)
                due_s += step_s
                self._send(name)

    def _send(self, name: str) -> None:
        t = time.time()
        seq = self._seq[name] = self._seq[name] + 1
        records = codec.encode_records(list(values_of(self._chance, self._level(name, t), self._running).items()), [])
        pack = host_codec.encode_pack([codec.encode_set(name, seq, round(t, 3), records)])
        self._sent[name, seq] = time.monotonic()
        self.made += 1
        self._client.publish(topics.topic(name, topics.TELEMETRY), pack, qos=1)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        at_s = time.monotonic()
        parsed = topics.parse(message.topic)
        assert parsed is not None
        for first, last in codec.read_ack(message.payload, msgspec.json.decode):
            for seq in range(max(first, HISTORY_MIN + 1), last + 1):
                sent_s = self._sent.pop((parsed[0], seq), None)
                if sent_s is not None:
                    self.waited_s.append(at_s - sent_s)

    def unanswered(self) -> int:
        return len(self._sent)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def serve(
    site: Site, ready: Event, measure: Event, stop: Event, told: "multiprocessing.Queue[tuple[float, float]]"
) -> None:
    """The host, in a process of its own. While `measure` is set its time counts."""
    service._REPLAY_SETS = HISTORY_MIN * len(site.points)
    host = service.Service(site, clock=SystemClock())
    host.start()
    ready.set()
    measure.wait()
    begun_s, begun = time.monotonic(), time.process_time()
    stop.wait()
    core = (time.process_time() - begun) / (time.monotonic() - begun_s)
    told.put((core, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    host.stop()


def ask(port: int, path: str) -> tuple[float, int]:
    """Seconds and bytes of a page."""
    begun_s = time.monotonic()
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=300) as answer:
        size = len(answer.read())
    return time.monotonic() - begun_s, size


def run(points: int, interval_s: float, minutes: float, running: bool, directory: Path) -> None:
    web_port = free_port()
    with MosquittoBroker(directory) as broker:
        site = a_site(directory, points, broker.port, web_port)
        boards = Boards(site, broker.port, running)
        path = site.path(site.region.journal)
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal(path)
        boards.history(journal)
        journal.close()
        ready, measure, stop = (multiprocessing.Event() for _ in range(3))
        told: multiprocessing.Queue[tuple[float, float]] = multiprocessing.Queue()
        begun_s = time.monotonic()
        host = multiprocessing.Process(target=serve, args=(site, ready, measure, stop, told))
        host.start()
        ready.wait()
        print(f"start {time.monotonic() - begun_s:.0f} s", flush=True)
        boards.send(interval_s, time.monotonic() + 30)  # the first look at all points is over then
        boards.waited_s.clear()
        boards.made = 0
        measure.set()
        until_s = time.monotonic() + 60 * minutes
        sender = threading.Thread(target=boards.send, args=(interval_s, until_s))
        sender.start()
        took: dict[str, list[float]] = {page: [] for page in PAGES}
        sizes = {}
        while time.monotonic() + PAGE_EVERY_S < until_s:
            for page in PAGES:
                took_s, sizes[page] = ask(web_port, page)
                took[page].append(took_s)
            threading.Event().wait(PAGE_EVERY_S)
        sender.join()
        stop.set()
        core, mb = told.get()
        host.join()
        boards.stop()
    cuts = quantiles(boards.waited_s, n=100)
    print(
        f"{points} points, a set each {interval_s:g} s, {'generators run' if running else 'in standby'}, {minutes:g} min"
    )
    print(f"  {boards.made / minutes / 60:.0f} sets/s sent; host {core:.2f} core, {mb:.0f} MB")
    print(f"  arrival to ack: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98]:.2f} s, not yet {boards.unanswered()}")
    for page in PAGES:
        print(f"  {page}: median {median(took[page]):.2f} s, most {max(took[page]):.2f} s, {sizes[page] / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description="The host under the load of a country.")
    parser.add_argument("--points", type=int, default=13_464)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--running", action="store_true", help="the mains are out, and all generators run")
    parser.add_argument("--directory", type=Path, help="on the disk to measure")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.directory) as directory:
        run(asked.points, asked.interval, asked.minutes, asked.running, Path(directory))


if __name__ == "__main__":
    main()
