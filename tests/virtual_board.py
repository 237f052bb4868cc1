"""A board behind a TCP port: the chip's boot loader (esp32-mock-bootloader), and after a reset the console.

esptool and pyserial reach it as socket://127.0.0.1:port; nothing of ours knows that it is no real one.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import esptool.bin_image as images
from esp32_mock_bootloader import server as mock
from esptool.bin_image import LoadFirmwareImage

from paraat.boards.boards import Board
from paraat.boards.builds import builds
from waiting import LIMIT_S

Console = Callable[[bytes], Iterator[bytes]]

REPORT = (
    b'{"selftest": {"board": "240ac4000001", "sensors": {"fuel/level": 61.2, "power/mains": true},'
    b' "faults": {"climate/temperature": "silent"}, "link": {"kind": "wifi", "up": true, "rssi": -58},'
    b' "clock": "host", "broker": "", "ack": true, "heap": 4101000}}'
)
READY = b'{"ready": {"point": "nsp-0101", "boot": 1, "config": 1, "fw": "0.1.0", "next": 1}}'

_PAUSE_S = 0.1
_MAC_WORD = 0x3FF5A004  # ESP32, EFUSE_BLK0_RDATA1: the lower half of the MAC
_S3_CAP_WORD = 0x60007054  # ESP32-S3, EFUSE_RD_MAC_SPI_SYS_4: PSRAM_CAP in bits 3 and 4
_CONNECTION = threading.local()
_read_reg = mock._read_reg_value_for_chip


def _read_reg_of_this_board(address: int, chip: str) -> int:
    value: int = _read_reg(address, chip)
    if address == _S3_CAP_WORD and chip == "esp32s3":
        return value & ~0x18 | getattr(_CONNECTION, "psram_cap", 0) << 3
    return value ^ getattr(_CONNECTION, "number", 0) if address == _MAC_WORD else value


mock._read_reg_value_for_chip = _read_reg_of_this_board


def talks_without_psram(_flash: bytes) -> Iterator[bytes]:
    """As talks(), of a board whose MicroPython has found no PSRAM."""
    yield REPORT.replace(b'"heap": 4101000', b'"heap": 101000')
    yield READY


def talks(_flash: bytes) -> Iterator[bytes]:
    """The console of a board on which all is well."""
    yield b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
    yield REPORT
    yield READY


class _Flash(mock.FlashImage):  # type: ignore[misc]
    """The chip's flash, with what can happen to it."""

    def __init__(self, lose_after: int | None, rot: int | None, size_bytes: int) -> None:
        super().__init__()
        self.data = bytearray(b"\xff" * size_bytes)
        self.whole = False
        self.blocks = 0
        self.lose_after = lose_after
        self.rot = rot

    def begin_defl(self, payload: bytes) -> None:
        self.whole = False
        super().begin_defl(payload)

    def write_defl_block(self, payload: bytes) -> None:
        self.blocks += 1
        if self.lose_after is not None and self.blocks > self.lose_after:
            raise ConnectionResetError("unplugged")
        # As the mock's own, which puts byte after byte in a loop; four million of them take it half a second.
        (length,) = struct.unpack_from("<I", payload)
        data = self._decompressor.decompress(payload[16 : 16 + length])
        self.data[self._defl_offset : self._defl_offset + len(data)] = data
        self._defl_offset += len(data)

    def end_defl(self) -> None:
        super().end_defl()
        self.whole = self.rot is None
        if self.rot is not None:
            self.data[self.rot] ^= 0x01


class VirtualBoard:
    """A context. number: makes its MAC its own. lose_after: blocks until the cable goes. rot: offset of a bad byte.

    psram_cap: what the eFuses of an ESP32-S3 tell.
    """

    def __init__(
        self,
        chip: str = "esp32",
        *,
        number: int = 0,
        console: Console = talks,
        lose_after: int | None = None,
        rot: int | None = None,
        size_bytes: int = 0x400000,
        psram_cap: int = 0,
    ) -> None:
        self._chip = chip
        self._number = number
        self._psram_cap = psram_cap
        self._console = console
        self._flash = _Flash(lose_after, rot, size_bytes)
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "VirtualBoard":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listener.close()
        self._thread.join(LIMIT_S)

    @property
    def flash(self) -> bytes:
        return bytes(self._flash.data)

    def restart(self) -> None:
        """Into the boot loader, as esptool's reset does on a real board."""
        self._flash.whole = False

    def mend(self) -> None:
        """Plug it in again; the next cable is good."""
        self._flash.lose_after = self._flash.rot = None

    def _serve(self) -> None:
        _CONNECTION.number = self._number
        _CONNECTION.psram_cap = self._psram_cap
        while not self._stop.is_set():
            try:
                self._listener.settimeout(0.1)
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection:
                if self._flash.whole:
                    self._flash.whole = False
                    self._talk(connection)
                else:
                    self._load(connection)

    def _load(self, connection: socket.socket) -> None:
        try:
            wire = mock.BootloaderConnection(sock=connection)
            mock.handle_client(wire, self._stop, self._chip, flash=self._flash)
        except ConnectionError:
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        """Say it again and again: pyserial throws away what came before its open() was done."""
        connection.settimeout(_PAUSE_S)
        try:
            while not self._stop.is_set():
                for line in self._console(self.flash):
                    connection.sendall(line + b"\r\n")
                try:
                    if not connection.recv(64):
                        return
                except TimeoutError:
                    continue
        except OSError:
            return


_KINDS: dict[str, Any] = {
    "esp32": images.ESP32FirmwareImage,
    "esp32s3": images.ESP32S3FirmwareImage,
    "esp32c3": images.ESP32C3FirmwareImage,
}
_CHIP_IDS = {"esp32": 0, "esp32s3": 9, "esp32c3": 5}
_RAM = {"esp32": 0x3FFB0000, "esp32s3": 0x3FC88000, "esp32c3": 0x3FC80000}


def micropython(
    board: Board,
    version: str = "v1.28.0",
    *,
    chip: str | None = None,
    vfs_row: bool = False,
    machine: str | None = None,
) -> bytes:
    """An image as micropython.org publishes it, with little in it: boot loader, partition table, application.

    machine: what its prompt calls it; None: that of the board's build.
    """
    chip = chip or board.chip
    flash = board.flash
    machine = builds()[board.firmware.image].machine if machine is None else machine
    # Each a string of its own, as in the real ones.
    banner = f"made for a test\0MicroPython {version} on 2026-01-01\0; {machine}\0".encode()
    data = bytearray(b"\xff" * (0x10000 - flash.firmware_offset))
    loader = _program(chip, b"boot loader" * 40)
    data[: len(loader)] = loader
    rows = [(1, 2, flash.nvs_offset, flash.nvs_size, b"nvs"), (0, 0, 0x10000, flash.vfs_offset - 0x10000, b"factory")]
    if vfs_row:
        rows.append((1, 0x81, flash.vfs_offset, flash.vfs_size, b"vfs"))
    table = b"".join(struct.pack("<2sBBII16sI", b"\xaa\x50", *row, 0) for row in rows)
    at = 0x8000 - flash.firmware_offset
    data[at : at + len(table)] = table
    return bytes(data) + _program(chip, banner + bytes(range(256)) * 16)


def _program(chip: str, content: bytes) -> bytes:
    image = _KINDS[chip]()
    image.chip_id = _CHIP_IDS[chip]
    image.entrypoint = 0x40080000
    image.segments = [images.ELFSection(b"data", _RAM[chip], content + bytes(-len(content) % 4), 0)]
    made: bytes = image.save(None)
    assert LoadFirmwareImage(chip, made).chip_id == _CHIP_IDS[chip]
    return made
