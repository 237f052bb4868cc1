"""The two firmware slots, a and b, as the running firmware sees them; main.py chooses between them and says how.

An update goes into the slot that does not run: forget() makes it no longer whole, put_on_trial() names it in slot.json
for the next start. From then on the new firmware must show within a limit that it samples and that the host
acknowledges what it sends; node.trial watches that, and confirms the slot or gives it up. The old slot stays whole as it is
until the next update.
"""

import json
import os
import sys

from micropython import const

from node import flash

FILE = "slot.json"
MANIFEST = "manifest.json"
_SLOTS = ("a", "b")
_MANIFEST_HEAD = const(160)
_BUILD = '"build":'


def running():
    """The slot that this firmware was started from; None where there are no slots."""
    first = sys.path[0] if sys.path else None
    return first if first in _SLOTS else None


def spare():
    """The slot that does not run; None where there are no slots."""
    slot = running()
    return None if slot is None else _SLOTS[1 - _SLOTS.index(slot)]


def read():
    """slot.json as a dict, empty where there is none or it cannot be read."""
    try:
        state = json.loads(flash.read(FILE))
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def write(state):
    """Replace slot.json. Raises OSError, and the old one stands."""
    flash.replace(FILE, json.dumps(state))


def build():
    """The build number of the running slot; 0 where it is not known."""
    slot = running()
    return 0 if slot is None else _build_of(slot)


def _build_of(slot):
    try:
        with open(slot + "/" + MANIFEST) as f:
            text = f.read(_MANIFEST_HEAD)  # the whole of it would take a tenth of the heap
        return int(text[text.index(_BUILD) + len(_BUILD) :].split(",")[0])
    except (OSError, ValueError):
        return 0


def highest_build():
    """The highest build that was ever confirmed here: an older one, though signed, is not taken again."""
    known = read().get("build", 0)
    return max(known if isinstance(known, int) else 0, build())


def on_trial():
    """Whether the running slot has yet to show that it is good."""
    slot = running()
    return slot is not None and read().get("trial") == slot


def last_result():
    """The last update for `state`: "" after a good one, "trial", or why it was given up."""
    if on_trial():
        return "trial"
    why = read().get("why", "")
    return why if isinstance(why, str) else ""


def forget(slot):
    """What is in the slot is no longer whole: it will not be started. Raises OSError."""
    state = read()
    if state.get("trial") == slot:
        del state["trial"]
        write(state)
    path = slot + "/" + MANIFEST
    try:
        os.stat(path)
    except OSError:
        return
    os.remove(path)


def put_on_trial(slot):
    """From the next start on, try this slot. Raises OSError."""
    write({"run": running(), "build": highest_build(), "trial": slot, "starts": 0})
