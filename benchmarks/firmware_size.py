"""The board's budget: `make size`. With `--write FILE` it also writes docs/budget.md.

  files    of the firmware: bytes in flash, bytes in the chip's Python heap once loaded, and when they are: resident, or
           lent. Found by running it (benchmarks/firmware_heap.py), from no list.
  Python   what lives in the heap and at most, phase by phase
  boards   what Wi-Fi, TLS and the rest find left, on every board with every MicroPython that boards/memory.toml knows, and
           whether it is offered
  flash    blocks that a slot takes, and what a start reads (benchmarks/flash_reads.py)
  port     what of the unix port's heap stands for the chip's: the tests run in it
Exit code 1 when a limit is not kept, or when boards/memory.toml does not say what the firmware needs.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import flash_reads
from firmware_heap import Moment, measure

from paraat.boards import heaps
from paraat.boards.boards import board_names, load_board, memory_error
from paraat.memory import mpy_memory
from paraat.provision.bundle import bundle
from paraat.simulate.boards import PORT_TO_CHIP

MPY_LIMIT = 120 * 1024
FLAT_LIMIT = 1.25  # the busiest steady minute to the quietest
PORT_TOLERANCE = 0.05
# What a start may read of the flash: 1.0 and 1.5 of the 5 and 12 s that it may take on the emulated chip. The rest is
# computing, and waits for the network and for the time.
SAMPLE_LIMIT_READS = 12000
SELFTEST_LIMIT_READS = 18000
LIVE_TOLERANCE = 0.05
_VFS_BLOCKS = 512  # 2 MiB, the smallest file system of our boards
_JOURNAL_BLOCKS = 64
_STEADY = "steady"


class Budget(NamedTuple):
    """All that was measured. files: the firmware's, by path below the slot."""

    files: dict[str, bytes]
    moments: Sequence[Moment]
    reads: flash_reads.Reads
    memory: heaps.Memory

    @property
    def fullest(self) -> Moment:
        """The moment at which most lives in Python's heap."""
        return max(self.moments, key=lambda moment: moment.live)

    @property
    def port_to_chip(self) -> float:
        """Bytes of the unix port's heap for one of the chip's, at the fullest moment."""
        return self.fullest.port_live / self.fullest.live


class Row(NamedTuple):
    """One limit, and whether it is kept."""

    what: str
    found: str
    limit: str
    kept: bool


def measure_all() -> Budget:
    """Run the firmware through its phases, and through a start from flash. Raises MeasureError."""
    files, moments = measure()
    return Budget(files, moments, flash_reads.measure(), heaps.load())


def limits(budget: Budget) -> Iterator[Row]:
    """What must hold whatever the board."""
    total = sum(map(len, budget.files.values()))
    blocks = bundle.slot_blocks({f"a/{path}": data for path, data in budget.files.items()})
    minutes = steady_minutes(budget.moments)
    flat = max(minutes) / min(minutes)
    yield Row("firmware as .mpy", f"{total} bytes, {len(budget.files)} files", f"<= {MPY_LIMIT}", total <= MPY_LIMIT)
    fits = 2 * blocks + _JOURNAL_BLOCKS <= _VFS_BLOCKS
    yield Row("a slot in flash", f"{blocks} blocks of 4 KB", f"2 slots + journal <= {_VFS_BLOCKS}", fits)
    yield _reads("the first sample", budget.reads.first_sample, SAMPLE_LIMIT_READS)
    yield _reads("the self-test's line", budget.reads.selftest, SELFTEST_LIMIT_READS)
    yield Row(
        "allocated in a steady minute", f"{min(minutes) / 1024:.0f} to {max(minutes) / 1024:.0f} KB of the unix port",
        f"max/min <= {FLAT_LIMIT}", flat <= FLAT_LIMIT,
    )  # fmt: skip
    off = abs(budget.port_to_chip / PORT_TO_CHIP - 1)
    yield Row(
        "unix port's heap for one byte of the chip's", f"{budget.port_to_chip:.2f}",
        f"{PORT_TO_CHIP} (simulate/boards.py) +- {PORT_TOLERANCE:.0%}", off <= PORT_TOLERANCE,
    )  # fmt: skip
    live, known = budget.fullest.live, budget.memory.live_bytes
    yield Row(
        f'alive in Python\'s heap at most, in the phase "{budget.fullest.phase}"', f"{live} bytes",
        f"{known} (boards/memory.toml) +- {LIVE_TOLERANCE:.0%}", abs(live / known - 1) <= LIVE_TOLERANCE,
    )  # fmt: skip


def _reads(until: str, reads: int, limit: int) -> Row:
    found = f"{reads}, {reads * flash_reads.READ_US / 1e6:.1f} s at {flash_reads.READ_US} us"
    return Row(f"flash reads to {until}", found, f"<= {limit}", reads <= limit)


def steady_minutes(moments: Sequence[Moment]) -> list[int]:
    """Bytes that the unix port allocated in each whole steady minute."""
    marks: list[Moment] = []
    for moment in moments:
        if moment.phase == _STEADY and (not marks or moment.t_s >= marks[-1].t_s + 60):
            marks.append(moment)
    return [later.allocated - sooner.allocated for sooner, later in pairwise(marks)]


def report(budget: Budget) -> str:
    """All of it, as Markdown."""
    parts = (
        _limits(budget),
        _boards(budget.memory),
        _idf(budget.memory),
        _growth(budget.memory),
        _python(budget),
        _files(budget),
    )
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _kept(kept: bool) -> str:
    return "kept" if kept else "**not kept**"


def _limits(budget: Budget) -> str:
    head = ("what", "found", "limit", "")
    return "## Limits\n\n" + _table(head, ((*row[:3], _kept(row.kept)) for row in limits(budget)))


def _boards(memory: heaps.Memory) -> str:
    def rows() -> Iterator[Sequence[object]]:
        for board in map(load_board, board_names()):
            error = memory_error(board)
            for image in memory.of(board.firmware.image):
                left = memory.left(image)
                yield (
                    board.id, f"{image.name} {image.micropython}", left.python_total, left.python_free, left.idf_free,
                    left.idf_largest, image.measured or "reckoned", ", ".join(left.short) or "fits",
                    "offered" if error is None else f"**not offered**: take {error.board}",
                )  # fmt: skip

    head = (
        "board", "image", "Python heap", "free", "IDF heap free", "largest block", "its heaps at the prompt", "the model says",
        "so it is",
    )  # fmt: skip
    text = (
        f"With {memory.live_bytes} bytes alive in Python's heap ({memory.live_source}).\n"
        f"Limits: Python free >= {heaps.PYTHON_FREE_LIMIT}, IDF heap free >= {heaps.IDF_FREE_LIMIT}, its largest block >= "
        f"{heaps.IDF_LARGEST_LIMIT} bytes. Less than nothing: so many are missing.\n"
        "A board is offered when every version of its image fits; where nobody has seen its heaps, only with PSRAM, which\n"
        "leaves thousands of KB. `paraat check`, `make flash`, `image`, `doctor` and `bundle` refuse the others."
    )
    sources = "\n".join(f"- {image.name} {image.micropython}: {image.source}." for image in memory.images)
    return f"## What is left, board by board\n\n{text}\n\n{_table(head, rows())}\n\n{sources}\n\n{_seen(memory)}"


def _seen(memory: heaps.Memory) -> str:
    """What a running board was seen to have left, beside the limits."""
    rows = (
        (f"{seen.image} {seen.micropython}", seen.what, seen.python_free, seen.idf_free, seen.idf_largest,
         ", ".join(seen.left.short) or "fits", seen.source)
        for seen in memory.seen
    )  # fmt: skip
    head = ("image", "what", "Python free", "IDF heap free, least", "its largest block", "so", "seen")
    return f"What was seen of the running firmware:\n\n{_table(head, rows)}"


def _idf(memory: heaps.Memory) -> str:
    rows = ((need.what, need.bytes, need.source) for need in memory.needs)
    total = sum(need.bytes for need in memory.needs)
    return f"## What takes ESP-IDF's heap\n\n{_table(('what', 'bytes', 'seen'), rows)}\n\nTogether {total} bytes."


def _growth(memory: heaps.Memory) -> str:
    def rows() -> Iterator[Sequence[object]]:
        for image in memory.images:
            if image.psram:
                continue
            areas = [image.python_bytes]
            available = max(image.pieces)
            while grown := heaps.growth(sum(map(heaps.usable, areas)), available):
                areas.append(grown)
                available -= grown
            totals = [sum(map(heaps.usable, areas[: i + 1])) for i in range(len(areas))]
            yield f"{image.name} {image.micropython}", " -> ".join(map(str, totals)), available

    text = (
        "When an allocation fails after a collection, MicroPython takes as much again as its heap has, or the largest\n"
        "block of ESP-IDF's heap where that is smaller, and never gives it back. Bytes for objects, step by step, where\n"
        "nobody interferes. The firmware gives Python its share at once (firmware/node/memory.py): all of ESP-IDF's heap\n"
        f"but {memory.kept_bytes} bytes; as long as Python needs no more, that stays."
    )
    head = ("image", "Python's heap", "left of the largest block")
    return f"## How Python's heap grows\n\n{text}\n\n{_table(head, rows())}"


def _python(budget: Budget) -> str:
    def rows() -> Iterator[Sequence[object]]:
        for phase in dict.fromkeys(moment.phase for moment in budget.moments):
            of_phase = [moment for moment in budget.moments if moment.phase == phase]
            peak = max(of_phase, key=lambda moment: moment.live)
            yield phase, min(m.live for m in of_phase), peak.live, peak.code, peak.names, peak.objects

    head = ("phase", "least", "most", "code then", "names then", "objects then")
    return f"## What lives in Python's heap\n\n{_table(head, rows())}"


def _files(budget: Budget) -> str:
    steady = [moment for moment in budget.moments if moment.phase == _STEADY]
    resident = frozenset.intersection(*[moment.files for moment in steady])

    names = Counter(name for data in budget.files.values() for name in _names(data))

    def rows() -> Iterator[tuple[str, int, int, int, str]]:
        for path, data in budget.files.items():
            own = sum(mpy_memory.name_bytes(name) for name in _names(data) if names[name] == 1)
            phases = list(dict.fromkeys(m.phase for m in budget.moments if path in m.files))
            when = "resident" if path in resident else "lent: " + ", ".join(phases) if phases else "not loaded"
            yield path, len(data), mpy_memory.module_bytes(mpy_memory.read(data)), own, when

    ordered = sorted(rows(), key=lambda row: (row[4] != "resident", -row[2]))
    kept = sum(row[2] for row in ordered if row[4] == "resident")
    head = ("file", "in flash", "in the heap", "names that only it has", "")
    text = f"Resident: {len(resident)} files, {kept} bytes without names. Names stay when what is lent has gone."
    return f"## Files\n\n{text}\n\n{_table(head, iter(ordered))}"


def _names(data: bytes) -> set[str]:
    """The names of a file that take heap on the chip."""
    return set(mpy_memory.read(data).names) - mpy_memory.in_rom() - {""}


_DOCUMENT = """# The board's budget

Written by `make size WRITE=1`; benchmarks/firmware_size.py says what each table is. All in bytes, those of a heap in bytes
of the chip. The firmware ran on MicroPython's unix port; what it takes on the chip is reckoned from its files, which
agrees with the emulated chip to 2 % over all modules, and from its objects (benchmarks/firmware_heap.py).

"""


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    budget = measure_all()
    text = report(budget)
    print(text)
    if args.write is not None:
        args.write.write_text(_DOCUMENT + text, encoding="utf-8")
    return 0 if all(row.kept for row in limits(budget)) else 1


if __name__ == "__main__":
    sys.exit(main())
