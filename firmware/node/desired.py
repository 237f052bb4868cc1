"""The desired configuration: it comes from the host, is checked whole, tried, and then confirmed or rolled back.

config.json      what was confirmed last, or what `make flash` wrote
config.copy.json the same once more, should the flash lose the first
config.new.json  what is on trial; there only during a trial
config.trial     {"version": on trial, "starts": since it last ran for a while, "tried_s": how long without the host,
                  "refused": the last version that failed, "why": why}

The node is restarted to take a new one into use, so that it begins as it always does. It is confirmed when the host has
stored something that was sent with it, and rolled back after trial_s without that, or when the board does not stay up.
What failed is remembered: the broker keeps the message and hands it over again at every connection.
Each step is one rename, so after a power cut at any moment either the old or the new one is there, whole. The steps
themselves are in node.desired_files, which is lent for each.
"""

import asyncio

from micropython import const

from node.lent import lent

LOOK_S = const(30)
_SETTLE_S = const(3)  # the broker gets its PUBACK, and a newer one may follow


class Desired:
    """settings: the confirmed configuration, checked. notes: as startup.read_notes() gives them."""

    def __init__(self, settings, notes):
        self.settings = settings  # what runs
        self.on = False  # what runs is on trial
        self.on_change = None  # called when `on`, `refused` or `error` has changed
        self.notes = notes
        self.refused = notes["refused"]  # the last version that was not taken, or failed; 0: none
        self.error = notes["why"]
        self.staged = 0  # version that waits for the restart
        self.arrived = asyncio.Event()

    def offer(self, payload):
        """A `config` message. Never waits. Raises codec.WireError for what is no configuration."""
        with lent("node.desired_files", "paraat_wire.orders") as files:
            files.offer(self, payload)

    def confirm(self):
        """The host has stored something that was sent with this configuration."""
        if self.on:
            with lent("node.desired_files", "paraat_wire.orders") as files:  # no room for it: the next ack tries again
                files.confirm(self)

    def roll_back(self, why):
        """Go back to the confirmed configuration, at the next start where this one has begun already."""
        with lent("node.desired_files", "paraat_wire.orders") as files:
            files.roll_back(self, why)

    async def watch(self, restart):
        """Restart into a configuration that has come; while one is on trial, count its time. restart: function(why)."""
        while True:
            try:
                await asyncio.wait_for(self.arrived.wait(), LOOK_S)
                await asyncio.sleep(_SETTLE_S)
                self.arrived.clear()
                restart("configuration %d has come" % self.staged)
            except asyncio.TimeoutError:
                if self.on and not self.staged:
                    self._count(restart)

    def _count(self, restart):
        with lent("node.desired_files", "paraat_wire.orders") as files:
            files.count(self, restart)
