"""Which of several boards is for which point: the technician presses EN, and the chip's own first words tell the port."""

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from paraat.provision.flash.flash import FlashError
from paraat.provision.usb.ports import open_console

LIMIT_S = 120.0
# The ROM's first line after EN or power-on (ESP32: POWERON_RESET, ESP32-S3 and -C3: POWERON). A board without a program
# prints others without an end, since its watchdog resets it: those do not count.
_PRESSED = re.compile(rb"rst:0x1 \(POWERON")
_KEPT_BYTES = 64


class Ears:
    """The consoles of all boards that are not paired yet. A context."""

    def __init__(self, devices: Iterable[str], open_port: Callable[[str], Any] = open_console) -> None:
        self._open_port = open_port
        self._devices = list(devices)
        self._open: dict[str, Any] = {}

    def __enter__(self) -> "Ears":
        for device in self._devices:
            with contextlib.suppress(OSError):  # a busy one cannot be pressed; flashing it will say why
                self._open[device] = self._open_port(device)
        self._drain()
        return self

    def __exit__(self, *_: object) -> None:
        for device in list(self._open):
            self._close(device)

    def _close(self, device: str) -> None:
        with contextlib.suppress(OSError):
            self._open.pop(device).close()

    def _drain(self) -> None:
        """Forget what opening the ports has started."""
        for port in self._open.values():
            with contextlib.suppress(OSError):
                port.reset_input_buffer()

    def pressed(self, limit_s: float = LIMIT_S) -> str | None:
        """The device whose EN is pressed next; it is not heard again. None when nobody presses in time."""
        heard = dict.fromkeys(self._open, b"")
        deadline = time.monotonic() + limit_s
        while self._open and time.monotonic() < deadline:
            for device, port in list(self._open.items()):
                try:
                    heard[device] = heard[device][-_KEPT_BYTES:] + port.read(max(1, port.in_waiting))
                except OSError:  # unplugged: what comes back is another device, and this one would fail without a pause
                    self._close(device)
                    continue
                if _PRESSED.search(heard[device]):
                    self._close(device)
                    return device
        return None


def pair(
    points: Sequence[str],
    devices: Iterable[str],
    ask: Callable[[str], None],
    *,
    limit_s: float = LIMIT_S,
    open_port: Callable[[str], Any] = open_console,
) -> Mapping[str, str]:
    """The device of each point. ask: tells the technician to press the button for a point. Raises FlashError."""
    found: dict[str, str] = {}
    with Ears(devices, open_port) as ears:
        for point in points:
            ask(point)
            device = ears.pressed(limit_s)
            if device is None:
                raise FlashError("flash.no-press", point=point)
            found[point] = device
    return found
