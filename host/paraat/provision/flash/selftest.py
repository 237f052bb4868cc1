"""What a board says about itself after its first start: read from its console, and shown as a table.

The board prints one line of JSON, {"selftest": ...} (firmware/node/selftest.py), and then {"ready": ...}.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from paraat import texts
from paraat.boards import readings
from paraat.provision.flash.flash import CancelledError, FlashError
from paraat.provision.usb import console_faults
from paraat.provision.usb.console import split
from paraat.provision.usb.ports import open_console
from paraat.runtime.typed import decode
from paraat.texts.printable import printable

LIMIT_S = 60.0  # the board itself gives up after 30 s (node/selftest.py), and starts in a few
_REOPEN_S = 0.2  # the chip's own USB goes away at a reset and comes back
_LAST_WORDS_S = 1.0  # of a board that crashed
_SAID_KEPT = 8  # lines of a board that does not start, for who helps
# The last words of a board that runs without one: main.py and MicroPython itself.
_CRASHED = "Traceback (most recent call last):"
_MOST_INSIDE_BYTES = 512 * 1024  # the whole SRAM of an ESP32-S3; the smallest PSRAM has 2 MiB
_CLOCKS = ("rtc", "ntp", "host", "stored", "none")  # firmware/node/clock.py
_FAULTS = ("bus", "crc", "silent", "range", "blocked", "config", "wire-break", "short", "stopped")


class Link(msgspec.Struct, frozen=True):
    """How the board reaches the network. rssi in dBm, where it is known."""

    kind: str
    up: bool
    rssi: int | None = None


class Report(msgspec.Struct, frozen=True):
    """The self-test. sensors: None for one that said nothing. broker: empty when it took the board."""

    board: str
    sensors: dict[str, bool | int | float | None]
    faults: dict[str, str]
    link: Link
    clock: str
    broker: str
    ack: bool
    heap: int

    @property
    def has_psram(self) -> bool:
        """True when Python has more than any chip has inside: gc.mem_free() counts what its heap can still grow by."""
        return self.heap > _MOST_INSIDE_BYTES

    @property
    def fine(self) -> bool:
        """True when nothing needs a look: all sensors say something, and the host has stored it."""
        return self.ack and not self.faults and None not in self.sensors.values()


class _Line(msgspec.Struct):
    selftest: Report | None = None
    ready: dict[str, Any] | None = None


def read(
    device: str,
    *,
    limit_s: float = LIMIT_S,
    cancelled: Callable[[], bool] = lambda: False,
    open_port: Callable[[str], Any] = open_console,
) -> Report:
    """Listen until the board has told its self-test and that it is ready. Raises FlashError, CancelledError."""
    said: list[str] = []
    report: Report | None = None
    ear = _Ear(device, limit_s, cancelled, open_port)
    try:
        for line in split(ear.hear, forever=False):
            said.append(printable(line))
            found = _parse(line)
            report = found.selftest or report
            if found.ready is not None and report is not None:
                return report
            for fault in console_faults.find(line):
                raise FlashError(f"console.{fault}", device=device)
            if line.startswith(_CRASHED):
                ear.stop_in(_LAST_WORDS_S)
    finally:
        ear.close()
    if not said:
        raise FlashError("console.silent", device=device)
    code = "selftest.crashed" if any(line.startswith(_CRASHED) for line in said) else "selftest.none"
    raise FlashError(code, device=device, limit_s=f"{limit_s:.0f}", said=" | ".join(said[-_SAID_KEPT:]))


def _parse(line: str) -> _Line:
    if not line.startswith('{"'):
        return _Line()
    try:
        return decode(line, _Line)
    except msgspec.DecodeError:
        return _Line()


class _Ear:
    """A console that is opened, and opened again when the port goes away, until a moment in time."""

    def __init__(
        self, device: str, limit_s: float, cancelled: Callable[[], bool], open_port: Callable[[str], Any]
    ) -> None:
        self._device = device
        self._deadline = time.monotonic() + limit_s
        self._cancelled = cancelled
        self._open_port = open_port
        self._port: Any = None

    def hear(self, count: int) -> bytes:
        """Up to `count` bytes as soon as there are some; none when the time is over. Raises CancelledError."""
        while time.monotonic() < self._deadline:
            if self._cancelled():
                raise CancelledError
            try:
                if self._port is None:
                    self._port = self._open_port(self._device)
                if data := bytes(self._port.read(max(1, min(count, self._port.in_waiting)))):
                    return data
            except OSError:
                self.close()
                time.sleep(_REOPEN_S)
        return b""

    def stop_in(self, seconds: float) -> None:
        """Hear no longer than so many seconds from now."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()


def table(report: Report, title: str, language: str, where: Mapping[str, str] | None = None) -> Table:
    """The report for the technician: what was found, and what to look at. where: of each metric its part and wires."""
    shown = Table(title=title, title_justify="left")
    for column in texts.say("selftest.columns", language).split("|"):
        shown.add_column(column)
    for sign, what, found, step in _rows(report, language, where or {}):
        shown.add_row(Text(sign, style="green" if sign == "v" else "bold yellow"), what, found, step)
    return shown


def _rows(report: Report, language: str, where: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """(sign, what, found, what to check)"""
    for name, value in sorted(report.sensors.items()):
        if name not in report.faults:
            place = where.get(name, "")
            if value is None:
                yield _row(name, "silent", language, place)
            else:
                yield "v", readings.name(name, language), readings.value(name, value, language), place
    for name, code in sorted(report.faults.items()):
        yield _row(name, code, language, where.get(name, ""))

    def say(key: str) -> str:
        return texts.say(f"selftest.{key}", language)

    link = f"{report.link.kind}{f', {report.link.rssi} dBm' if report.link.rssi is not None else ''}"
    yield ("v", say("link"), link, "") if report.link.up else ("!", say("link"), link, say("link-down"))
    known = report.clock in ("rtc", "ntp", "host")
    clock = say(f"clock-{report.clock}") if report.clock in _CLOCKS else report.clock
    yield ("v" if known else "!", say("clock"), clock, "" if known else say("no-clock"))
    yield ("!", "broker", report.broker, say("no-broker")) if report.broker else ("v", "broker", say("connected"), "")
    kept = say("kept")
    yield ("v", kept, say("stored"), "") if report.ack else ("!", kept, say("not-stored"), say("no-ack"))


def _row(name: str, code: str, language: str, place: str) -> tuple[str, str, str, str]:
    found, step = texts.row(f"sensor.{code if code in _FAULTS else 'error'}", {"code": code}, language)
    return "!", readings.name(name, language), found, texts.sentence(place, step)
