"""A board that runs, over USB, with MicroPython's own tool mpremote: run a few lines there, copy a file, restart it.

Every call interrupts the board's program, so end with `restart`; the board's watchdog does so too, two minutes later.
`resume` keeps mpremote from a soft reset, by which the slot on sys.path and the clock would be lost.
"""

import subprocess
import sys
from pathlib import Path

_LIMIT_S = 90.0
# mpremote's words -> ours. What is not here is shown as mpremote said it.
_MEANINGS = {
    "could not enter raw repl": "the board does not listen: press EN on it and do this again",
    "failed to access": "the port cannot be opened: `make doctor` says why",
    "no device found": "there is no such port: `make doctor` looks for boards",
    "could not open port": "the port cannot be opened: `make doctor` says why",
}


class RemoteError(Exception):
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
            raise RemoteError(
                f"{self.port}: the board did not answer within {limit_s:.0f} s; press EN on it"
            ) from error
        if run.returncode != 0:
            said = (run.stderr.strip() or run.stdout.strip()).splitlines()
            last = said[-1] if said else f"mpremote ended with code {run.returncode}"
            meaning = next((ours for theirs, ours in _MEANINGS.items() if theirs in last), last)
            raise RemoteError(f"{self.port}: {meaning}")
        return run.stdout
