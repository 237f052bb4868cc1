"""The serial console of a board: followed with a time before each line, or held in both hands.

The firmware prints no secret (node/log.py). All the same a kept log is only for its owner: mode 0600.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from paraat import texts
from paraat.provision.usb import console_faults
from paraat.provision.usb.ports import open_console
from paraat.texts.printable import printable

_LISTEN_S = 4.0  # from a restart until the firmware has said its first lines
_RESET_S = 0.1
_LINE_BYTES = 1000  # a line that is longer is noise, such as at another speed


class ConsoleError(texts.SpokenError):
    """Raised when a port cannot be opened or goes away. str() says which and what to do."""


def talk(port: str) -> int:
    """Hand the terminal to the board until Ctrl-]. Returns mpremote's exit code."""
    return subprocess.run([sys.executable, "-m", "mpremote", "connect", port, "resume", "repl"], check=False).returncode


def listen(port: str, seconds: float = _LISTEN_S) -> str:
    """Restart the board and return what it says in so many seconds; nothing when the port cannot be read."""
    try:
        with open_console(port) as line:
            _restart(line)
            end = time.monotonic() + seconds
            said = b""
            while time.monotonic() < end:
                said += line.read(4096)
            return said.decode("utf-8", "replace")
    except OSError:  # pyserial's errors are OSErrors
        return ""


def follow(port: str) -> Iterator[str]:
    """The lines of a board's console as they come, for ever. Raises ConsoleError when the port is gone."""
    try:
        with open_console(port) as line:
            yield from split(line.read, forever=True)
    except OSError as error:
        raise ConsoleError("remote.gone", port=port, why=str(error)) from error


def split(read: Callable[[int], bytes], *, forever: bool) -> Iterator[str]:
    """Whole lines of a byte stream. forever: an empty read is a pause, not the end."""
    rest = b""
    while True:
        data = read(256)
        if not data and not forever:
            break
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > _LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield line.rstrip(b"\r").decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def write_log(
    lines: Iterator[str], out: IO[str], kept: IO[str], now: Callable[[], datetime], device: str, language: str
) -> None:
    """Each line with its time, to the screen and to the file; what a known fault means stands below it."""
    for line in lines:
        stamp = f"{now():%H:%M:%S.%f}"[:-3]
        for sink in (out, kept):
            print(f"{stamp}  {printable(line)}", file=sink, flush=True)
        for fault in console_faults.find(line):
            found, step = texts.row(f"console.{fault}", {"device": device}, language)
            for sink in (out, kept):
                print(f"{'':12}  ^ {found}. {step}", file=sink, flush=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def keep(folder: Path, name: str, now: datetime) -> IO[str]:
    """A new log file of mode 0600 in `folder`, named after the point or port and the time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.log"
    return open(path, "a", encoding="utf-8", opener=_private)


def _restart(line) -> None:  # type: ignore[no-untyped-def]
    """RTS pulls EN low on every ESP32 board with automatic download (esptool, "Boot Mode Selection")."""
    try:
        line.rts = True
        time.sleep(_RESET_S)
        line.rts = False
    except OSError:
        return  # a pseudo terminal has no such lines
