"""The host whole under the load of a country: its start, from arrival to `ack`, and what asking costs, before and now.

    make load [AGAINST=<commit>]
    python benchmarks/host_load.py [--points N] [--interval S] [--seconds S] [--history M] [--running] [--against COMMIT]

`paraat serve` as a user runs it, with a file for each point, a broker (mosquitto), and the boards in this process: each sends
a set each --interval seconds at a moment of its own, after a journal of --history sets a minute apart. --against does all of
it with the code of an older commit first, in the same run, and gives each figure's ratio. Reported: the time from the start of
the program until a first `ack`; the time from publishing a set until its `ack` is here, while nobody asks and while ten
browsers do; the time to the first byte of two addresses and until they are whole; the host's share of a core and its memory.
Each figure is of this machine with all that runs on it, whose load is printed beside it.
"""

import argparse
import contextlib
import http.client
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from paraat.domain.model import SampleSet, Value
from paraat.journal import Journal
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import paths
from paraat_wire import codec, host_codec, topics

ROOT = Path(__file__).parent.parent
PAGES = ("/", "/api/v1/points")
BROWSERS = 10
REST_S = 5.0  # of a browser, between two questions
START_LIMIT_S = 900.0
SETTLE_LIMIT_S = 120.0  # what still waits then is measured as it is
_SERVE = "import sys; from paraat.cli.main import main; sys.exit(main())"
SITE = """[site]
region = "Veiligheidsregio Voorbeeld"

[broker]
port = {broker}

[web]
port = {web}
"""


def write_site(directory: Path, points: int, broker_port: int, web_port: int) -> list[str]:
    """A site with so many points, all like the example's first. Returns their ids."""
    (directory / "points").mkdir(parents=True)
    (directory / "site.toml").write_text(SITE.format(broker=broker_port, web=web_port), encoding="utf-8")
    one = (paths.example_site_dir() / "points" / "nsp-0101.toml").read_text(encoding="utf-8")
    ids = [f"nsp-{n:05d}" for n in range(points)]
    for name in ids:
        (directory / "points" / f"{name}.toml").write_text(one.replace("nsp-0101", name), encoding="utf-8")
    return ids


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


def tanks(ids: list[str], running: bool) -> dict[str, tuple[float, float]]:
    """By point the litres in its tank now, and how many an hour go out of it."""
    chance = random.Random(1)
    return {name: (chance.uniform(200, 390), chance.uniform(5, 12) if running else 0.0) for name in ids}


class Boards:
    """Every point's board, over one connection. It knows when each set was sent, and so how long its `ack` took."""

    def __init__(self, ids: list[str], port: int, running: bool, history_min: int) -> None:
        self._chance = random.Random(1)
        self._running = running
        self._history_min = history_min
        self.ids = ids
        self._tanks = tanks(ids, running)
        self._began_t = time.time()
        self._seq = dict.fromkeys(self.ids, history_min)
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

    def _level(self, name: str, t: float) -> float:
        litres, rate = self._tanks[name]
        return litres - rate * (t - self._began_t) / 3600

    def send(self, interval_s: float, until_s: Callable[[], float]) -> None:
        """Send sets, each point in its turn, until that moment of time.monotonic()."""
        due_s = time.monotonic()
        step_s = interval_s / len(self.ids)
        while True:
            for name in self.ids:
                now_s = time.monotonic()
                if now_s >= until_s():
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
            for seq in range(max(first, self._history_min + 1), last + 1):
                sent_s = self._sent.pop((parsed[0], seq), None)
                if sent_s is not None:
                    self.waited_s.append(at_s - sent_s)

    def unanswered(self) -> int:
        return len(self._sent)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def leave_session(port: int) -> None:
    """What a host that has been there before leaves at the broker: from now on it keeps what the boards send."""
    client, subscribed = (
        Client(CallbackAPIVersion.VERSION2, client_id="paraat-host", clean_session=False),
        threading.Event(),
    )
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(LOOPBACK, port)
    client.loop_start()
    client.subscribe([(topics.topic("+", leaf), 1) for leaf in (topics.TELEMETRY, topics.EVENT, topics.STATE)])
    assert subscribed.wait(30)
    client.disconnect()
    client.loop_stop()


def write_history(directory: Path, minutes: int, running: bool) -> None:
    """A set a minute of each point, up to now, in the journal of a site."""
    ids = sorted(path.stem for path in (directory / "points").glob("*.toml"))
    chance, began_t, now = random.Random(2), time.time(), tanks(ids, running)
    journal = Journal(directory / "journal.sqlite")
    for minute in range(minutes):
        t = began_t - 60 * (minutes - minute)
        sets = [
            SampleSet(
                point=name, kind="telemetry", seq=minute + 1, t=t + n / len(ids), received_at=t + 1,
                values=values_of(chance, now[name][0] + now[name][1] * (minutes - minute) / 60, running), faults={},
            )
            for n, name in enumerate(ids)
        ]  # fmt: skip
        for at in range(0, len(sets), 2000):
            journal.store(sets[at : at + 2000], [], [])
    journal.close()


class Host:
    """`paraat serve` of a checkout, in a process of its own."""

    def __init__(self, checkout: Path, site: Path) -> None:
        self._environment = dict(os.environ, PYTHONPATH=f"{checkout / 'host'}:{checkout / 'wire'}")
        self._site = site
        self._log = (site / "serve.log").open("ab")

    def write_history(self, minutes: int, running: bool) -> None:
        """With the code of that checkout: a journal belongs to the release that wrote it."""
        asked = [sys.executable, __file__, "--write-history", str(self._site), "--history", str(minutes)]
        subprocess.run([*asked, *(["--running"] if running else [])], env=self._environment, check=True)

    def start(self) -> None:
        command = [sys.executable, "-c", _SERVE, "serve", "--site", str(self._site)]
        self._process = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)

    def used(self) -> tuple[float, float]:
        """(seconds of a core so far, MB at most)."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        most = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), int(most) / 1024

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


class Browsers:
    """Ten that ask for each page in turn, and rest in between. took: by page (to the first byte, to the last, bytes)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self.took: dict[str, list[tuple[float, float, int]]] = {page: [] for page in PAGES}
        self._threads = [threading.Thread(target=self._look, args=(n,), daemon=True) for n in range(BROWSERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _look(self, number: int) -> None:
        self._stop.wait(number * REST_S / BROWSERS)
        while not self._stop.is_set():
            for page in PAGES:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.took[page].append(self._ask(page))
            self._stop.wait(REST_S)

    def _ask(self, page: str) -> tuple[float, float, int]:
        begun_s = time.monotonic()
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=300)
        connection.request("GET", page, headers={"accept-encoding": "gzip"})
        answer = connection.getresponse()
        answer.read(1)
        first_s = time.monotonic() - begun_s
        size = 1 + len(answer.read())
        connection.close()
        return first_s, time.monotonic() - begun_s, size

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(300)


def measure(checkout: Path, directory: Path, asked: argparse.Namespace) -> dict[str, float]:
    """All figures of one checkout, by what they are."""
    web_port = free_port()
    directory.mkdir()
    with MosquittoBroker(directory / "broker") as broker:
        site = directory / "site"
        boards = Boards(
            write_site(site, asked.points, broker.port, web_port), broker.port, asked.running, asked.history
        )
        leave_session(broker.port)
        host = Host(checkout, site)
        host.write_history(asked.history, asked.running)
        found: dict[str, float] = {}
        begun_s = time.monotonic()
        host.start()
        until_s = [begun_s + START_LIMIT_S]
        sender = threading.Thread(target=boards.send, args=(asked.interval, lambda: until_s[0]), daemon=True)
        sender.start()
        while not boards.waited_s and time.monotonic() < until_s[0]:
            time.sleep(0.05)
        found["start to first ack, s"] = time.monotonic() - begun_s
        found["start to first ack, s of a core"] = host.used()[0]
        # The first look at all points, and what the boards sent meanwhile, are over when nothing waits.
        limit_s = time.monotonic() + SETTLE_LIMIT_S
        while boards.unanswered() > asked.points / asked.interval and time.monotonic() < limit_s:
            time.sleep(0.5)
        found["start to nothing waits, s"] = time.monotonic() - begun_s
        browsers = Browsers(web_port)
        used_s, phase_s = host.used()[0], time.monotonic()
        for who in ("nobody asks", "ten browsers ask"):
            boards.waited_s.clear()
            if who != "nobody asks":
                browsers.start()
            time.sleep(asked.seconds)
            if who != "nobody asks":
                browsers.stop()
            cuts = quantiles(boards.waited_s, n=100) if len(boards.waited_s) > 1 else [float("nan")] * 99
            found[f"ack p50, {who}, s"], found[f"ack p99, {who}, s"] = cuts[49], cuts[98]
        core_s, megabytes = host.used()
        found["host, share of a core"] = (core_s - used_s) / (time.monotonic() - phase_s)
        found["host, MB"] = megabytes
        until_s[0] = 0.0
        sender.join()
        for page, took in browsers.took.items():
            first, whole, sizes = zip(*took, strict=True) if took else ([float("nan")],) * 3
            found[f"{page} first byte, median s"], found[f"{page} first byte, most s"] = median(first), max(first)
            found[f"{page} whole, median s"] = median(whole)
            found[f"{page} bytes on the wire, MB"] = max(sizes) / 1e6
        host.stop()
        boards.stop()
    return found


@contextlib.contextmanager
def checkout_of(commit: str, directory: Path) -> Iterator[Path]:
    """The files of a commit, for as long as it is wanted."""
    target = directory / "before"
    target.mkdir()
    archive = subprocess.Popen(["git", "-C", str(ROOT), "archive", commit], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(target)], stdin=archive.stdout, check=True)
    if archive.wait():
        raise SystemExit(f"{commit}: no commit of this repository")
    yield target
    shutil.rmtree(target)


def run(asked: argparse.Namespace, directory: Path) -> None:
    print(
        f"{asked.points} points, a set each {asked.interval:g} s, {'generators run' if asked.running else 'in standby'}, "
        f"{asked.history} sets each before; load of this machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )
    before: dict[str, float] = {}
    if asked.against:
        with checkout_of(asked.against, directory) as old:
            before = measure(old, directory / "old", asked)
        print("\n".join(f"before: {name:40} {value:10.3f}" for name, value in before.items()), flush=True)
    now = measure(ROOT, directory / "new", asked)
    for name, value in now.items():
        was = before.get(name)
        print(
            f"{name:48} {value:10.3f}"
            if was is None
            else f"{name:48} {was:10.3f} -> {value:10.3f}  x {value / was:.3f}"
        )
    print(f"load of this machine at the end {os.getloadavg()[0]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="The host under the load of a country.")
    parser.add_argument("--points", type=int, default=13_464)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each half: nobody asks, ten browsers ask")
    parser.add_argument("--history", type=int, default=60, help="sets of each point in the journal before")
    parser.add_argument("--running", action="store_true", help="the mains are out, and all generators run")
    parser.add_argument("--against", metavar="COMMIT", help="measure that commit's code first")
    parser.add_argument("--directory", type=Path, help="on the disk to measure")
    parser.add_argument("--write-history", type=Path, metavar="SITE", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write_history is not None:
        write_history(asked.write_history, asked.history, asked.running)
        return
    with tempfile.TemporaryDirectory(dir=asked.directory) as directory:
        run(asked, Path(directory))


if __name__ == "__main__":
    main()
