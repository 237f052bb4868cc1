"""Writes a board's flash with esptool, as a library: one Flasher a board, each in a thread of its own.

Ref: docs.espressif.com/projects/esptool, "Embedding into Custom Scripts", esptool 5.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import serial
from esptool import cmds
from esptool.logger import TemplateLogger, log
from esptool.util import FatalError, flash_size_bytes

from paraat.boards.boards import Board
from paraat.provision.micropython.micropython_image import CHIP_NAMES
from paraat.provision.usb.usb import is_serial
from paraat.texts import SpokenError

# esptool speaks this until it has its own program on the chip.
_FIRST_BAUD = 115200
_CONNECT_ATTEMPTS = 4
# In the chip of an ESP32-S3, by the PSRAM_CAP in its eFuses: esptool, targets/esp32s3.py.
PSRAM_MIB = {1: 8, 2: 2, 3: 16, 4: 4}


class FlashError(SpokenError):
    """Raised when a board cannot be written."""


class CancelledError(Exception):
    """Raised in a board's thread when the session was stopped meanwhile."""


class _PerThread(TemplateLogger):  # type: ignore[misc]  # esptool has no types
    """esptool has one logger for all; this one says nothing and hands progress to the thread it comes from."""

    def __init__(self) -> None:
        self._here = threading.local()

    def listen(self, on_progress: Callable[[float], None] | None) -> None:
        """In this thread: hand on progress, from 0 to 1."""
        self._here.on_progress = on_progress

    def progress_bar(self, cur_iter: int, total_iters: int, *_: Any, **__: Any) -> None:
        on_progress = getattr(self._here, "on_progress", None)
        if on_progress is not None and total_iters:
            on_progress(cur_iter / total_iters)

    def print(self, *_: Any, **__: Any) -> None:
        pass

    note = warning = error = stage = set_verbosity = print


_logger = _PerThread()
log.set_logger(_logger)  # once: the logger that it puts in place cannot be replaced again


class Flasher:
    """A board in its boot loader, on a port. A context: it leaves the port free."""

    def __init__(self, port: str, board: Board, *, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Nothing happens before `with`. cancelled: asked at every block; True raises CancelledError."""
        self.port = port
        self.mac = ""  # such as 24:6f:28:ae:01:9c, when connected
        self.flash_bytes: int | None = None  # what the chip's flash has, when connected; None: esptool does not know it
        self._board = board
        self._cancelled = cancelled
        self._chip: Any = None

    def __enter__(self) -> Self:
        """Connect. Raises FlashError: no such port, busy, not ours, no answer, another chip."""
        with self._explained("connect"):
            self._chip = cmds.detect_chip(self.port, _FIRST_BAUD, connect_attempts=_CONNECT_ATTEMPTS)
        try:
            found, expected = self._chip.CHIP_NAME, CHIP_NAMES[self._board.chip]
            if found != expected:
                raise FlashError(
                    "flash.wrong-chip",
                    port=self.port,
                    found=self._chip.CHIP_NAME,
                    expected=expected,
                    board=self._board.name,
                )
            with self._explained("connect"):
                self.mac = ":".join(f"{byte:02x}" for byte in self._chip.read_mac())
                self._chip = cmds.run_stub(self._chip)
                cmds.attach_flash(self._chip)
                self.flash_bytes = flash_size_bytes(cmds.detect_flash_size(self._chip))
                self._chip.change_baud(self._board.flash.baud)
                # One try: the technician sees at once that the cable is loose.
                self._chip.WRITE_FLASH_ATTEMPTS = 1
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        if self._chip is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                self._chip._port.close()

    def check_psram(self) -> None:
        """Raises FlashError where the chip tells that it has less PSRAM than the board should have.

        Beside an ESP32 it is a chip of its own, and only the self-test tells (session).
        """
        if self._board.psram is None or not hasattr(self._chip, "get_psram_cap"):
            return
        with self._explained("connect"):
            found_mib = PSRAM_MIB.get(self._chip.get_psram_cap(), 0)
        expected_mib = self._board.psram.size_bytes >> 20
        if found_mib < expected_mib:
            about = {"port": self.port, "found": found_mib, "expected": expected_mib, "board": self._board.name}
            raise FlashError("flash.little-psram", **about)

    def write(self, flash: bytes, on_progress: Callable[[float], None]) -> None:
        """Write the whole flash. on_progress: from 0 to 1. Raises FlashError, CancelledError."""

        def progress(part: float) -> None:
            if self._cancelled():
                raise CancelledError
            on_progress(part)

        _logger.listen(progress)
        try:
            with self._explained("write"):
                cmds.write_flash(self._chip, [(0, flash)])
        finally:
            _logger.listen(None)

    def verify(self, flash: bytes) -> None:
        """Let the chip read its flash again and compare the digest. Raises FlashError."""
        with self._explained("verify"):
            cmds.verify_flash(self._chip, [(0, flash)])

    def erase(self) -> None:
        """Erase the whole flash. Raises FlashError."""
        with self._explained("erase"):
            cmds.erase_flash(self._chip)

    def reset(self) -> None:
        """Start what was written. Raises FlashError."""
        with self._explained("reset"):
            cmds.reset_chip(self._chip, "hard-reset")

    @contextlib.contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (FatalError, serial.SerialException, OSError) as error:
            raise FlashError(_code(doing, self.port, str(error)), port=self.port, why=_first_line(error)) from error


def _code(doing: str, port: str, why: str) -> str:
    """Which of our own words say it, by what esptool, pyserial or the system said."""
    if "Could not open" in why:
        if port.startswith("/") and not Path(port).exists():
            return "flash.no-port"
        if "Permission denied" in why:
            return "flash.denied"
        if not is_serial(port):
            return "flash.no-serial"
        if port.startswith("/") and not os.access(port, os.R_OK | os.W_OK):
            return "flash.denied"
        return "flash.busy"
    if doing == "connect":
        return "flash.no-answer"
    if "MD5" in why or "Verification failed" in why or "region is empty" in why:
        return "flash.mismatch"
    if "will not fit" in why:
        return "flash.small"
    return "flash.lost"


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".!") if lines else type(error).__name__
