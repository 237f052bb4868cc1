"""board.toml, typed: what is soldered on a board, how its flash lies, which pin leads where.

An unknown or missing key is a SettingsError that names file and key. Whether the pins can do it is for pins.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from paraat.domain.fields import Part, Text
from paraat.site.errors import SettingsError
from paraat.site.tables import convert_table, read_table
from paraat.texts import Phrase

Gpio = Annotated[int, Meta(ge=0, le=48)]
Bytes = Annotated[int, Meta(ge=1)]
Offset = Annotated[int, Meta(ge=0)]
ChipName = Literal["esp32", "esp32s3", "esp32c3"]  # as esptool calls them
PsramKind = Literal["quad", "octal"]  # data wires to it: the build of MicroPython must speak so

SECTOR_BYTES = 4096  # the smallest piece of flash that is erased, and littlefs' block


class About(Part, frozen=True):
    """[board]"""

    name: Text
    chip: ChipName
    module: Text  # a key of chips.MODULES: it takes pins for its own flash and PSRAM
    top: str = ""  # what lies at the first contacts of the headers, and at the last: for the picture
    bottom: str = ""


class Firmware(Part, frozen=True):
    """[firmware]: the build of MicroPython, by its name on micropython.org/download."""

    image: Text


class Psram(Part, frozen=True):
    """[psram]: memory beside the chip. Without this table the board has none, whatever its module could have."""

    kind: PsramKind
    size_bytes: Bytes


class Flash(Part, frozen=True):
    """[flash]: offsets and sizes in bytes. vfs is the littlefs that holds our files."""

    size_bytes: Bytes
    firmware_offset: Offset  # where the combined image of MicroPython goes
    nvs_offset: Offset
    nvs_size: Bytes
    vfs_offset: Offset
    vfs_size: Bytes
    baud: Annotated[int, Meta(ge=115200, le=2000000)] = 460800


class Usb(Part, frozen=True):
    """[usb]: the serial port that a laptop sees."""

    chip: Text
    ids: tuple[Annotated[str, Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...]  # vendor:product


class Link(Part, frozen=True):
    """[link]: how the board reaches the network; a point may choose the other one."""

    kind: Literal["wifi", "ethernet"] = "wifi"


class Ethernet(Part, frozen=True):
    """[ethernet]: the PHY on the board, as firmware/node/link.py wants to know it."""

    mdc: Gpio
    mdio: Gpio
    phy: Text = "LAN8720"
    phy_addr: Annotated[int, Meta(ge=0, le=31)] = 0
    power: Gpio | None = None
    ref_clk: Gpio | None = None
    ref_clk_mode: Literal["in", "out"] = "in"


class I2cBus(Part, frozen=True):
    """[buses.<name>] of kind i2c; the name ends with the number of the chip's controller."""

    kind: Literal["i2c"]
    scl: Gpio
    sda: Gpio
    freq_hz: Annotated[int, Meta(ge=1000, le=1000000)] = 100000


class UartBus(Part, frozen=True):
    """[buses.<name>] of kind uart; the name ends with the number of the chip's controller."""

    kind: Literal["uart"]
    rx: Gpio
    tx: Gpio
    baud: Annotated[int, Meta(ge=1200, le=1000000)] = 9600


class OneWireBus(Part, frozen=True):
    """[buses.<name>] of kind onewire"""

    kind: Literal["onewire"]
    pin: Gpio


Bus = I2cBus | UartBus | OneWireBus
_BUS_KINDS: dict[str, type[I2cBus] | type[UartBus] | type[OneWireBus]] = {
    "i2c": I2cBus,
    "uart": UartBus,
    "onewire": OneWireBus,
}


class Clock(Part, frozen=True):
    """[rtc]: the battery clock (DS3231), where there is one."""

    bus: Text


class Pins(Part, frozen=True):
    """[pins]: the local alarm. Contacts go to ground and need the chip's own pull-up."""

    led: Gpio | None = None
    buzzer: Gpio | None = None
    button: Gpio | None = None
    open_switch: Gpio | None = None  # key switch: the point is open
    open_button: Gpio | None = None  # where there is no key switch


class Header(Part, frozen=True):
    """[[headers]]: one row of contacts, in the order in which they lie.

    Each is a GPIO's number, "print=number" where the board prints something else there, or a name without a number
    (3V3, GND, EN).
    """

    name: Text
    side: Literal["left", "right"]
    pins: tuple[int | str, ...]


class BoardFile(Part, frozen=True):
    """board.toml"""

    board: About
    firmware: Firmware
    flash: Flash
    usb: Usb
    headers: tuple[Header, ...]
    psram: Psram | None = None
    link: Link = Link()
    ethernet: Ethernet | None = None
    buses: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    rtc: Clock | None = None
    pins: Pins = Pins()
    sensors: tuple[dict[str, Any], ...] = ()  # the standard kit
    # What a point usually adds, with its own numbers: checked and drawn here, not configured.
    point_sensors: tuple[dict[str, Any], ...] = ()
    # pin -> why what hangs on it cannot disturb the start
    strapping_ok: dict[Gpio, str] = msgspec.field(default_factory=dict)
    # pin without a pull inside -> what pulls it outside
    pull_ok: dict[Gpio, str] = msgspec.field(default_factory=dict)


class Contact(msgspec.Struct, frozen=True):
    """One contact of a header. gpio: None for power, ground and EN."""

    print: str
    gpio: int | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A board. id: the name of its folder; path: its board.toml."""

    id: str
    path: Path
    name: str
    chip: ChipName
    module: str
    top: str
    bottom: str
    firmware: Firmware
    flash: Flash
    psram: Psram | None
    usb: Usb
    link: Link
    ethernet: Ethernet | None
    buses: dict[str, Bus]
    rtc: Clock | None
    pins: Pins
    sensors: tuple[dict[str, Any], ...]
    point_sensors: tuple[dict[str, Any], ...]
    headers: tuple[Header, ...]
    strapping_ok: dict[int, str]
    pull_ok: dict[int, str]


def read_board(path: Path) -> Board:
    """Read one board.toml; its folder gives the board's id. Raises SettingsError."""
    file = read_table(path, BoardFile)
    _check_flash(path, file.flash)
    return Board(
        id=path.parent.name,
        path=path,
        name=file.board.name,
        chip=file.board.chip,
        module=file.board.module,
        top=file.board.top,
        bottom=file.board.bottom,
        firmware=file.firmware,
        flash=file.flash,
        psram=file.psram,
        usb=file.usb,
        link=file.link,
        ethernet=file.ethernet,
        buses={name: _bus(path, name, table) for name, table in file.buses.items()},
        rtc=file.rtc,
        pins=file.pins,
        sensors=file.sensors,
        point_sensors=file.point_sensors,
        headers=file.headers,
        strapping_ok=file.strapping_ok,
        pull_ok=file.pull_ok,
    )


def contacts(header: Header) -> Iterator[Contact]:
    """The contacts of a header, in their order."""
    for pin in header.pins:
        if isinstance(pin, int):
            yield Contact(str(pin), pin)
        else:
            printed, is_gpio, number = pin.partition("=")
            yield Contact(printed, int(number) if is_gpio else None)


def _bus(path: Path, name: str, table: dict[str, Any]) -> Bus:
    kind = _BUS_KINDS.get(str(table.get("kind")))
    if kind is None:
        raise SettingsError(
            path,
            f"buses.{name}.kind",
            repr(table.get("kind")),
            Phrase("one of: {known}", known=", ".join(_BUS_KINDS)),
        )
    return convert_table(path, table, kind, f"buses.{name}")


def _check_flash(path: Path, flash: Flash) -> None:
    end = flash.vfs_offset + flash.vfs_size
    if end > flash.size_bytes:
        raise SettingsError(
            path,
            "flash.vfs_size",
            Phrase("an end at 0x{end}", end=f"{end:X}"),
            Phrase("an end within size_bytes (0x{size_bytes})", size_bytes=f"{flash.size_bytes:X}"),
        )
    if flash.vfs_offset <= flash.firmware_offset:
        raise SettingsError(path, "flash.vfs_offset", f"0x{flash.vfs_offset:X}", Phrase("an offset behind MicroPython"))
    for key in ("firmware_offset", "nvs_offset", "nvs_size", "vfs_offset", "vfs_size"):
        value = getattr(flash, key)
        if value % SECTOR_BYTES:
            raise SettingsError(
                path,
                f"flash.{key}",
                f"0x{value:X}",
                Phrase("a multiple of 0x{sector}", sector=f"{SECTOR_BYTES:X}"),
            )
