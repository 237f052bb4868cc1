"""All that is written to one board: MicroPython, and a littlefs with firmware, configuration and secrets.

    /main.py  /a/...   the firmware                /config.json    the point's configuration, and when it was made
    /secrets.json      Wi-Fi                       /tls/*.der      authority, certificate, private key
    /update.pub        who may update the firmware

The flash is written as a whole, 0xFF where there is nothing: what an earlier life of the board left there, its Wi-Fi
password in NVS too, is gone. The same input, keys and time included, gives the same bytes.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from paraat.boards.boards import Board
from paraat.boards.node_config import node_config
from paraat.provision.bundle.bundle import Firmware
from paraat.provision.image import littlefs
from paraat.provision.micropython.micropython_image import MicroPythonImage
from paraat.provision.pki.certificates import Issued
from paraat.site.files import write_atomic
from paraat.site.site import Site
from paraat.texts import SpokenError, reason

FLASH = "flash.bin"
FILES = "files"
_SLOT = "a"  # the other one is for the first update
_EMPTY = b"\xff"


class ImageError(SpokenError):
    """Raised when an image cannot be made or written to disk. str() says why."""


class Authorities(NamedTuple):
    """What the board believes: certificates in DER, one after the other, and the modulus of the update key."""

    believed_der: bytes
    update_public: bytes


class Image(NamedTuple):
    """One board's flash. files: of its file system, by path; they hold the private key."""

    board: Board
    files: dict[str, bytes]
    flash: bytes

    def __repr__(self) -> str:
        return f"Image({self.board.id}, {len(self.files)} files)"

    @property
    def file_system(self) -> bytes:
        """The part of the flash that the board mounts."""
        start = self.board.flash.vfs_offset
        return self.flash[start : start + self.board.flash.vfs_size]


def make(
    site: Site,
    point_id: str,
    board: Board,
    micropython: MicroPythonImage,
    firmware: Firmware,
    issued: Issued,
    authorities: Authorities,
    *,
    secrets: Mapping[str, Any],
    first_seq: int,
    built: datetime,
) -> Image:
    """Put one board's flash together.

    first_seq: above all that the host has of this point. built: aware; no
    clock of the board is earlier. Raises SettingsError for the point's files, LittlefsError when it does not fit.
    """
    files = {
        **firmware.slot(_SLOT, int(built.timestamp())),
        "config.json": _json(board_config(site, point_id, first_seq=first_seq, built=built)),
        "secrets.json": _json(secrets),
        "tls/ca.der": authorities.believed_der,
        "tls/cert.der": issued.certificate_der(),
        "tls/key.der": issued.key_der(),
        "update.pub": authorities.update_public,
    }
    layout = board.flash
    flash = bytearray(_EMPTY) * layout.size_bytes
    _put(flash, layout.firmware_offset, micropython.data, layout.vfs_offset)
    _put(flash, layout.vfs_offset, littlefs.build(files, layout.vfs_size), layout.size_bytes)
    return Image(board, files, bytes(flash))


def board_config(site: Site, point_id: str, *, first_seq: int, built: datetime) -> dict[str, Any]:
    """The point's configuration as it goes into a flash. Raises SettingsError."""
    host = site.broker.boards_host or site.broker.host
    config = node_config(site, point_id, broker={"host": host, "tls": True})
    config["built"] = int(built.timestamp())
    config["journal"] = {"first_seq": first_seq}
    return config


def save(image: Image, folder: Path) -> list[Path]:
    """Write flash.bin and the very files into a folder of mode 0700, each of mode 0600. Returns their paths.

    An earlier image in that folder is replaced; a folder of other files is left alone. Raises ImageError; nothing
    half-written stays under its name.
    """
    written = []
    try:
        if folder.is_dir() and not (folder / FLASH).exists() and any(folder.iterdir()):
            raise ImageError("image.folder", folder=folder)
        _private_folder(folder)
        folder.chmod(0o700)
        if (folder / FLASH).exists():
            shutil.rmtree(folder / FILES, ignore_errors=True)
        for name, data in {FLASH: image.flash, **{f"{FILES}/{n}": d for n, d in image.files.items()}}.items():
            path = folder / name
            _private_folder(path.parent)
            write_atomic(path, data, mode=0o600)
            written.append(path)
    except OSError as error:
        raise ImageError("image.not-written", folder=folder, why=reason(error)) from error
    return written


def _private_folder(path: Path) -> None:
    """Make it, and what is missing above it, for its owner only."""
    if not path.is_dir():
        _private_folder(path.parent)
        path.mkdir(mode=0o700)


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def _put(flash: bytearray, offset: int, data: bytes, limit: int) -> None:
    if offset + len(data) > limit:
        raise ImageError("image.beyond", n=len(data), offset=f"0x{offset:X}", limit=f"0x{limit:X}")
    flash[offset : offset + len(data)] = data
