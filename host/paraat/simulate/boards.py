"""Simulated boards: the project's own firmware on the MicroPython unix port, one process each."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paraat.provision.bundle.mpy import compile_board, compile_tree
from paraat.simulate.servers import die_with_parent
from paraat.site import paths

# All that Python's heap grows to on an ESP32 without PSRAM (paraat.memory.heaps: 162 KB).
BOARD_HEAP_KB = 160
# Bytes of the unix port's heap for one of the chip's: words are twice as wide here, bytecode and texts are not. `make
# size` measures it on the firmware at its fullest, and fails where this is not it.
PORT_TO_CHIP = 1.68
# What the simulated hardware takes of the port's heap, which no board carries.
HARDWARE_PORT_KB = 70


def heap_option(heap_kb: int = BOARD_HEAP_KB, *, beside_kb: int = HARDWARE_PORT_KB) -> list[str]:
    """MicroPython's arguments for a heap that holds what a chip's of so many KB holds.

    beside_kb: KB of this machine, for what the chip would not hold.
    """
    return ["-X", f"heapsize={round(heap_kb * PORT_TO_CHIP + beside_kb)}k"]


def micropython() -> Path | None:
    """The unix port's program of this environment; None where the package has no wheel for the machine."""
    program = Path(sys.executable).parent / "micropython"
    return program if program.exists() else None


def build(target: Path) -> Path:
    """Compile the firmware, as boards carry it, and simulated hardware into folders below `target`. Returns target."""
    compile_board(target / "firmware")
    compile_tree(paths.hal_dir(), target / "hal")
    return target


class SimulatedBoard:
    """One board: its folder holds config.json, secrets.json, the journal and console.txt, as its flash would.

    built: what build() returned. scenario: see simulate/hal/world.py. flash: files of the flash, by path, where the
    board has slots (provision/bundle/bundle.py); without it the firmware runs from `built`.
    """

    def __init__(
        self,
        directory: Path,
        config: dict[str, Any],
        scenario: dict[str, Any],
        built: Path,
        flash: Mapping[str, bytes] | None = None,
    ) -> None:
        self.directory = directory
        self.config = config
        self.point: str = config["point"]
        self.console_path = directory / "console.txt"
        self._built = built
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        secrets = {"wifi": {"ssid": "simulated", "password": ""}}
        for name, content in (("config.json", config), ("secrets.json", secrets), ("scenario.json", scenario)):
            (directory / name).write_text(json.dumps(content), encoding="utf-8")
        self._has_slots = flash is not None
        for name, data in (flash or {}).items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(data)

    def _command(self, heap_kb: int, *script: str) -> list[str]:
        program = micropython()
        if program is None:
            raise FileNotFoundError("MicroPython's unix port has no wheel for this machine")
        return [str(program), *heap_option(heap_kb), *script]

    def _environment(self, *, sources: bool = False) -> dict[str, str]:
        places = [self._built / "hal"]
        if sources:
            places += [paths.firmware_dir(), paths.wire_dir()]
        elif self._has_slots:
            places.append(self.directory)  # main.py, which puts a slot in front
        else:
            places.append(self._built / "firmware")
        return {
            "PATH": os.environ.get("PATH", ""),
            "MICROPYPATH": ":".join([*map(str, places), ".frozen"]),
            "PARAAT_SCENARIO": "scenario.json",
        }

    def start(self, *, heap_kb: int = BOARD_HEAP_KB, script: Sequence[str] = ("-m", "simboard")) -> None:
        """Power on, with so many KB of a chip's heap. script: MicroPython's arguments, for a measurement around simboard."""
        command = self._command(heap_kb, *script)
        with self.console_path.open("ab") as console:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    @property
    def ended(self) -> bool:
        """True when the board has power and its program ended all the same, which it never should."""
        return self._process is not None and self._process.poll() is not None

    def start_again(self) -> bool:
        """What a reset does: where the program has ended, begin it anew. Returns whether it had."""
        if not self.ended:
            return False
        self.start()
        return True

    def end_story(self, story_s: float) -> None:
        """From this second of the story on, which must lie ahead, the board's time runs at real speed."""
        (self.directory / "end").write_text(str(story_s), encoding="utf-8")

    def stop(self) -> None:
        """Pull the plug. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def evaluate(self, code: str, *, sources: bool = False) -> str:
        """What a program prints that runs in the board's place, on its flash and with its heap.

        sources: with the firmware's modules as they are written, each by its name, and not as a board carries them.
        """
        run = subprocess.run(
            self._command(BOARD_HEAP_KB, "-c", code),
            cwd=self.directory,
            env=self._environment(sources=sources),
            capture_output=True,
            check=True,
            timeout=30,
        )
        return run.stdout.decode()

    def journal(self) -> dict[str, int]:
        """What the flash says after the plug was pulled, read by the firmware's own journal.

        made: entries ever written, sets and events; dropped: lost because the ring was full; torn: damaged.
        """
        code = (
            "import json; from node import config; from node.journal import Journal; c = config.load()['journal'];"
            "j = Journal(c['directory'], c['max_bytes']);"
            "print(json.dumps({'made': j.next - 1, 'dropped': j.dropped, 'torn': j.torn}))"
        )
        result: dict[str, int] = json.loads(self.evaluate(code, sources=True))
        return result

    def console(self) -> str:
        """Everything that the board printed."""
        return self.console_path.read_text(encoding="utf-8", errors="replace")
