"""The board's way to the host: `.venv/bin/python benchmarks/board_link.py`.

Runs the compiled firmware under MicroPython's unix port at real speed, against a real mosquitto with TLS and the real
host (`paraat serve`), and prints, as one line of JSON each:
  drain      72 hours of sets (4,320, as the demo's points have them) from the board's journal into the host's, in
             seconds, and the ratio to the limit of 60 s; with TLS and without
  stall      the longest time for which the board's event loop did not come back to look for something else, in ms, and
             the ratio to the limit of 50 ms, while it drains and while the broker is restarted ten times; apart from
             that, the same for the turns in which it connects: they hold TLS's computing, which mbedtls does in one go.
             Tasks that run after each other without a look in between count as one, and so does the time that this
             machine gives to others: it is an upper bound; "computing" is the part in which the board's program ran.
  packet_ids 70,000 messages with QoS 1 over one connection, each acknowledged: the ids go round (only with --ids)

An ESP32 computes more slowly and erases flash: this bounds what our code adds, not what a board will show.
"""

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from link.stage import POINT, Stage  # after the path to it
from paraat.provision.bundle.pack import ROOT
from paraat.simulate import boards
from paraat.simulate.servers import free_port

SETS = 72 * 60
DRAIN_LIMIT_S = 60.0
STALL_LIMIT_MS = 50.0
RESTARTS = 10
IDS = 70_000

_FILL = f"""
import math
from node.journal import Journal, TELEMETRY
journal = Journal("journal", 262144, 1)
for i in range({SETS}):
    values = [
        ("fuel/distance", 0.3 + i / 5000), ("fuel/level", 90 - i / 60), ("battery/voltage", 12.6 + math.sin(i / 90)),
        ("battery/current", -1.8 + math.sin(i)), ("climate/temperature", 19 + math.sin(i / 700)),
        ("people/in", i // 9), ("people/out", i // 10), ("people/present", i // 90),
        ("power/mains", i % 900 > 400), ("power/generator", i % 900 < 300),
        ("node/uptime", 60 * i), ("node/heap", 60000 + i % 700), ("node/backlog", i), ("node/dropped", 0),
        ("node/rssi", -58 - i % 7),
    ]
    journal.append(TELEMETRY, START + 60 * i, True, values, [])
"""

# simboard, with a clock around every turn of the event loop: the worst one while it connects, and the worst of the others.
_MEASURED = (
    f"from {ROOT} import MQTTClient"
    + """
import json, kernel, utime
import main
from simboard import wire
from world import World
wait, connect = kernel.wait, MQTTClient.connect
last, worst, now, after = None, [0, 0, 0, 0], 0, 0  # microseconds: real, real connecting, computing, computing connecting
schedstat = open("/proc/self/schedstat")
def cpu_us():
    schedstat.seek(0)
    return int(schedstat.read().split()[0]) // 1000
def measured(poller, timeout_ms):
    global last, now
    if last is not None:
        busy, used = utime.ticks_diff(utime.ticks_us(), last[0]), cpu_us() - last[1]
        if busy > worst[now] or used > worst[2 + now]:
            worst[now], worst[2 + now] = max(worst[now], busy), max(worst[2 + now], used)
            with open("stall.new", "w") as f:
                json.dump(worst, f)
            __import__("os").rename("stall.new", "stall")
    now = after  # the turn in which the connection stands still counts as connecting
    found = wait(poller, timeout_ms)
    last = utime.ticks_us(), cpu_us()
    return found
async def connecting(client):
    global now, after
    now = after = 1
    try:
        return await connect(client)
    finally:
        after = 0
kernel.wait, MQTTClient.connect = measured, connecting
with open("config.json") as f:
    wire(json.load(f), World(kernel.scenario))
main.start()
"""
)

_IDS = f"""
import asyncio
from node.mqtt import MQTTClient
async def go():
    client = MQTTClient("127.0.0.1", PORT, "ids", lambda topic, payload: None)
    await client.connect()
    serving = asyncio.create_task(client.serve())
    for i in range({IDS}):
        await client.publish("ids", b"x")
    print(client.ids._last)
asyncio.run(go())
"""


class _Host:
    """`paraat serve` with one point."""

    def __init__(self, directory: Path, port: int) -> None:
        site = directory / "site"
        (site / "points").mkdir(parents=True)
        (site / "site.toml").write_text(
            f'[site]\nregion = "Meting"\n[broker]\nhost = "127.0.0.1"\nport = {port}\n[board]\nport = {free_port()}\n'
        )
        (site / "points" / f"{POINT}.toml").write_text(
            f'id = "{POINT}"\nname = "Punt"\nmunicipality = "Voorbeeldstad"\ncapacity = 100\n'
            "[tank]\ncapacity_l = 400\nburn_l_per_h = 9.5\n"
        )
        self._journal = site / "journal.sqlite"
        self._log = (directory / "host.log").open("wb")
        self._process = subprocess.Popen(
            [str(Path(sys.executable).parent / "paraat"), "serve", "--site", str(site)], stderr=self._log
        )

    def stored(self) -> list[int]:
        """The seqs that are stored, in the order in which they came."""
        if not self._journal.exists():
            return []
        with sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True) as db:
            found = db.execute("SELECT seq FROM entry WHERE seq IS NOT NULL ORDER BY id").fetchall()
        db.close()
        return [seq for (seq,) in found]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


def _wait(condition: Any, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {limit_s:g} s")
        time.sleep(0.1)


def _report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def _report_stall(stage: Stage, **what: Any) -> None:
    """The worst so far."""
    assert stage.board is not None
    real, real_connecting, used, used_connecting = json.loads((stage.board.directory / "stall").read_text())
    _report(
        what="stall", **what, worst_ms=real / 1000, ratio=round(real / 1000 / STALL_LIMIT_MS, 2), computing_ms=used / 1000,
        connecting_ms=real_connecting / 1000, connecting_ratio=round(real_connecting / 1000 / STALL_LIMIT_MS, 2),
        connecting_computing_ms=used_connecting / 1000,
    )  # fmt: skip


def measure(directory: Path, built: Path, *, tls: bool) -> None:
    """Drain and stall, with or without TLS."""
    stage = Stage(directory, built, tls=tls, speed=1.0)
    stage.config.update({"interval_s": 60})
    stage.config["broker"].update({"retry_max_s": 4, "timeout_s": 10, "keepalive_s": 60, "ack_timeout_s": 30})
    stage.broker.start()
    host = _Host(directory, stage.broker.host_port)
    try:
        stage.make_board()
        board = stage.board
        assert board is not None
        fill = _FILL.replace("START", str(int(time.time()) - 72 * 3600))
        subprocess.run(
            board._command(4000, "-c", fill), cwd=board.directory, env=board._environment(sources=True), check=True
        )  # a journal of 72 hours, made by the firmware's own Journal
        board.start(script=("-c", _MEASURED))
        _wait(lambda: len(host.stored()) > 0, 30)
        begin = time.monotonic()
        _wait(lambda: len(set(host.stored())) >= SETS, 600)
        drain_s = time.monotonic() - begin
        order = host.stored()
        _report(
            what="drain", tls=tls, sets=SETS, drain_s=round(drain_s, 1), ratio=round(drain_s / DRAIN_LIMIT_S, 2),
            newest_first=order.index(1) > SETS // 2, twice=len(order) - len(set(order)),
        )  # fmt: skip
        _report_stall(stage, tls=tls, during="drain")
        for number in range(RESTARTS):
            stage.broker.restart()
            _wait(lambda n=number: board.console().count("uplink connected") >= n + 2, 60)
        _report_stall(stage, tls=tls, during=f"drain and {RESTARTS} reconnects")
    finally:
        host.stop()
        stage.close()


def packet_ids(directory: Path, built: Path) -> None:
    """Send more messages than there are ids."""
    stage = Stage(directory, built, tls=False, speed=1.0)
    stage.broker.start()
    try:
        stage.make_board()
        assert stage.board is not None
        begin = time.monotonic()
        run = subprocess.run(
            stage.board._command(2000, "-c", _IDS.replace("PORT", str(stage.broker.port))),
            cwd=stage.board.directory, env=stage.board._environment(sources=True), check=True, capture_output=True, text=True,
        )  # fmt: skip
        took_s = time.monotonic() - begin
        last = int(run.stdout.strip().splitlines()[-1])
        assert last == (IDS - 1) % 65535 + 1, run.stdout
        _report(what="packet_ids", messages=IDS, last_id=last, seconds=round(took_s, 1))
    finally:
        stage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ids", action="store_true", help="also send 70,000 messages over one connection")
    wanted = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="paraat-link-"))
    try:
        built = boards.build(directory / "built")
        for tls in (False, True):
            measure(directory / ("tls" if tls else "clear"), built, tls=tls)
        if wanted.ids:
            packet_ids(directory / "ids", built)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
