"""A board that runs, over USB, with MicroPython's own tool mpremote: run a few lines there, copy a file, restart it.

Every call interrupts the board's program, so end with `restart`; the board's watchdog does so too, two minutes later.
`resume` keeps mpremote from a soft reset, by which the slot on sys.path and the clock would be lost.
"""

import subprocess
import sys
from pathlib import Path

from paraat.texts import SpokenError

_LIMIT_S = 90.0
# mpremote's words -> the code of ours. What is not here is shown as mpremote said it.
_MEANINGS = {
    "could not enter raw repl": "remote.deaf",
    "failed to access": "remote.not-opened",
    "no device found": "remote.no-port",
    "could not open port": "remote.not-opened",
}


class RemoteError(SpokenError):
    """Raised when a board cannot be reached over USB, or what ran on it ended badly. str() says what and what to do."""


class RemoteBoard:
    """port: such as /dev/ttyUSB0."""

    def __init__(self, port: str) -> None:
        self.port = port

    def run(self, code: str, *, limit_s: float = _LIMIT_S) -> str:
        """Run MicroPython code on the board. Returns what it printed. Raises RemoteError."""
        return self._mpremote("exec", code, limit_s=limit_s)

    def copy(self, source: Path, target: str, *, limit_s: float = _LIMIT_S) -> None:
        """Put a file of ours at a path of the board. Raises RemoteError."""
        self._mpremote("fs", "cp", str(source), f":{target}", limit_s=limit_s)

    def restart(self) -> None:
        """Start its program anew. Raises RemoteError."""
        self._mpremote("reset", limit_s=_LIMIT_S)

    def _mpremote(self, *words: str, limit_s: float) -> str:
        command = [sys.executable, "-m", "mpremote", "connect", self.port, "resume", *words]
        try:
            run = subprocess.run(
                command, capture_output=True, text=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise RemoteError("remote.no-answer", port=self.port, limit_s=f"{limit_s:.0f}") from error
        if run.returncode != 0:
            said = (run.stderr.strip() or run.stdout.strip()).splitlines()
            last = said[-1] if said else f"mpremote ended with code {run.returncode}"
            code = next((ours for theirs, ours in _MEANINGS.items() if theirs in last), "remote.other")
            raise RemoteError(code, port=self.port, why=last)
        return run.stdout
