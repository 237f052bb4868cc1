"""Runs each test function of a file in a MicroPython of its own, on the simulated board, in a heap like the board's."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.simulate.boards import BOARD_HEAP_KB, heap_option
from paraat.site import paths

# Beside the chip's heap: the simulated hardware, and all sources, the test's too, as they are compiled on the spot, which
# the board never does.
BESIDE_KB = 250
LIMIT_S = 300
# Of a run in tests/faults, which holds a whole flash in its heap.
LONG_LIMIT_S = 3600
LONG_HEAP_KB = 3000
# What such a run counts: "= power cuts: 27703".
_COUNTED = re.compile(r"^= (.+): (\d+)$", re.MULTILINE)

_RUN = """
import sys
name, test = sys.argv[1:3]
found = getattr(__import__(name), test)()
if hasattr(found, "send"):
    import asyncio
    asyncio.run(found)
"""


def micropython() -> str | None:
    """The unix port's program in this environment, or None."""
    program = Path(sys.executable).parent / "micropython"
    return str(program) if program.exists() else None


class MicroPythonFile(pytest.File):
    """A test file, read without importing it."""

    def collect(self) -> Iterator[pytest.Item]:
        tree = ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                item = MicroPythonItem.from_parent(self, name=f"{node.name}[micropython]")
                item.test = node.name
                item.line = node.lineno
                item.add_marker(pytest.mark.needs("micropython"))
                yield item


class MicroPythonFailure(Exception):
    """Raised when the test ended badly; str() is what MicroPython printed."""


class MicroPythonItem(pytest.Item):
    """One test function."""

    test: str
    line: int

    def runtest(self) -> None:
        board = self.config._tmp_path_factory.mktemp("board")  # type: ignore[attr-defined]
        program = micropython()
        assert program is not None
        tests = Path(__file__).parent
        places = [
            paths.hal_dir(),
            paths.firmware_dir(),
            paths.wire_dir(),
            self.path.parent,
            tests / "firmware",
            tests / "wire",
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "MICROPYPATH": ":".join([*map(str, places), ".frozen"]),
            "PARAAT_BOARD_DIR": str(board),
            "PARAAT_TESTS": str(tests),
            "PARAAT_SOAK": os.environ.get("PARAAT_SOAK", "30 1"),  # days, seed
        }
        long = (tests / "faults") in self.path.parents
        limit_s = LONG_LIMIT_S if long else LIMIT_S
        try:
            run = subprocess.run(
                [
                    program,
                    *heap_option(LONG_HEAP_KB if long else BOARD_HEAP_KB, beside_kb=BESIDE_KB),
                    "-c",
                    _RUN,
                    self.path.stem,
                    self.test,
                ],
                cwd=board,
                env=environment,
                capture_output=True,
                text=True,
                timeout=limit_s,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise MicroPythonFailure(f"not done in {limit_s} s; printed so far: {error.stdout!r}") from error
        output = run.stdout + run.stderr
        # A background task that died leaves exit code 0.
        if run.returncode != 0 or "Task exception wasn't retrieved" in output:
            raise MicroPythonFailure(f"exit code {run.returncode}\n{output}")
        if long:  # its counts are what it is run for: tests/faults/conftest.py has a table of them
            print(output)
            self.user_properties += [("counted", found) for found in _COUNTED.findall(output)]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, self.name
