"""What the firmware keeps in a board's Python heap, moment by moment, in bytes of the chip.

The compiled firmware runs from a slot on MicroPython's unix port with its simulated hardware, a broker with mutual TLS and
a host, through its phases: start, steady minutes, a broker that goes and comes back, every command, an update to the
other slot, a new configuration. After every import, and every second, it says what it has loaded and what lives in
its heap after a collection. paraat.memory.mpy_memory knows what the loaded files take on both machines, so what is
left is objects, which are made of words: half as large on the chip. The hardware's part is taken off.
"""

import json
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from paraat.boards.node_config import node_config
from paraat.fleet.updater import Transfer
from paraat.memory import mpy_memory
from paraat.memory.mpy_memory import UNIX_PORT_WORD, Mpy
from paraat.provision.bundle import bundle
from paraat.provision.pki import certificates
from paraat.provision.pki.authority import Authority
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK, MosquittoBroker
from paraat.site import paths
from paraat.site.files import write_atomic
from paraat.site.site import load_site
from paraat_wire import host_codec, orders, topics

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from waiting import wait_for  # after the path to it

POINT = story.PARTS[0].point
SPEED = 20.0
BACKLOG = 360
HEAP_KB = 1000  # more than it can use: what lives is measured, not what fits
STEADY_S = 300
# MicroPython's own at its prompt, on the emulated chip (v1.26.1).
PROMPT_BYTES = 2900
_PHASE = "phase"
_LIMIT_S = 120.0
_VALID_S = 3600

# simboard, with a note after every import that brought something, and every second.
_PROBE = f"""
import builtins, gc, json, kernel, micropython, sys
import simboard, machine, network, select, socket, time
real_import = builtins.__import__
own = 0  # what these notes have allocated
def note():
    global own
    allocated = micropython.mem_total()
    gc.collect()
    live = gc.mem_alloc()
    with open("{_PHASE}") as f:
        print(json.dumps({{"note": [f.read(), live, list(sys.modules), kernel.now_us, allocated - own]}}))
    micropython.qstr_info()
    own += micropython.mem_total() - allocated
def watched_import(*args):
    before = len(sys.modules)
    found = real_import(*args)
    if len(sys.modules) > before:
        note()
    return found
def tick():
    kernel.at(kernel.now_us + 1000000, tick)
    note()
simboard.wire_this_board()
note()
builtins.__import__ = watched_import
kernel.at(1000000, tick)
import main
main.start()
"""


# Six hours of sets, which the board has not sent yet.
_FILL = f"""
from node import config
from node.journal import TELEMETRY, Journal
c = config.load()["journal"]
journal = Journal(c["directory"], c["max_bytes"], 1)
for i in range({BACKLOG}):
    journal.append(TELEMETRY, 1700000000 + 60 * i, True, [
        ("fuel/distance", 0.5 + i % 50 / 100), ("fuel/level", i % 100), ("battery/voltage", 12 + i % 30 / 10),
        ("battery/current", -1.8), ("climate/temperature", 19.5), ("people/present", i % 40), ("power/mains", False),
        ("power/generator", True), ("people/in", i), ("people/out", i),
    ], [])
"""


class MeasureError(Exception):
    """Raised when the board does not come so far. str() says how far, and what it printed last."""


@dataclass(frozen=True)
class Moment:
    """files: what of the firmware is loaded, by path. names: how many bytes those ever seen take. Bytes of the chip."""

    phase: str
    t_s: float
    files: frozenset[str]
    code: int
    names: int
    objects: int
    port_live: int  # on the unix port, without the simulated hardware
    allocated: int  # ever, on the unix port, the simulated hardware's among it

    @property
    def live(self) -> int:
        """Bytes that live in the chip's Python heap."""
        return PROMPT_BYTES + self.code + self.names + self.objects


class TlsBroker(MosquittoBroker):
    """A broker that wants a certificate of this authority."""

    def __init__(self, directory: Path, authority: certificates.Issued, own: certificates.Issued) -> None:
        super().__init__(directory)
        directory.mkdir(parents=True)
        for name, data in (
            ("ca.crt", authority.certificate_pem()),
            ("own.crt", own.certificate_pem()),
            ("own.key", own.key_pem()),
        ):
            (directory / name).write_bytes(data)

    def _command(self) -> list[str]:
        command = super()._command()
        with (self.directory / "mosquitto.conf").open("a") as config:
            config.write(
                f"cafile {self.directory}/ca.crt\ncertfile {self.directory}/own.crt\nkeyfile {self.directory}/own.key\n"
                "require_certificate true\nuse_identity_as_username true\n"
            )
        return command


class Host:
    """Acknowledges what the board sends, tells it the time, and remembers what it heard."""

    def __init__(
        self, broker: TlsBroker, directory: Path, authority: certificates.Issued, own: certificates.Issued
    ) -> None:
        self.sets = 0
        self.uptime_s = 0.0
        self._told = 0.0
        self.replies: dict[str, orders.Reply] = {}
        self.states: list[dict[str, Any]] = []
        self.on_state: Callable[[dict[str, Any]], None] = lambda _: None
        self.on_reply: Callable[[orders.Reply], None] = lambda _: None
        certificate = directory / "host.pem"
        certificate.write_bytes(own.certificate_pem() + own.key_pem())
        context = ssl.create_default_context(cadata=authority.certificate_pem().decode())
        context.load_cert_chain(certificate)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="host")
        self._client.tls_set_context(context)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topics.PREFIX + POINT + "/#", 1)
        self._client.on_message = self._on_message
        self._client.connect(LOOPBACK, broker.port)
        self._client.loop_start()

    def _on_message(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.rpartition("/")[2]
        payload = bytes(message.payload)
        if leaf == topics.STATE:
            state: dict[str, Any] = host_codec.read_state(payload)
            self.states.append(state)
            self.on_state(state)
        elif leaf == topics.REPLY:
            reply = host_codec.read_reply(payload)
            self.replies[reply.id] = reply
            self.on_reply(reply)
        elif leaf in (topics.TELEMETRY, topics.EVENT):
            self._store(client, leaf, payload)

    def _store(self, client: mqtt.Client, leaf: str, payload: bytes) -> None:
        sets = host_codec.read_pack(POINT, leaf, payload, time.time())
        for a_set in sets:
            values = dict(a_set.values)
            self.uptime_s = values.get("node/uptime", self.uptime_s)
        self.sets += len(sets)
        client.publish(topics.topic(POINT, topics.ACK), host_codec.encode_ack([(s.seq, s.seq) for s in sets]), qos=1)

    def tell_the_time(self) -> None:
        """Once in a minute of the board's time."""
        if time.monotonic() < self._told + 60 / SPEED:
            return
        self._told = time.monotonic()
        self._client.publish(topics.TIME, host_codec.encode_time(int(time.time())))

    def say(self, command: orders.Command) -> None:
        self._client.publish(topics.topic(POINT, topics.COMMAND), host_codec.encode_command(command), qos=1)

    def configure(self, config: dict[str, Any]) -> None:
        self._client.publish(topics.topic(POINT, topics.CONFIG), host_codec.encode_config(config), qos=1, retain=True)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Place:
    """A broker with its host, and what a board has in its flash to find them. Use it in `with`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        now = datetime.now(UTC)
        self.firmware = bundle.compile_firmware()
        self.built = boards.build(directory / "built")
        self._authority = certificates.make_authority("Budget", now)
        self._own = own = certificates.issue_board(self._authority, POINT, now)
        site = directory / "site"
        site.mkdir()
        self.updates = Authority.create(site, "Budget", "for a measurement", (LOOPBACK,), now)
        issued = certificates.issue_broker(self._authority, (LOOPBACK,), now)
        self.broker = TlsBroker(directory / "broker", self._authority, issued)
        limits = {
            "host": LOOPBACK, "port": self.broker.port, "tls": True, "server_name": LOOPBACK,
            "timeout_s": int(10 * SPEED), "retry_max_s": 5,
        }  # fmt: skip
        known = load_site(paths.example_site_dir())
        self.config = node_config(known, POINT, broker=limits) | {"built": int(now.timestamp())}
        self.scenario = story.scenario(
            story.PARTS[0], known.points[POINT], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED
        )
        self.flash = {
            **self.firmware.slot("a", 1),
            "update.pub": self.updates.update_public(),
            "tls/ca.der": self._authority.certificate_der(),
            "tls/cert.der": own.certificate_der(),
            "tls/key.der": own.key_der(),
        }

    def __enter__(self) -> Self:
        self.broker.start()
        self.host = Host(self.broker, self.directory, self._authority, self._own)
        return self

    def __exit__(self, *_: object) -> None:
        self.host.stop()
        self.broker.stop()


class Stage(Place):
    """A board with slots at its place. What it had not sent when it lost its power lies in its journal."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.board = boards.SimulatedBoard(directory / "board", self.config, self.scenario, self.built, self.flash)
        self.board.evaluate(_FILL, sources=True)

    def __enter__(self) -> Self:
        super().__enter__()
        self.phase("start")
        self._power_on()
        return self

    def __exit__(self, *error: object) -> None:
        self.board.stop()
        super().__exit__(*error)

    def _power_on(self) -> None:
        self.board.start(heap_kb=HEAP_KB, script=("-c", _PROBE))

    def phase(self, name: str) -> None:
        """What the notes are filed under from now on."""
        write_atomic(self.board.directory / _PHASE, name.encode(), mode=0o600)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for it. The board starts again whenever it resets."""

        def look() -> object:
            if self.board.ended:
                self._power_on()
            self.host.tell_the_time()
            return condition()

        try:
            wait_for(look, what, _LIMIT_S)
        except AssertionError as error:
            raise MeasureError(f"{error}; the board said:\n{self.console()[-3000:]}") from error

    def next_set(self, what: str) -> None:
        """Wait until a set arrives."""
        before = self.host.sets
        self.until(lambda: self.host.sets > before, what)

    def ask(self, do: str, **args: Any) -> None:
        """A command, answered; a refusal is an answer."""
        command = orders.Command(f"budget-{do}", do, int(time.time()) + _VALID_S, args)
        self.host.say(command)
        self.until(lambda: command.id in self.host.replies, f"an answer to {do}")

    def update(self, build: int) -> None:
        """To the other slot, until the board runs it."""

        def now() -> float:  # its commands expire in two minutes, which the board's fast clock may be ahead
            return time.time() + _VALID_S

        transfer = Transfer(POINT, data=bundle.make(self.firmware, build, self.updates.update_key()), build=build)
        self.host.on_state = lambda state: transfer.on_state(state, now())
        self.host.on_reply = lambda reply: transfer.on_reply(reply, now())
        transfer.on_state(self.host.states[-1], now())

        def goes_on() -> bool:
            command = transfer.next_command(now())
            if command is not None:
                self.host.say(command)
            return transfer.phase in ("trial", "done", "failed")

        self.until(goes_on, "the update is there")
        if transfer.phase == "failed":
            raise MeasureError(f"the update failed: {transfer.why}")
        self.until(lambda: any(state.get("build") == build for state in self.host.states), "the new firmware is online")

    def console(self) -> str:
        """What the board said, without the notes."""
        lines = self.board.console().splitlines()
        return "\n".join(line for line in lines if not line.startswith(('{"note"', "qstr pool")))


def play(stage: Stage) -> None:
    """Take the board through its phases."""
    stage.until(lambda: stage.host.uptime_s, "the first set")
    stage.phase("backlog")
    stage.until(lambda: stage.host.sets >= BACKLOG, "the backlog")
    stage.phase("steady")
    begun_s = stage.host.uptime_s
    stage.until(lambda: stage.host.uptime_s >= begun_s + STEADY_S, "steady minutes")
    stage.phase("reconnect")
    stage.broker.stop()
    time.sleep(5 * 60 / SPEED)  # of the board's time without a broker; nothing can tell us when it has had enough
    stage.broker.start()
    stage.next_set("a set after the broker was away")
    stage.phase("commands")
    stage.ask("identify")
    stage.ask("sample-now")
    stage.ask("resend", **{"from": 1})
    stage.ask("reset-count")
    stage.ask("calibrate", at="full")
    stage.phase("update")
    stage.update(2)
    stage.phase("after the update")
    stage.next_set("a set of the new firmware")
    stage.phase("configuration")
    table = {key: value for key, value in stage.config.items() if key not in ("built", "journal")}
    stage.host.configure({**table, "version": 2, "interval_s": 30})
    stage.until(
        lambda: any(state.get("config") == 2 for state in stage.host.states), "the new configuration is at work"
    )
    stage.next_set("a set of the new configuration")


_POOL = re.compile(r"qstr pool: n_pool=(\d+), n_qstr=(\d+), n_str_data_bytes=(\d+), n_total_bytes=(\d+)")


class _Reader:
    """Turns a console's notes into moments. files: the firmware's, by path below the slot."""

    def __init__(self, files: dict[str, bytes], hal: Path) -> None:
        self._files = files
        self._hal = hal
        self._hardware_objects = 0
        self._names: set[str] = set()

    def moments(self, console: str) -> Iterator[Moment]:
        note: list[Any] | None = None
        for line in console.splitlines():
            if line.startswith('{"note"'):
                note = json.loads(line)["note"]
            elif (pool := _POOL.search(line)) and note is not None:
                moment = self._moment(*note, int(pool[4]))
                note = None
                if moment is not None:
                    yield moment

    def _moment(
        self, phase: str, live: int, modules: list[str], now_us: int, allocated: int, names: int
    ) -> Moment | None:
        ours = {path for module in modules if (path := self._path(module))}
        packages = {path.partition("/")[0] for path in self._files}  # a folder without __init__ is a module too
        lost = [m for m in modules if "." in m and m.partition(".")[0] in packages and not self._path(m)]
        if lost:
            raise MeasureError(f"{', '.join(lost)}: found no file of that name, so nobody can tell what it takes")
        hardware = sum(_hal_bytes(self._hal, module) for module in modules)
        objects = live - names - hardware - self._code(ours, UNIX_PORT_WORD)
        if not ours:  # wired, and nothing of the firmware yet: a board that has just got power
            self._hardware_objects = objects
            self._names = set()
            return None
        for path in ours:
            self._names |= {*_parsed(self._files[path]).names, path, *path.removesuffix(".mpy").split("/")}
        objects -= self._hardware_objects
        code = self._code(ours, mpy_memory.CHIP_WORD)
        kept = mpy_memory.names_bytes(self._names - mpy_memory.in_rom() - {""})
        port_live = live - hardware - self._hardware_objects
        return Moment(phase, now_us / 1e6, frozenset(ours), code, kept, objects // 2, port_live, allocated)

    def _path(self, module: str) -> str | None:
        path = module.replace(".", "/")
        return next((p for p in (f"{path}.mpy", f"{path}/__init__.mpy") if p in self._files), None)

    def _code(self, paths_loaded: set[str], word: int) -> int:
        return sum(_module_bytes(self._files[path], word) for path in paths_loaded)


@cache
def _parsed(data: bytes) -> Mpy:
    return mpy_memory.read(data)


@cache
def _module_bytes(data: bytes, word: int) -> int:
    return mpy_memory.module_bytes(_parsed(data), word)


@cache
def _hal_bytes(hal: Path, module: str) -> int:
    path = hal / (module.replace(".", "/") + ".mpy")
    path = path if path.exists() else path.with_suffix("") / "__init__.mpy"
    return mpy_memory.module_bytes(mpy_memory.read(path.read_bytes()), UNIX_PORT_WORD) if path.exists() else 0


def measure() -> tuple[dict[str, bytes], list[Moment]]:
    """(the firmware's files, the moments of a board that went through all phases)."""
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as found:
        play(found)
        reader = _Reader(found.firmware.files, found.built / "hal")
        return found.firmware.files, list(reader.moments(found.board.console()))
