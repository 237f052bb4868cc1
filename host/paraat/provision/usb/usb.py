"""The boards on USB as Linux's sysfs shows them, also those that got no serial port, and who holds a port.

Ref: https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-bus-usb and .../stable/sysfs-bus-usb
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from paraat.provision.usb.ports import BRIDGES

# The kernel's module that makes a serial port of a bridge; what is not named here is a "communications device class".
_MODULES = {"CP210x": "cp210x", "CH340": "ch341", "CH340K": "ch341", "FT232R": "ftdi_sio"}
_MODULES |= {"FT2232H": "ftdi_sio", "FT231X": "ftdi_sio"}
_CDC_MODULE = "cdc_acm"
_SELF_POWERED = 0x40  # bmAttributes of a hub's configuration: USB 2.0, table 9-10, bit 6


class UsbBoard(NamedTuple):
    """A bridge that is plugged in. name: its place, such as 1-1.4. device: /dev/ttyUSB0, or None without a driver."""

    name: str
    bridge: str
    device: str | None
    module: str
    hub_without_supply: bool  # it hangs on a hub that lives from the laptop's port
    over_currents: int  # how often its socket was switched off for too much current since the laptop started


class Holder(NamedTuple):
    """A process that has a port open."""

    pid: int
    program: str


def has_usb(root: Path) -> bool:
    """False where no USB can be seen at all, such as in a container. root: "/", or a test's own."""
    return (root / "sys/bus/usb/devices").is_dir()


def boards(root: Path) -> list[UsbBoard]:
    """The bridges that are plugged in, by place."""
    found = []
    for place in sorted((root / "sys/bus/usb/devices").glob("*-*")):
        ids = _hex(place / "idVendor"), _hex(place / "idProduct")
        bridge = BRIDGES.get(ids) if None not in ids else None  # type: ignore[arg-type]
        if bridge is None:  # an interface ("1-1:1.0") has no such files
            continue
        found.append(
            UsbBoard(
                place.name,
                bridge,
                _device(place),
                _MODULES.get(bridge, _CDC_MODULE),
                _hub_without_supply(place),
                _over_currents(place),
            )
        )
    return found


def unknown(device: str) -> UsbBoard:
    """A port that was named to us, with a bridge that is not in our list."""
    return UsbBoard(Path(device).name, "?", device, "", False, 0)


def holders(root: Path, device: str) -> list[Holder]:
    """Who has this device open, as far as we may see: processes of others are hidden from a plain user."""
    found = []
    for process in (root / "proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if any(_link(fd) == device for fd in (process / "fd").iterdir()):
                found.append(Holder(int(process.name), (process / "comm").read_text().strip()))
    return sorted(found)


def is_serial(device: str) -> bool:
    """False for a file, a disk, /dev/null: nothing that a board can be behind. What is no path (socket://) is not judged.

    The port itself is not opened: that may restart a board.
    """
    path = Path(device)
    if not device.startswith("/"):
        return True
    with contextlib.suppress(OSError):
        path = path.resolve(strict=True)
        is_terminal = path.parent == Path("/dev/pts") or (Path("/sys/class/tty") / path.name).exists()
        return path.is_char_device() and is_terminal
    return True  # not there: that is said elsewhere


def lock_file(root: Path, device: str) -> Path | None:
    """The lock that older programs (minicom, uucp) leave for a port; None when there is none."""
    path = root / "run/lock" / f"LCK..{Path(device).name}"
    return path if path.exists() else None


def _device(place: Path) -> str | None:
    for pattern in (f"{place.name}:*/tty[A-Z]*", f"{place.name}:*/tty/tty[A-Z]*"):
        for tty in sorted(place.glob(pattern)):
            return f"/dev/{tty.name}"
    return None


def _parent(place: Path) -> tuple[Path, str]:
    """The hub above a place, and the number of the socket: 1-1.4 hangs on 1-1, socket 4; 1-1 on usb1, socket 1."""
    upper, dot, last = place.name.rpartition(".")
    if dot:
        return place.with_name(upper), last
    bus, _, socket = place.name.partition("-")
    return place.with_name(f"usb{bus}"), socket


def _hub_without_supply(place: Path) -> bool:
    hub, _ = _parent(place)
    attributes = _hex(hub / "bmAttributes")
    is_root = hub.name.startswith("usb")
    return not is_root and attributes is not None and not attributes & _SELF_POWERED


def _over_currents(place: Path) -> int:
    hub, socket = _parent(place)
    interface = f"{hub.name[3:]}-0:1.0" if hub.name.startswith("usb") else f"{hub.name}:1.0"
    for path in place.with_name(interface).glob(f"*-port{socket}/over_current_count"):
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
    return 0


def _hex(path: Path) -> int | None:
    try:
        return int(path.read_text(), 16)
    except (OSError, ValueError):
        return None


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
