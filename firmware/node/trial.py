"""New firmware on trial: it is confirmed when it samples and reaches the host, and given up when it does not.

Loaded only by a start from such a slot.
"""

import asyncio

from micropython import const

from node import slots
from node.log import complain, log

_CONFIRM_RETRY_S = const(10)


class Trial:
    """Watches over a slot on trial. limit_s: how long it may take. restart: function of a text, starts the board anew."""

    def __init__(self, limit_s, restart):
        self.active = True
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
        """Until the slot is confirmed, or given up."""
        log("I", "slots", "slot %s is on trial for %d s" % (slots.running(), self._limit_s))
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
            slots.write({"run": slots.running(), "build": slots.highest_build()})
        except OSError as error:  # the next try; without it the trial ends with its last start
            complain("slots", error)
            return
        self.active = False
        log("I", "slots", "slot %s is good" % slots.running())
        self.on_change()

    def _give_up(self):
        missing = "no answer from the host" if self._sampled else "no sample set"
        why = "build %d given up: %s in %d s" % (slots.build(), missing, self._limit_s)
        state = slots.read()
        try:
            slots.write({"run": state.get("run"), "build": state.get("build", 0), "why": why})
        except OSError as error:
            complain("slots", error)  # main.py counts the starts all the same
        self._restart(why)
