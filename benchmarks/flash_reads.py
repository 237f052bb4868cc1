"""What a start reads from the board's flash: `.venv/bin/python benchmarks/flash_reads.py`.

The firmware starts from a littlefs image of the board's size, mounted by the real MicroPython with the chip's parameters
(reads of 32 bytes, a cache of 128), and every read that littlefs asks of the flash is counted: until the first sample is
read, until the self-test's line, and for each import, without those within it. The emulated chip (QEMU, MicroPython 1.26.1,
counting its own time) takes 81 us for a read of 32 bytes and 352 us for one of 4 KB.

Modules that are part of MicroPython on the chip and simulated here are looked for in the file system first, each time
they are imported, as the chip does.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from firmware_heap import HEAP_KB, MeasureError, Place

from paraat.provision.bundle.pack import ROOT
from paraat.provision.image import littlefs
from paraat.simulate import boards

READ_US = 81  # of 32 bytes, on the emulated chip
VFS_BYTES = 0x200000
_LIMIT_S = 120.0

_COUNTED = (
    f"""
ROOT = "{ROOT}"
"""
    + """
import builtins, json, os
import image, kernel, simboard, sys
from world import World
reads = 0
class Counted(image.FileFlash):
    def readblocks(self, block, buffer, offset=0):
        global reads
        reads += 1
        return super().readblocks(block, buffer, offset)
image.FileFlash = Counted
image.mount()
import machine, network, onewire, select, socket, time
sys.path.append(sys.path.pop(0))  # /hal: behind what the chip has
with open("config.json") as f:
    simboard.wire(json.load(f), World(kernel.scenario))
simulated = {name: sys.modules.pop(name) for name in ("machine", "network", "onewire", "select", "socket", "time")}
real_import, real_print, depth, rows = builtins.__import__, builtins.print, [0], []
def look_for(name):
    for place in sys.path:
        if place not in (".frozen", "/hal"):
            for end in ("", ".py", ".mpy"):
                try:
                    os.stat((place + "/" if place else "") + name + end)
                    return
                except OSError:
                    pass
def counted_import(name, *more):
    before, within = reads, depth[-1]
    depth.append(0)
    try:
        if name in simulated and name not in sys.modules:
            look_for(name)
            if name == "onewire":  # of Python, frozen: unlike those in C it is in sys.modules from then on
                sys.modules[name] = simulated[name]
            found = simulated[name]
        else:
            found = real_import(name, *more)
    finally:
        inner = depth.pop()
        own = reads - before
        depth[-1] += own
    if own > inner:
        rows.append((name, own - inner))
    root = sys.modules.get(ROOT)
    if hasattr(root, "Sampler") and not hasattr(root, "counted"):
        root.counted = root.Sampler.sample
        async def sample(self):
            read = await root.counted(self)
            tell("first sample")
            return read
        root.Sampler.sample = sample
    return found
told = set()
def tell(what):
    if what not in told:
        told.add(what)
        real_print(json.dumps({"reads": [what, reads, rows]}))
def counted_print(*words, **more):
    real_print(*words, **more)
    if words and isinstance(words[0], str) and words[0].startswith('{"selftest"'):
        tell("self-test")
reads = 0
builtins.__import__ = counted_import
builtins.print = counted_print
image.run("boot.py")
image.run("main.py")
"""
)


class Reads(NamedTuple):
    """Flash reads from power-on. imports: (module, reads of it alone), those before the self-test's line."""

    first_sample: int
    selftest: int
    imports: tuple[tuple[str, int], ...]


def measure() -> Reads:
    """Start a board from its image. Raises MeasureError."""
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place:
        directory = Path(folder) / "image"
        directory.mkdir()
        files = {
            **place.flash,
            "config.json": json.dumps(place.config).encode(),
            "secrets.json": json.dumps({"wifi": {"ssid": "simulated", "password": ""}}).encode(),
        }
        (directory / "flash.bin").write_bytes(littlefs.build(files, VFS_BYTES))
        (directory / "scenario.json").write_text(json.dumps(place.scenario))
        console = directory / "console.txt"
        with console.open("wb") as output:
            board = subprocess.Popen(
                [str(boards.micropython()), *boards.heap_option(HEAP_KB), "-c", _COUNTED],
                cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={
                    "MICROPYPATH": f"{place.built / 'hal'}:.frozen",
                    "PARAAT_HAL": str(place.built / "hal"),
                    "PARAAT_FLASH": str(directory / "flash.bin"),
                    "PARAAT_VFS": f"0 {VFS_BYTES}",
                    "PARAAT_SCENARIO": str(directory / "scenario.json"),
                },
            )  # fmt: skip
        try:
            return _read(console, board)
        finally:
            board.kill()
            board.wait()


def _read(console: Path, board: "subprocess.Popen[bytes]") -> Reads:
    deadline = time.monotonic() + _LIMIT_S
    while True:
        found = dict[str, tuple[int, list[tuple[str, int]]]]()
        text = console.read_text(encoding="utf-8", errors="replace")
        for line in re.findall(r'^\{"reads".*\}$', text, re.MULTILINE):
            what, reads, rows = json.loads(line)["reads"]
            found[what] = reads, rows
        if "self-test" in found and "first sample" in found:
            selftest, rows = found["self-test"]
            return Reads(found["first sample"][0], selftest, tuple((name, n) for name, n in rows))
        if board.poll() is not None or time.monotonic() > deadline:
            raise MeasureError(f"the board did not come to its self-test:\n{text[-2000:]}")
        time.sleep(0.05)


def main() -> int:
    """Measure and print."""
    found = measure()
    for what, reads in (("first sample", found.first_sample), ("self-test", found.selftest)):
        print(f"{what}: {reads} flash reads, {reads * READ_US / 1e6:.1f} s on the emulated chip")
    by_module: dict[str, list[int]] = {}
    for name, reads in found.imports:
        by_module.setdefault(name, []).append(reads)
    for name, counts in sorted(by_module.items(), key=lambda row: -sum(row[1])):
        print(f"  {name}: {sum(counts)} reads in {len(counts)} imports")
    return 0


if __name__ == "__main__":
    sys.exit(main())
