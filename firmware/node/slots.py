"""The two firmware slots, a and b, as the running firmware sees them; main.py chooses between them and says how.

An update goes into the slot that does not run: forget() makes it no longer whole, put_on_trial() names it in slot.json
for the next start. From then on the new firmware must show within a limit that it samples and that the host
acknowledges what it sends; Trial watches that, and confirms the slot or gives it up. The old slot stays whole as it is
until the next update.
"""

import asyncio
import json
import os
import sys

from micropython import const

from node.log import complain, log

FILE = "slot.json"
MANIFEST = "manifest.json"
_SLOTS = ("a", "b")
_CONFIRM_RETRY_S = const(10)
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
        with open(FILE) as f:
            state = json.load(f)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write(state):
    """Replace slot.json. Raises OSError, and the old one stands."""
    with open(FILE + ".new", "w") as f:
        json.dump(state, f)
    os.rename(FILE + ".new", FILE)


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
        _write(state)
    path = slot + "/" + MANIFEST
    try:
        os.stat(path)
    except OSError:
        return
    os.remove(path)


def put_on_trial(slot):
    """From the next start on, try this slot. Raises OSError."""
    _write({"run": running(), "build": highest_build(), "trial": slot, "starts": 0})


class Trial:
    """Watches over a slot on trial. limit_s: how long it may take. restart: function of a text, starts the board anew."""

    def __init__(self, limit_s, restart):
        self.active = on_trial()
        self.on_change = lambda: None  # called when the slot is confirmed
        self._limit_s = limit_s
        self._restart = restart
        self._sampled = False
        self._reached = False
        self._good = asyncio.Event()

    def sampled(self):
        """A sample set is in the journal."""
        self._sampled = True
        self._look()

    def reached(self):
        """The host has acknowledged something."""
        self._reached = True
        self._look()

    def _look(self):
        if self.active and self._sampled and self._reached:
            self._good.set()

    async def watch(self):
        """Until the slot is confirmed, or given up; returns at once where there is nothing on trial."""
        if not self.active:
            return
        log("I", "slots", "slot %s is on trial for %d s" % (running(), self._limit_s))
        try:
            await asyncio.wait_for(self._good.wait(), self._limit_s)
        except asyncio.TimeoutError:
            self._give_up()
            return
        while self.active:
            self._confirm()
            if self.active:
                await asyncio.sleep(_CONFIRM_RETRY_S)

    def _confirm(self):
        try:
            _write({"run": running(), "build": highest_build()})
        except OSError as error:  # the next try; without it the trial ends with its last start
            complain("slots", error)
            return
        self.active = False
        log("I", "slots", "slot %s is good" % running())
        self.on_change()

    def _give_up(self):
        missing = "no answer from the host" if self._sampled else "no sample set"
        why = "build %d given up: %s in %d s" % (build(), missing, self._limit_s)
        state = read()
        try:
            _write({"run": state.get("run"), "build": state.get("build", 0), "why": why})
        except OSError as error:
            complain("slots", error)  # main.py counts the starts all the same
        self._restart(why)
