"""A board on a cable: the real MicroPython unix port behind a pseudo terminal, its folder as its flash.

It starts again when it is reset, as a board does; the unix port has no machine.reset of its own. It stands at the
prompt: what interrupts a running program is Ctrl-C in the ESP32's interrupt, which the unix port has no part of.
"""

import contextlib
import os
import pty
import select
import subprocess
import threading
import tty
from pathlib import Path
from typing import Self

from paraat.simulate.boards import heap_option, micropython
from waiting import LIMIT_S


class UsbBoard:
    """flash: its folder. port: what PORT= would be. resets: how often it was started again."""

    def __init__(self, flash: Path, mac: str = "246f28ae019c") -> None:
        self.flash = flash
        self.resets = -1
        self._mac = mac
        self._stop = threading.Event()
        # Ours and the technician's end of the cable. Keeping both open keeps the port there between two programs.
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        # On the ESP32 `machine` has these; in the unix port a plain file stands in for it.
        (self.flash / "machine.py").write_text(
            "import os, sys, binascii\n"
            f"def unique_id():\n    return binascii.unhexlify('{self._mac}')\n"
            "def reset():\n    sys.exit()\n"
            "class ADC: pass\nclass I2C: pass\nclass RTC: pass\nclass UART: pass\n"
            "class Pin:\n    OUT = PULL_UP = PULL_DOWN = 1\n    def __init__(self, pin, mode):\n        self._pin = pin\n"
            "    def value(self, x):\n        open('blinked', 'a').write('%d=%d ' % (self._pin, x))\n"
        )
        (self.flash / "esp32.py").touch()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LIMIT_S)
        os.close(self._ours)
        os.close(self._theirs)

    def say(self, data: bytes) -> None:
        """Something from the board's console."""
        os.write(self._ours, data)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.resets += 1
            self._live()

    def _live(self) -> None:
        """One life of MicroPython, from its start to its end, with every byte carried across."""
        program = micropython()
        assert program is not None
        # Pipes: on a terminal the unix port throws away what is typed while it changes the terminal's mode.
        with subprocess.Popen(
            [str(program), *heap_option(), "-i"],
            cwd=self.flash,
            env={"PATH": "", "MICROPYPATH": ":.frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            from_child = child.stdout.fileno()
            while child.poll() is None and not self._stop.is_set():
                ready, _, _ = select.select([self._ours, from_child], [], [], 0.1)
                if self._ours in ready:
                    with contextlib.suppress(BrokenPipeError):  # it has just ended
                        os.write(child.stdin.fileno(), os.read(self._ours, 4096))
                if from_child in ready:
                    os.write(self._ours, os.read(from_child, 4096))
            child.kill()
