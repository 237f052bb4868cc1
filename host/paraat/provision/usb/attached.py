"""What a technician does to a board on the USB cable while the network is out of reach: update it, let it blink."""

import json
from pathlib import Path

import msgspec

from paraat.provision.usb.remote import RemoteBoard, RemoteError
from paraat.runtime.typed import convert

IDENTIFY_S = 10
_ON_BOARD = "update.bundle"  # in the board's root, where its program runs
# A slot of 120 KB and its signature take a board some 20 s; its watchdog gives it 120 s.
_INSTALL_LIMIT_S = 110.0
_INSTALL = f"""
import gc, main, os
gc.collect()
main.put_slot_on_path()
from node import update
try:
    update.install_file("{_ON_BOARD}")
finally:
    os.remove("{_ON_BOARD}")
"""
_BLINK = """
import json, time
from machine import Pin
with open("config.json") as f:
    pin = json.load(f).get("pins", {}).get("led")
if pin is None:
    print(json.dumps({"identify": {"error": "no led in config.json"}}))
else:
    led = Pin(pin, Pin.OUT)
    for _ in range(%d):
        led.value(1)
        time.sleep_ms(125)
        led.value(0)
        time.sleep_ms(125)
    print(json.dumps({"identify": {}}))
"""


class _Outcome(msgspec.Struct, frozen=True):
    error: str = ""
    build: int = 0
    slot: str = ""


def update(board: RemoteBoard, bundle: Path) -> tuple[int, str]:
    """Copy a signed bundle to the board and have it install that. Returns (build, slot); the board restarts.

    Raises RemoteError, with the board's own reason where it refuses the bundle.
    """
    try:
        board.copy(bundle, _ON_BOARD)
        outcome = _outcome(board, "update", board.run(_INSTALL, limit_s=_INSTALL_LIMIT_S))
    finally:
        board.restart()
    return outcome.build, outcome.slot


def identify(board: RemoteBoard, seconds: int = IDENTIFY_S) -> None:
    """Let the board's lamp blink four times a second. Its program restarts afterwards. Raises RemoteError."""
    try:
        _outcome(board, "identify", board.run(_BLINK % (seconds * 4)))
    finally:
        board.restart()


def _outcome(board: RemoteBoard, key: str, said: str) -> _Outcome:
    for line in reversed(said.splitlines()):
        try:
            outcome = convert(json.loads(line)[key], _Outcome)
        except (ValueError, KeyError, TypeError):
            continue
        if outcome.error:
            raise RemoteError("remote.refused", port=board.port, why=outcome.error)
        return outcome
    raise RemoteError("remote.unsaid", port=board.port)
