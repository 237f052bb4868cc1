"""What the firmware needs of a board's heap: `.venv/bin/python benchmarks/firmware_heap.py`.

Runs the compiled firmware under MicroPython's unix port with a real broker and a host that acknowledges, and prints, in
KB of a 32-bit board (the port's "w": half of what 64-bit objects take here):
  hardware   what the simulated hardware takes, which no board carries
  free       free heap after a collection, at the start and after five minutes, in a heap of BOARD_HEAP_KB + hardware
  smallest   the smallest heap in which it runs five minutes (connects, sends, is acknowledged) without a MemoryError:
             its true peak
  .mpy       bytes of the compiled firmware, packed
The ratio compares the smallest heap with the 160 KB that an ESP32 without PSRAM has.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from paraat.boards.node_config import node_config
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK, find_broker
from paraat.site import paths
from paraat.site.site import load_site
from paraat_wire import host_codec, topics

SPEED = 60.0
MINUTES = 5
ESP32_HEAP_KB = 160
POINT = story.PARTS[0].point


class Host:
    """Acknowledges sets, and keeps the free heap that each reports.

    client: with TLS, where the broker wants more than an address. acks: whether a set is acknowledged.
    """

    def __init__(
        self,
        port: int,
        *,
        client: mqtt.Client | None = None,
        acks: Callable[[host_codec.SampleSet], bool] = lambda _: True,
    ) -> None:
        self._acks = acks
        self.heap_free: list[float] = []
        self.uptime_s: list[float] = []
        self._client = client or mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect(LOOPBACK, port)
        self._client.subscribe([(topics.topic(POINT, leaf), 1) for leaf in (topics.TELEMETRY, topics.EVENT)])
        self._client.loop_start()

    def _on_message(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.rpartition("/")[2]
        sets = host_codec.read_pack(POINT, leaf, bytes(message.payload), time.time())
        for a_set in sets:
            values = dict(a_set.values)
            if "node/heap" in values:
                self.heap_free.append(values["node/heap"])
                self.uptime_s.append(values["node/uptime"])
        stored = [(s.seq, s.seq) for s in sets if self._acks(s)]
        if stored:
            client.publish(topics.topic(POINT, topics.ACK), host_codec.encode_ack(stored), qos=1)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def run(directory: Path, built: Path, config: dict[str, Any], port: int, heap_kb: int) -> tuple[Host, str]:
    """Five minutes in a heap of so many KB: (host, console)."""
    site = load_site(paths.example_site_dir())
    scenario = story.scenario(
        story.PARTS[0], site.points[POINT], t0_unix=1796061600.0, real0_unix=time.time(), speed=SPEED
    )
    host = Host(port)
    board = boards.SimulatedBoard(directory, config, scenario, built)
    board.start(heap_kb=heap_kb)
    deadline = time.monotonic() + (MINUTES + 1) * 60 / SPEED + 2
    while time.monotonic() < deadline and not (host.uptime_s and max(host.uptime_s) >= MINUTES * 60):
        time.sleep(0.05)
    board.stop()
    host.stop()
    return host, board.console()


_LENT_AT_A_START = (
    "calibration",
    "config",
    "ntp",
    "selftest",
    "slots",
    "startup",
)  # node/lent.py: gone when it runs, but for their names
_HARDWARE = "import simboard, machine, select, socket, time, network, onewire; simboard.wire_this_board();"


def hardware_kb(board: boards.SimulatedBoard) -> float:
    """Heap that this board's simulated hardware takes, its modules and its devices, in KB of a 32-bit board.

    MicroPython keeps all names of a program in tables, each twice as large as the one before. So the hardware is loaded
    behind as many names as the firmware has: a table that is needed only for the hardware's is the hardware's.
    """
    drivers = {sensor["driver"] for sensor in board.config["sensors"]}
    firmware = (
        f"import main; from node import app, {', '.join(_LENT_AT_A_START)}; from drivers import {', '.join(drivers)};"
    )
    loaded = board.evaluate(
        f"import micropython; {_HARDWARE} micropython.qstr_info(); {firmware} micropython.qstr_info()"
    )
    hardware, both = (int(n) for n in re.findall(r"n_qstr=(\d+)", loaded))
    names = f"for i in range({both - hardware}): getattr(gc, 'name%d' % i, None)"
    code = f"import gc\n{names}\ngc.collect(); a = gc.mem_alloc(); {_HARDWARE} gc.collect(); print(gc.mem_alloc() - a)"
    return int(board.evaluate(code)) / 2048


def main() -> int:
    """Measure and print. Returns 1 where MicroPython does not run."""
    if boards.micropython() is None:
        print("MicroPython's unix port has no wheel for this machine")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        built = boards.build(directory / "built")
        with find_broker("auto", directory / "broker") as broker:
            site = load_site(paths.example_site_dir())
            limits = {
                "host": LOOPBACK,
                "port": broker.port,
                "timeout_s": int(5 * SPEED),
                "keepalive_s": int(30 * SPEED),
            }
            config = node_config(site, POINT, broker=limits)
            scenario = story.scenario(
                story.PARTS[0], site.points[POINT], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED
            )
            hardware = hardware_kb(boards.SimulatedBoard(directory / "hardware", config, scenario, built))
            number = 0

            def attempt(heap_kb: int) -> tuple[Host, str]:
                nonlocal number
                number += 1
                return run(directory / f"run{number}", built, config, broker.port, heap_kb)

            host, console = attempt(boards.BOARD_HEAP_KB + round(hardware))
            if not host.heap_free:
                print(console)
                return 1
            low, high = 16, boards.BOARD_HEAP_KB + round(hardware)
            while high - low > 2:
                middle = (low + high) // 2
                tried, console = attempt(middle)
                works = bool(tried.uptime_s) and max(tried.uptime_s) >= MINUTES * 60 and "MemoryError" not in console
                low, high = (low, middle) if works else (middle, high)
            mpy = sum(p.stat().st_size for p in (built / "firmware").rglob("*.mpy"))
    peak = high - hardware
    print(json.dumps({
        "hardware_kb": round(hardware, 1),
        "heap_kb": boards.BOARD_HEAP_KB,
        "free_at_start_kb": round(host.heap_free[0] / 2048, 1),
        f"free_after_{MINUTES}_minutes_kb": round(host.heap_free[-1] / 2048, 1),
        "smallest_kb": round(peak, 1),
        "smallest_to_esp32": round(peak / ESP32_HEAP_KB, 2),
        "mpy_bytes": mpy,
    }, indent=2))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
