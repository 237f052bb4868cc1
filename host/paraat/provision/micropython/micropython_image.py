"""MicroPython's own image for a chip, as micropython.org publishes it: found, and checked before it is written.

Ref: ESP-IDF programming guide, "App Image Format" (header, checksum, appended SHA-256) and "Partition Tables". The published file is boot loader, partition table at 0x8000 of the flash, and application in one.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from paraat.boards.boards import Board
from paraat.boards.builds import builds, by_machine, same_machine
from paraat.site.site import Site
from paraat.texts import SpokenError, reason

OLDEST = (1, 24)  # the first MicroPython that the firmware is tested with
_TABLE_OFFSET = 0x8000  # in flash
_TABLE_BYTES = 0xC00
_ROW = "<2sBBII16sI"  # magic, type, subtype, offset, size, label, flags
_ROW_BYTES = 32
_ROW_MAGIC = b"\xaa\x50"
_DIGEST_MAGIC = b"\xeb\xeb"  # the row with the MD5 of the rows before it
_APP_TYPE = 0
_LEAST_VFS_BYTES = 0x100000  # two slots and the journal take 0.8 MB (docs/budget.md); littlefs wants room to move
# py/mpconfig.h, MICROPY_BANNER_NAME_AND_VERSION: what the prompt shows at its start.
_BANNER = re.compile(rb"MicroPython (v\d+\.\d+[0-9A-Za-z.+-]*) on \d{4}-")
# py/mpconfig.h, MICROPY_BANNER_MACHINE, as shared/runtime/pyexec.c prints it behind that: the board, " with ", the chip.
_MACHINE = re.compile(rb"; ([ -~]+ with ESP32[-0-9A-Z]*)\0")
CHIP_NAMES = {"esp32": "ESP32", "esp32s3": "ESP32-S3", "esp32c3": "ESP32-C3"}
_CHIP_IDS = {0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2"}


class FirmwareError(SpokenError):
    """Raised when there is no image of MicroPython, or it cannot be written to this board. str() says what to do."""


class MicroPythonImage(NamedTuple):
    """A checked image. version: such as v1.28.0, empty where the image does not tell.

    vfs_offset, vfs_size: where it looks for its file system; None: where board.toml says. vfs_size is None too where it
    has no partition for it, and takes all up to the end of the flash (1.26 and later).
    """

    path: Path
    data: bytes
    version: str
    vfs_offset: int | None = None
    vfs_size: int | None = None

    @property
    def sha256(self) -> str:
        """Of the whole file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def too_old(self) -> bool:
        """True when it is older than what the firmware needs; such a board would not start our .mpy files."""
        found = re.match(r"v?(\d+)\.(\d+)", self.version)
        return found is not None and (int(found[1]), int(found[2])) < OLDEST

    def board_with(self, board: Board, flash_bytes: int | None = None) -> Board:
        """The board with the file system where this image looks for it. flash_bytes: of the chip; None: as board.toml says.

        Without a partition for it MicroPython looks how large the chip is (ports/esp32/main.c, boardctrl_startup), and
        mounts no littlefs of another size.
        """
        if self.vfs_offset is None:
            return board
        flash, size = board.flash, self.vfs_size
        end = flash.size_bytes if size is not None else max(flash.size_bytes, flash_bytes or 0)
        size = end - self.vfs_offset if size is None else size
        layout = msgspec.structs.replace(flash, size_bytes=end, vfs_offset=self.vfs_offset, vfs_size=size)
        return msgspec.structs.replace(board, flash=layout)


class _Partition(NamedTuple):
    label: str
    kind: int
    offset: int
    size: int


def folders(site: Site) -> tuple[Path, ...]:
    """Where images are looked for: in the site's folder, then where `make bundle` puts them."""
    return site.directory / "firmware", Path("firmware-images")


def find(board: Board, folders: tuple[Path, ...]) -> Path:
    """The newest file of the board's build of MicroPython in these folders. Raises FirmwareError with what to do."""
    name = board.firmware.image
    # The pinned name, as micropython.org gives it: ESP32_GENERIC-20250911-v1.26.1.bin
    found = [path for folder in folders for path in folder.glob("*.bin") if is_named(path, board)]
    if not found:
        raise FirmwareError("micropython.none", board=board.name, name=name, places=", ".join(map(str, folders)))
    return max(found, key=lambda path: path.name)


def is_named(path: Path, board: Board) -> bool:
    """Whether a file has the name of the board's build: a digit follows it, else it is another variant's."""
    return re.match(rf"{re.escape(board.firmware.image)}-[0-9].*\.bin$", path.name) is not None


def load(path: Path, board: Board) -> MicroPythonImage:
    """Read an image and check it whole: chip, checksums, build, partitions. Raises FirmwareError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FirmwareError("micropython.unread", path=path, why=reason(error), board=board.name) from error
    _check_program(path, data, board, "boot loader")
    partitions = _partitions(path, data, board)
    app = next((p for p in partitions if p.kind == _APP_TYPE), None)
    if app is None:
        raise FirmwareError("micropython.no-application", path=path)
    program = data[app.offset - board.flash.firmware_offset :]
    _check_program(path, program, board, "application")
    _check_build(path, program, board)
    offset, size = _file_system(partitions)
    _check_layout(path, offset, size, board)
    return MicroPythonImage(path, data, _version(program), offset, size)


def _check_program(path: Path, data: bytes, board: Board, what: str) -> None:
    """Chip, checksum and SHA-256 of one program in the image."""
    from esptool.bin_image import LoadFirmwareImage
    from esptool.util import FatalError

    chip = CHIP_NAMES[board.chip]
    try:
        if data[:1] != b"\xe9":
            raise FirmwareError("micropython.no-program", path=path, what=what, chip=chip, board=board.name)
        chip_id = struct.unpack_from("<H", data, 12)[0]
        found = _CHIP_IDS.get(chip_id, f"chip {chip_id}")
        if found != chip:
            about = {"path": path, "found": found, "chip": chip, "board": board.name, "image": board.firmware.image}
            raise FirmwareError("micropython.other-chip", **about)
        program = LoadFirmwareImage(board.chip, data)
        whole = program.checksum == program.calculate_checksum()
        whole &= not program.append_digest or program.stored_digest == program.calc_digest
    except (FatalError, struct.error, IndexError) as error:
        raise FirmwareError("micropython.damaged", path=path, what=what, why=str(error)) from error
    if not whole:
        raise FirmwareError("micropython.checksum", path=path, what=what)


def _check_build(path: Path, program: bytes, board: Board) -> None:
    """The variant for this board's memory, as its prompt would say; an image that does not tell passes."""
    found = _MACHINE.search(program)
    build = builds().get(board.firmware.image)
    if found is None or build is None:
        return
    machine = found[1].decode()
    if not same_machine(machine, build.machine):
        other = by_machine(machine) or machine
        raise FirmwareError(
            "micropython.other-build", path=path, found=other, image=board.firmware.image, board=board.name
        )


def _partitions(path: Path, data: bytes, board: Board) -> list[_Partition]:
    table = data[_TABLE_OFFSET - board.flash.firmware_offset :][:_TABLE_BYTES]
    rows = list(_rows(path, table))
    if not rows:
        raise FirmwareError("micropython.no-table", path=path)
    return rows


def _rows(path: Path, table: bytes) -> Iterator[_Partition]:
    for start in range(0, len(table) - _ROW_BYTES + 1, _ROW_BYTES):
        row = table[start : start + _ROW_BYTES]
        if row[:2] == _DIGEST_MAGIC:
            if row[16:] != hashlib.md5(table[:start], usedforsecurity=False).digest():
                raise FirmwareError("micropython.damaged-table", path=path)
            return
        if row[:2] != _ROW_MAGIC:
            return
        _, kind, _, offset, size, label, _ = struct.unpack(_ROW, row)
        yield _Partition(label.rstrip(b"\0").decode("ascii", "replace"), kind, offset, size)


def _file_system(partitions: list[_Partition]) -> tuple[int, int | None]:
    """(offset, size) of the file system; None: up to the end of the flash."""
    vfs = next((p for p in partitions if p.label == "vfs"), None)
    # Without such a row (MicroPython 1.26 and later) it lies behind the last partition: ports/esp32/main.c.
    return (vfs.offset, vfs.size) if vfs is not None else (max(p.offset + p.size for p in partitions), None)


def _check_layout(path: Path, offset: int, size: int | None, board: Board) -> None:
    """The image's file system must lie in the board's flash, and hold what a board needs."""
    flash = board.flash
    size = flash.size_bytes - offset if size is None else size
    if size < _LEAST_VFS_BYTES or offset + size > flash.size_bytes:
        raise FirmwareError(
            "micropython.layout",
            path=path,
            found=f"0x{offset:X}, 0x{size:X} bytes",
            toml=board.path,
            expected=f"0x{flash.vfs_offset:X}, 0x{flash.vfs_size:X}",
            image=board.firmware.image,
        )


def _version(program: bytes) -> str:
    found = _BANNER.search(program)
    return found[1].decode() if found else ""
