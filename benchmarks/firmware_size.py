"""The board's budget: `make size`. With `--write FILE` it also writes the table of docs/budget.md.

  .mpy        bytes of the compiled firmware and wire, and the largest files; blocks of the flash that a slot takes
  heap        free heap of a 160 KB board (the port's "w") after a collection, with mutual TLS up and the 256 KB journal
              full, while the backlog is sent and sent again: the least that the board reports from the second minute on
  idle        bytes allocated per minute, connected and with nothing else to do (those of the simulated hardware among
              them): what counts is that they stay the same
The simulated hardware's own heap is added to the board's. Exit code 1 when a limit is not kept.
"""

import argparse
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from firmware_heap import POINT, Host, hardware_kb
from paho.mqtt.enums import CallbackAPIVersion

from paraat.boards.node_config import node_config
from paraat.provision.bundle import bundle
from paraat.provision.pki import pki
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK, MosquittoBroker
from paraat.site import paths
from paraat.site.site import load_site

MPY_LIMIT = 120 * 1024
FREE_LIMIT_KB = 60
BOARD_HEAP_KB = 160
FLAT_LIMIT = 1.25  # the busiest minute to the quietest, from the third on
SPEED = 30.0
MINUTES = 12
_TOP = 10
_VFS_BLOCKS = 512  # 2 MiB, the smallest file system of our boards
_JOURNAL_BLOCKS = 64

_FILL = """
import json
from node import config
from node.journal import TELEMETRY, Journal
c = config.load()["journal"]
j = Journal(c["directory"], c["max_bytes"], 1)
i = 0
while not j.dropped:
    i += 1
    j.append(TELEMETRY, 1700000000 + 60 * i, True, [
        ("fuel/distance", 0.5 + i % 50 / 100), ("fuel/level", i % 100), ("battery/voltage", 12 + i % 30 / 10),
        ("battery/current", -1.8), ("climate/temperature", 19.5), ("people/present", i % 40), ("power/mains", False),
        ("power/generator", True), ("power/load", i % 2000), ("climate/humidity", i % 90), ("people/in", i),
    ], [])
print(j.backlog)
"""
# simboard, with a count of all that was ever allocated at the end of each minute.
_COUNTED = """
import kernel, micropython, simboard
def note():
    kernel.at(kernel.now_us + 60000000, note)
    print('{"allocated": %d}' % micropython.mem_total())
kernel.at(55000000, note)
simboard.wire_this_board()
import main
main.start()
"""


class _TlsBroker(MosquittoBroker):
    """A broker that wants a certificate of this authority."""

    def __init__(self, directory: Path, authority: pki.Issued, own: pki.Issued) -> None:
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


class Bench(NamedTuple):
    """A TLS broker and what a board needs to use it."""

    directory: Path
    built: Path
    broker: _TlsBroker
    config: dict[str, Any]
    tls: dict[str, bytes]


@contextmanager
def bench() -> Iterator[Bench]:
    """Broker, certificates and compiled firmware in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        now = datetime.now(UTC)
        authority = pki.make_authority("Budget", now)
        board = pki.issue_board(authority, POINT, now)
        tls = {"ca.der": authority.certificate_der(), "cert.der": board.certificate_der(), "key.der": board.key_der()}
        built = boards.build(directory / "built")
        with _TlsBroker(directory / "broker", authority, pki.issue_broker(authority, (LOOPBACK,), now)) as broker:
            limits = {
                "host": LOOPBACK, "port": broker.port, "tls": True, "server_name": LOOPBACK,
                "timeout_s": int(10 * SPEED), "keepalive_s": int(60 * SPEED),
            }  # fmt: skip
            config = node_config(load_site(paths.example_site_dir()), POINT, broker=limits) | {
                "built": int(now.timestamp())
            }
            yield Bench(directory, built, broker, config, tls)


def host_client(bench: Bench) -> mqtt.Client:
    """The host's side of the broker; a board's certificate serves."""
    for name, data in bench.tls.items():
        (bench.directory / name).write_bytes(data)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="host")
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(bench.tls["ca.der"]))
    certificate = bench.directory / "host.pem"
    certificate.write_text(ssl.DER_cert_to_PEM_cert(bench.tls["cert.der"]) + _key_pem(bench.tls["key.der"]))
    context.load_cert_chain(certificate)
    client.tls_set_context(context)
    return client


def _key_pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "PRIVATE KEY")


def make_board(bench: Bench, name: str) -> boards.SimulatedBoard:
    site = load_site(paths.example_site_dir())
    scenario = story.scenario(
        story.PARTS[0], site.points[POINT], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED
    )
    board = boards.SimulatedBoard(bench.directory / name, bench.config, scenario, bench.built)
    (board.directory / "tls").mkdir()
    for file, data in bench.tls.items():
        (board.directory / "tls" / file).write_bytes(data)
    return board


def run(bench: Bench, board: boards.SimulatedBoard, acks: Callable[[Any], bool], script: tuple[str, ...]) -> Host:
    """So many minutes of the board's time. Returns what the host has seen."""
    host = Host(bench.broker.port, client=host_client(bench), acks=acks)
    board.start(heap_kb=BOARD_HEAP_KB + round(hardware_kb(board)), script=script)
    deadline = time.monotonic() + 3 * MINUTES * 60 / SPEED
    while time.monotonic() < deadline and not (host.uptime_s and max(host.uptime_s) >= MINUTES * 60):
        time.sleep(0.05)
    board.stop()
    host.stop()
    return host


def free_heap(bench: Bench) -> tuple[float, int]:
    """(least free KB, entries in the full journal)."""
    board = make_board(bench, "full")
    program = boards.micropython()
    assert program is not None
    places = ":".join(map(str, (paths.firmware_dir(), paths.wire_dir())))
    filled = subprocess.run(
        [str(program), "-X", "heapsize=4000wk", "-c", _FILL],
        cwd=board.directory, env={"MICROPYPATH": f"{bench.built / 'hal'}:{places}:.frozen"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    backlog = int(filled.stdout.split()[-1])
    # Only what it reads now is acknowledged: the backlog stays, and is sent again and again.
    host = run(bench, board, lambda a_set: "node/heap" in dict(a_set.values), ("-m", "simboard"))
    free = [heap for heap, uptime in zip(host.heap_free, host.uptime_s, strict=True) if uptime >= 60]
    if not free:
        raise SystemExit("the board did not come through:\n" + board.console()[-2000:])
    return min(free) / 2048, backlog


def idle(bench: Bench) -> list[float]:
    """KB of a 32-bit board allocated in each minute, from the third on."""
    board = make_board(bench, "idle")
    run(bench, board, lambda _: True, ("-c", _COUNTED))
    totals = [json.loads(line)["allocated"] for line in board.console().splitlines() if line.startswith('{"allocated"')]
    return [(b - a) / 2048 for a, b in pairwise(totals)][2:]


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    firmware = bundle.compile_firmware()
    sizes = sorted(((len(data), name) for name, data in firmware.files.items()), reverse=True)
    total = sum(size for size, _ in sizes)
    blocks = bundle.slot_blocks({k: v for k, v in firmware.slot("a", 1).items() if k != bundle.MAIN})
    with bench() as there:
        free_kb, backlog = free_heap(there)
        minutes = idle(there)
        share_kb = hardware_kb(make_board(there, "hardware"))
    flat = max(minutes) / min(minutes)
    rows = [
        ("firmware as .mpy", f"{total} bytes, {len(sizes)} files", f"<= {MPY_LIMIT}", total <= MPY_LIMIT),
        ("a slot in flash", f"{blocks} blocks of 4 KB", f"2 slots + journal <= {_VFS_BLOCKS}", 2 * blocks + _JOURNAL_BLOCKS <= _VFS_BLOCKS),
        (f"free heap, TLS up, journal full ({backlog} sets)", f"{free_kb:.1f} KB of {BOARD_HEAP_KB}", f">= {FREE_LIMIT_KB} KB", free_kb >= FREE_LIMIT_KB),
        ("allocated per idle minute", f"{min(minutes):.1f} to {max(minutes):.1f} KB in {len(minutes)} minutes", f"max/min <= {FLAT_LIMIT}", flat <= FLAT_LIMIT),
    ]  # fmt: skip
    lines = ["| what | measured | limit | |", "|---|---|---|---|"]
    lines += [
        f"| {what} | {found} | {limit} | {'kept' if kept else '**not kept**'} |" for what, found, limit, kept in rows
    ]
    lines += ["", f"The {_TOP} largest files:", "", "| file | bytes |", "|---|---|"]
    lines += [f"| {name} | {size} |" for size, name in sizes[:_TOP]]
    print("\n".join(lines))
    print(f"\nsimulated hardware: {share_kb:.1f} KB, on top of the board's heap")
    if args.write is not None:
        args.write.write_text(_DOCUMENT + "\n".join(lines) + "\n", encoding="utf-8")
    return 0 if all(kept for *_, kept in rows) else 1


_DOCUMENT = """# The board's budget

Written by `make size WRITE=1` (benchmarks/firmware_size.py says how each is measured). Measured with MicroPython's unix
port in a heap of 160 KB of a 32-bit board, not on a chip: there mbedtls takes its buffers from another heap, as here.

"""

if __name__ == "__main__":
    sys.exit(main())
