"""Which chip is behind a port, asked with Espressif's own tool. It restarts the board."""

import re
import subprocess
import sys
from typing import NamedTuple

from paraat.provision.micropython.micropython_image import CHIP_NAMES

_LIMIT_S = 60
_FOUND = re.compile(r"Connected to (ESP32[-A-Z0-9]*) on")
_PSRAM = re.compile(r"Embedded PSRAM (\d+)MB")
_TELLS_PSRAM = "esp32s3"


class Found(NamedTuple):
    """A chip as board.toml calls it, such as esp32s3; another one by Espressif's name. psram_mib: None: it does not tell."""

    chip: str
    psram_mib: int | None = None


def chip_of(port: str) -> Found:
    """The chip behind a port. Raises OSError with why not."""
    command = [sys.executable, "-m", "esptool", "--port", port, "--connect-attempts", "3", "chip-id"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"no answer within {_LIMIT_S} s") from error
    found = _FOUND.search(run.stdout)
    if run.returncode != 0 or found is None:
        said = [line.strip() for line in (run.stderr + run.stdout).splitlines() if line.strip()]
        why = next((line for line in said if "fatal error" in line), said[-1] if said else "esptool said nothing")
        raise OSError(why.partition("fatal error occurred: ")[2] or why)
    names = {name: chip for chip, name in CHIP_NAMES.items()}
    chip = names.get(found[1], found[1])
    psram = _PSRAM.search(run.stdout)
    return Found(chip, (int(psram[1]) if psram else 0) if chip == _TELLS_PSRAM else None)
