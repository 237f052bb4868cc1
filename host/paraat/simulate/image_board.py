"""A board that starts from the image of its flash, as the chip does: its littlefs is mounted by the real MicroPython."""

import json
import subprocess
from pathlib import Path
from typing import Any

from paraat.boards.boards import Flash
from paraat.provision.bundle.mpy import compile_tree
from paraat.simulate.boards import BOARD_HEAP_KB, HARDWARE_PORT_KB, heap_option, micropython
from paraat.site import paths

# The block device, which the ESP32 has in C.
_FLASH_PORT_KB = 16


class ImageBoard:
    """directory: where flash.bin (made here), the scenario and the compiled hardware lie. flash: the chip's content.

    heap_kb: of Python's heap on the chip; with PSRAM it has thousands.
    """

    def __init__(
        self, directory: Path, flash: bytes, layout: Flash, scenario: dict[str, Any], *, heap_kb: int = BOARD_HEAP_KB
    ) -> None:
        self._heap = heap_option(heap_kb, beside_kb=HARDWARE_PORT_KB + _FLASH_PORT_KB)
        self.flash_path = directory / "flash.bin"
        self._layout = layout
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.flash_path.write_bytes(flash)
        (directory / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
        compile_tree(paths.hal_dir(), directory / "hal")

    def start(self) -> subprocess.Popen[bytes]:
        """Power on. The console is the process's stdout. Raises FileNotFoundError where there is no MicroPython."""
        program = micropython()
        if program is None:
            raise FileNotFoundError("MicroPython's unix port has no wheel for this machine")
        hal = self._directory / "hal"
        self._process = subprocess.Popen(
            [str(program), *self._heap, "-m", "image"],
            cwd=self._directory,
            env={
                "PATH": "",
                "MICROPYPATH": f"{hal}:.frozen",
                "PARAAT_HAL": str(hal),
                "PARAAT_FLASH": str(self.flash_path),
                "PARAAT_VFS": f"{self._layout.vfs_offset} {self._layout.vfs_size}",
                "PARAAT_SCENARIO": str(self._directory / "scenario.json"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self._process

    def stop(self) -> None:
        """Pull the plug. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    @property
    def flash(self) -> bytes:
        """What the chip holds now, the board's own journal too."""
        return self.flash_path.read_bytes()
