"""The two heaps of an ESP32: MicroPython's, which grows out of the other, and ESP-IDF's, which Wi-Fi and TLS live on.

What MicroPython takes it never gives back, and it takes the largest piece there is when a doubling of its heap is larger
(py/gc.c, gc_try_add_heap; ports/esp32/gccollect.c). So what is left for the radio is decided by how large the program
gets at its largest. boards/memory.toml holds what was measured, with where; here is only the arithmetic.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from paraat.site import paths

# What must be left, from the first connection on, for a board to leave the hall.
IDF_FREE_LIMIT = 20 * 1024
IDF_LARGEST_LIMIT = 12 * 1024
PYTHON_FREE_LIMIT = 20 * 1024

_BLOCK_BYTES = 16
_BLOCKS_PER_TABLE_BYTE = 4
_BLOCKS_PER_FINALISER_BYTE = 8
_AREA_BYTES = 28  # mp_state_mem_area_t
_GAP_BYTES = 1
_LEAST_OVERHEAD = 2048
_LEAST_SHARE = 8192  # firmware/node/memory.py takes no smaller one
_KEPT = re.compile(r"^_KEPT_BYTES = const\((\d+)\)", re.MULTILINE)
# In a heap that is filled to its last block no large piece is found: it grows before that.
_ROOM_TO_WORK = 8192


@dataclass(frozen=True)
class Image:
    """A build of MicroPython at its prompt. pieces: the free pieces of ESP-IDF's heap, in bytes.

    psram: bytes of it, in which Python's heap then grows. source: where the figures are from; measured: on what chip
    they were seen, "" where they were reckoned.
    """

    name: str
    micropython: str
    python_bytes: int
    pieces: tuple[int, ...]
    psram: int
    measured: str
    source: str


@dataclass(frozen=True)
class Need:
    """What something takes of ESP-IDF's heap, at its most."""

    what: str
    bytes: int
    source: str


@dataclass(frozen=True)
class Left:
    """Bytes, once all that a board needs is there at the same time. Below zero: so many are missing.

    python_free counts what the heap can still grow by where that is PSRAM, which nobody else waits for.
    """

    python_total: int
    python_free: int
    idf_free: int
    idf_largest: int

    @property
    def fits(self) -> bool:
        """Whether the board may leave the hall."""
        return not self.short

    @property
    def short(self) -> tuple[str, ...]:
        """What is below its limit, in words."""
        return tuple(f"{what} {found} < {limit}" for what, found, limit in self._rows() if found < limit)

    @property
    def missing_bytes(self) -> int:
        """What is missing to the limits: in Python's heap and in ESP-IDF's together."""
        idf = max(IDF_FREE_LIMIT - self.idf_free, IDF_LARGEST_LIMIT - self.idf_largest, 0)
        return idf + max(PYTHON_FREE_LIMIT - self.python_free, 0)

    def _rows(self) -> tuple[tuple[str, int, int], ...]:
        return (
            ("IDF heap free", self.idf_free, IDF_FREE_LIMIT),
            ("its largest block", self.idf_largest, IDF_LARGEST_LIMIT),
            ("Python free", self.python_free, PYTHON_FREE_LIMIT),
        )


@dataclass(frozen=True)
class Seen:
    """What a running board was seen to have left, in bytes. source: on what."""

    image: str
    micropython: str
    what: str
    python_free: int
    idf_free: int
    idf_largest: int
    source: str

    @property
    def left(self) -> Left:
        """The same, beside the limits; how large Python's heap was is not known."""
        return Left(self.python_free, self.python_free, self.idf_free, self.idf_largest)


@dataclass(frozen=True)
class Verdict:
    """Whether boards with a build are offered. kind: why not, "" when they are; missing_bytes: that they are short of."""

    kind: Literal["", "short", "reckoned", "unknown"]
    missing_bytes: int = 0


@dataclass(frozen=True)
class Memory:
    """boards/memory.toml.

    live_bytes: in Python's heap at the firmware's fullest moment, and live_source who says so. kept_bytes: of ESP-IDF's
    heap, when the firmware gives Python the rest (node/memory.py).
    """

    images: tuple[Image, ...]
    needs: tuple[Need, ...]
    seen: tuple[Seen, ...]
    live_bytes: int
    live_source: str
    kept_bytes: int

    def of(self, name: str) -> tuple[Image, ...]:
        """The builds of that name that are known, one for each version of MicroPython."""
        return tuple(image for image in self.images if image.name == name)

    def left(self, image: Image) -> Left:
        """What a board with this build has left at the firmware's fullest moment."""
        return left(image, self.needs, self.live_bytes, self.kept_bytes)

    def verdict(self, name: str) -> Verdict:
        """Whether boards with the builds of that name are offered: every version of it must fit."""
        found = self.of(name)
        if not found:
            return Verdict("unknown")
        lefts = [self.left(image) for image in found] + [seen.left for seen in self.seen if seen.image == name]
        missing = max(left.missing_bytes for left in lefts)
        if not all(image.measured or image.psram for image in found):
            return Verdict("reckoned", missing)
        return Verdict("short", missing) if missing else Verdict("")


@lru_cache
def load(path: Path | None = None) -> Memory:
    """Read the table."""
    found: dict[str, Any] = tomllib.loads((path or paths.boards_dir() / "memory.toml").read_text(encoding="utf-8"))
    images = tuple(
        Image(
            row["name"], row["micropython"], row["python_bytes"], tuple(row["pieces"]), row.get("psram", 0),
            row.get("measured", ""), row["source"],
        )
        for row in found["image"]
    )  # fmt: skip
    needs = tuple(Need(row["what"], row["bytes"] * row.get("times", 1), row["source"]) for row in found["need"])
    firmware = found["firmware"]
    seen = tuple(Seen(**row) for row in found.get("seen", ()))
    return Memory(images, needs, seen, firmware["live_bytes"], firmware["source"], _kept_bytes())


def _kept_bytes() -> int:
    source = (paths.firmware_dir() / "node" / "memory.py").read_text(encoding="utf-8")
    found = _KEPT.search(source)
    if found is None:
        raise ValueError("firmware/node/memory.py: found no _KEPT_BYTES = const(...)")
    return int(found[1])


def usable(area_bytes: int) -> int:
    """Bytes for objects in an area of so many: the rest is its tables."""
    per_table_byte = 1 + _BLOCKS_PER_TABLE_BYTE / _BLOCKS_PER_FINALISER_BYTE + _BLOCKS_PER_TABLE_BYTE * _BLOCK_BYTES
    table = int((area_bytes - _GAP_BYTES) / per_table_byte)
    return table * _BLOCKS_PER_TABLE_BYTE * _BLOCK_BYTES


def growth(total: int, available: int, wanted: int = 0) -> int:
    """Bytes that Python's heap takes when it has `total` usable and finds no room; 0 when it gets none.

    available: the largest free block of ESP-IDF's heap. wanted: the allocation that failed.
    """
    needed = wanted + max(_LEAST_OVERHEAD, wanted * 13 // 512)
    if available < needed:
        return 0
    blocks = total // _BLOCK_BYTES
    double = (
        blocks // _BLOCKS_PER_TABLE_BYTE
        + blocks // _BLOCKS_PER_FINALISER_BYTE
        + blocks * _BLOCK_BYTES
        + _GAP_BYTES
        + _AREA_BYTES
    )
    double = -(-double // _BLOCK_BYTES) * _BLOCK_BYTES
    return min(available, max(double, needed))


def python_areas(python_bytes: int, available: int, live: int, *, share: int = 0) -> tuple[int, ...]:
    """The areas that Python's heap consists of, once so many bytes live in it.

    available: the largest free block. share: what the firmware gives it of that at once; then it has to ask for itself.
    """
    areas = [python_bytes]
    if share:
        areas.append(share)
        available -= share
    while sum(map(usable, areas)) < live + _ROOM_TO_WORK:
        grown = growth(sum(map(usable, areas)), available)
        if not grown:
            break
        areas.append(grown)
        available -= grown
    return tuple(areas)


def left(image: Image, needs: Sequence[Need], live_peak: int, kept_bytes: int | None = None) -> Left:
    """What a board has left at its fullest moment. live_peak: bytes that live in Python's heap then, at most.

    kept_bytes: Python gets all but these of ESP-IDF's heap before anything is loaded; None: it grows by itself. The
    radio and TLS then fill the small pieces first, as seen on the emulated chip.
    """
    pieces = sorted(image.pieces)
    share = 0
    if kept_bytes is not None and not image.psram:
        share = min(sum(pieces) - kept_bytes, pieces[-1])
        share = share if share >= _LEAST_SHARE else 0
    areas = python_areas(image.python_bytes, image.psram or pieces[-1], live_peak, share=share)
    if not image.psram:
        pieces[-1] -= sum(areas[1:])
    due = sum(need.bytes for need in needs)
    rest = []
    for piece in pieces:
        taken = min(piece, due)
        due -= taken
        rest.append(piece - taken)
    total = sum(map(usable, areas))
    can_grow = image.psram - sum(areas) if image.psram else 0
    return Left(total, total + can_grow - live_peak, sum(rest) - due, max(rest))
