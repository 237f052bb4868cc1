"""Which serial ports have a board behind them: known by the USB id of the bridge that the board carries."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from paraat.texts import SpokenError

# USB vendor and product id -> the bridge. CP2102N: Espressif's DevKits. CH340: Olimex, many copies. CH9102: newer
# copies. FTDI: JTAG boards. 303A:1001 is the USB of the chip itself (ESP32-S3, -C3), 303A:4001 MicroPython's own.
BRIDGES = {
    (0x10C4, 0xEA60): "CP210x",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x7522): "CH340K",
    (0x1A86, 0x55D3): "CH343",
    (0x1A86, 0x55D4): "CH9102",
    (0x0403, 0x6001): "FT232R",
    (0x0403, 0x6010): "FT2232H",
    (0x0403, 0x6015): "FT231X",
    (0x303A, 0x1001): "Espressif USB-JTAG",
    (0x303A, 0x4001): "Espressif USB-CDC",
}

CONSOLE_BAUD = 115200


class SerialPort(NamedTuple):
    """A port with a board. location: the USB socket, such as 1-2.3; empty where the system does not tell."""

    device: str
    bridge: str
    location: str

    def __str__(self) -> str:
        return f"{self.device} ({self.bridge}{', USB ' + self.location if self.location else ''})"


class PortError(SpokenError):
    """Raised when no port, or more than one, can be meant."""


def board_ports(listed: Iterable[Any] | None = None) -> list[SerialPort]:
    """The ports behind which a board may be, by name. listed: as serial.tools.list_ports.comports() gives them."""
    if listed is None:
        from serial.tools import list_ports

        listed = list_ports.comports()
    found = [
        SerialPort(info.device, BRIDGES[info.vid, info.pid], info.location or "")
        for info in listed
        if (info.vid, info.pid) in BRIDGES
    ]
    return sorted(found)


def few_ports(found: Sequence[SerialPort], wanted: int) -> PortError:
    """The error that says that there are fewer boards than points."""
    return PortError("flash.few-ports", wanted=wanted, n=len(found), names=", ".join(map(str, found)) or "-")


def only_port(found: Sequence[SerialPort] | None = None) -> str:
    """The device of the one board that is attached. Raises PortError for none and for several."""
    ports = board_ports() if found is None else found
    if not ports:
        raise PortError("flash.no-board")
    if len(ports) > 1:
        raise PortError("flash.many-boards", n=len(ports), names=", ".join(map(str, ports)))
    return ports[0].device


def open_console(device: str) -> Any:
    """A board's console at 115200 baud, as a pyserial port; its reads wait 0.2 s at most.

    The board runs on: Linux raises DTR and RTS at an open, and RTS alone pulls EN low (esptool, "Boot Mode Selection"), so
    RTS goes first. Raises OSError (pyserial's errors are OSErrors).
    """
    import serial

    port = serial.serial_for_url(device, do_not_open=True, baudrate=CONSOLE_BAUD, timeout=0.2, exclusive=True)
    port.dtr, port.rts = True, False
    port.open()
    with contextlib.suppress(
        OSError
    ):  # a pseudo terminal has no such lines; of a port that is gone the first read tells
        port.dtr = False
    return port
