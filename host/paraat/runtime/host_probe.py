"""Measures the machine that the host runs on: its disk, its clock, its supply, its backups. domain/own.py says what they mean.

In a thread of its own, since a disk that hangs, or a UPS that does not answer, must keep nobody waiting. Linux: the kernel knows
whether the clock is kept right (adjtimex(2)); NUT's upsc, or /sys/class/power_supply, what carries the machine.
"""

import ctypes
import logging
import os
import struct
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from paraat.domain.own import Backup, DiskSpace, HostPower, HostTime, full_in_h
from paraat.domain.subjects import View

_log = logging.getLogger(__name__)

EVERY_S = 60.0
_OLD_S = 300.0  # what was measured longer ago says nothing of now
_DISK_EVERY_S, _DISK_KEPT = 600.0, 145  # a day
_UPSC_S = 5.0
_SUPPLIES = Path("/sys/class/power_supply")
_STA_UNSYNC, _TIME_ERROR = 0x0040, 5  # <sys/timex.h>
_TIMEX_BYTES, _TIMEX_BEGIN = 512, "@Illlli"  # struct timex is smaller; modes, offset, freq, maxerror, esterror, status
_FILES_MAX = 10_000


class _Supply(NamedTuple):
    """What carries the machine; None: not known."""

    on_battery: bool | None
    charge_percent: float | None = None
    left_h: float | None = None


class HostProbe:
    """journal: a path on the disk to be watched. backups: a folder or a file; None: not watched. ups: of NUT, as upsc takes it."""

    def __init__(
        self, journal: Path, *, backups: Path | None = None, ups: str = "ups@localhost", supplies: Path = _SUPPLIES
    ) -> None:
        self._journal = journal
        self._backups = backups
        self._ups = ups
        self._supplies = supplies
        self._free: deque[tuple[float, int]] = deque(maxlen=_DISK_KEPT)
        self._measured: tuple[float, list[View]] = (float("-inf"), [])

    def run(self, stop: threading.Event) -> None:
        """Measure until `stop` is set."""
        while not stop.is_set():
            self.measure()
            stop.wait(EVERY_S)

    def measure(self) -> None:
        """Measure once. May take seconds."""
        at, now = time.monotonic(), time.time()
        found = (self._disk(at, now), HostTime(now=now, synchronised=clock_synchronised()), self._power(now))
        self._measured = (at, [view for view in (*found, self._backup(now)) if view is not None])

    def views(self) -> list[View]:
        """What was measured last; nothing when that is too long ago."""
        at, found = self._measured
        return found if time.monotonic() - at <= _OLD_S else []

    def _disk(self, at: float, now: float) -> DiskSpace | None:
        try:
            disk = os.statvfs(self._journal)
        except OSError as error:
            _log.warning("%s: how much of its disk is free is not known: %s", self._journal, error)
            return None
        free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        if not self._free or at - self._free[-1][0] >= _DISK_EVERY_S:
            self._free.append((at, free))
        return DiskSpace(now=now, free=free, total=total, full_in_h=full_in_h([*self._free, (at, free)], total))

    def _power(self, now: float) -> HostPower | None:
        supply = read_upsc(self._ups) or read_supplies(self._supplies)
        if supply is None:
            return None
        return HostPower(
            now=now, on_battery=supply.on_battery, charge_percent=supply.charge_percent, left_h=supply.left_h
        )

    def _backup(self, now: float) -> Backup | None:
        if self._backups is None:
            return None
        try:
            return Backup(now=now, newest_t=_newest(self._backups))
        except OSError as error:
            _log.warning("%s: how old the newest backup is, is not known: %s", self._backups, error)
            return None


def clock_synchronised() -> bool | None:
    """Whether something keeps the machine's clock right; None where the kernel does not tell."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):  # no Linux
        return None
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: it only reads
    state = adjtimex(timex)
    if state < 0:
        return None
    *_, status = struct.unpack_from(_TIMEX_BEGIN, timex.raw)
    return state != _TIME_ERROR and not status & _STA_UNSYNC


def read_upsc(ups: str) -> _Supply | None:
    """What NUT says of a UPS; None where there is no upsc, or it knows no such UPS."""
    try:
        told = subprocess.run(["upsc", ups], capture_output=True, text=True, timeout=_UPSC_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    fields = dict(line.split(": ", 1) for line in told.stdout.splitlines() if ": " in line)
    words = fields.get("ups.status", "").split()
    if told.returncode or not {"OL", "OB"} & set(words):
        return None
    runtime_s = _number(fields.get("battery.runtime"))
    return _Supply(
        on_battery="OB" in words,
        charge_percent=_number(fields.get("battery.charge")),
        left_h=None if runtime_s is None else runtime_s / 3600,
    )


def read_supplies(folder: Path) -> _Supply | None:
    """What the kernel says of the machine's own supplies; None where it has none, as a desktop or a server."""
    kinds: dict[str, list[Path]] = {}
    for supply in sorted(folder.glob("*")):
        kinds.setdefault(_read(supply / "type"), []).append(supply)
    online = [_read(supply / "online") for supply in kinds.get("Mains", [])]
    if not online:
        return None
    charges = [_number(_read(supply / "capacity")) for kind in ("UPS", "Battery") for supply in kinds.get(kind, [])]
    return _Supply(
        on_battery="1" not in online, charge_percent=min((c for c in charges if c is not None), default=None)
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _newest(path: Path) -> float | None:
    """When the newest file in a folder, or the file itself, was made; None where there is none. Raises OSError."""
    if not path.exists():
        return None
    if path.is_file():
        return path.stat().st_mtime
    newest: float | None = None
    for n, file in enumerate(path.rglob("*")):
        if n >= _FILES_MAX:
            break
        if file.is_file():
            newest = max(newest or 0.0, file.stat().st_mtime)
    return newest
