"""The desired configuration: it comes from the host, is checked whole, tried, and then confirmed or rolled back.

config.json      what was confirmed last, or what `make flash` wrote
config.copy.json the same once more, should the flash lose the first
config.new.json  what is on trial; there only during a trial
config.trial     {"version": on trial, "starts": since it last ran for a while, "tried_s": how long without the host,
                  "refused": the last version that failed, "why": why}

The node is restarted to take a new one into use, so that it begins as it always does. It is confirmed when the host has
stored something that was sent with it, and rolled back after trial_s without that, or when the board does not stay up.
What failed is remembered: the broker keeps the message and hands it over again at every connection.
Each step is one rename, so after a power cut at any moment either the old or the new one is there, whole.
"""

import asyncio
import json
import os

from micropython import const

from node import flash
from node.lent import lent
from node.log import complain, log
from paraat_wire import codec

NEW_FILE = "config.new.json"
COPY_FILE = "config.copy.json"
NOTES_FILE = "config.trial"
_STARTS = const(5)  # in a row, none of which lasted for _LOOK_S
_LOOK_S = const(30)
_SETTLE_S = const(3)  # the broker gets its PUBACK, and a newer one may follow


def copy(source, target):
    """Put one file's text into another, where the flash takes it."""
    try:
        with open(source) as f:
            flash.replace(target, f.read())
    except OSError as error:
        complain("config", error)


class Desired:
    """settings: the confirmed configuration, checked. notes: as startup.read_notes() gives them."""

    def __init__(self, settings, notes):
        self.settings = settings  # what runs
        self.on = False  # what runs is on trial
        self.on_change = None  # called when `on`, `refused` or `error` has changed
        self._notes = notes
        self.refused = notes["refused"]  # the last version that was not taken, or failed; 0: none
        self.error = notes["why"]
        self._staged = 0  # version that waits for the restart
        self._arrived = asyncio.Event()

    # --- at the start ---

    def begin(self, new):
        """Run with the configuration that waits for its trial, checked, unless it has failed."""
        version = new["version"]
        if version == self.refused:  # the power went while it was rolled back
            _remove(NEW_FILE)
            return
        if version != self._notes["version"]:  # the power went while it took the place of another
            self._notes.update({"version": version, "starts": 0, "tried_s": 0})
        self._notes["starts"] += 1
        if self._notes["starts"] > _STARTS:
            self.roll_back("the board did not stay up with it")
        elif not self._store():
            self.roll_back("the flash takes nothing")
        else:
            self.settings = new
            self.on = True

    def roll_back(self, why):
        """Go back to the confirmed configuration, at the next start where this one has begun already."""
        version = self._notes["version"]
        self._refuse(version, "version %d: %s" % (version, why))
        self._notes.update({"refused": self.refused, "why": self.error})
        self._store()
        _remove(NEW_FILE)
        self.on = False

    # --- while it runs ---

    def said(self):
        """What runs, as its file says it, without the calibrations. Raises ConfigError."""
        with lent("node.config") as config:
            return config.load(NEW_FILE if self.on else config.FILE)

    def offer(self, payload):
        """A `config` message. Never waits. Raises codec.WireError for what is no configuration."""
        message = codec.read_config(payload)
        version = message["version"]
        if version in (self.settings["version"], self.refused, self._staged):
            return
        # 10 KB of the heap that are needed once a year. Where they are not free, the broker hands it over again later.
        with lent("node.rehearsal", "node.config") as rehearsal:
            try:
                self._stage(version, rehearsal.text_of(message, self.settings))
            except rehearsal.ConfigError as error:
                self._refuse(version, str(error))
            except OSError as error:
                complain("config", error)
                self._refuse(version, "version %d: the flash takes nothing" % version)

    def _stage(self, version, text):
        self._notes.update({"version": version, "starts": 0, "tried_s": 0})
        with open(NEW_FILE + ".part", "w") as f:
            f.write(text)
        if not self._store():
            raise OSError("config.trial")
        os.rename(NEW_FILE + ".part", NEW_FILE)
        log("I", "config", "version %d has come" % version)
        self._staged = version
        self._arrived.set()

    def _refuse(self, version, why):
        self.refused = version
        self.error = why
        log("W", "config", self.error)
        if self.on_change is not None:
            self.on_change()

    def confirm(self):
        """The host has stored something that was sent with this configuration."""
        if not self.on:
            return
        with lent("node.config", "node.calibration") as config:  # no room for them: the next ack tries again
            self.on = False
            try:
                if not self._staged:  # else a newer one has taken the file's place
                    os.rename(NEW_FILE, config.FILE)
                    copy(config.FILE, COPY_FILE)
                    self._forget(config)
            except OSError as error:
                complain("config", error)
        log("I", "config", "version %d is confirmed" % self.settings["version"])
        if self.on_change is not None:
            self.on_change()

    def _forget(self, config):
        """What was said about versions before this one, and measured for them, no longer holds."""
        if self.error and self.refused < self.settings["version"]:
            self._notes.update({"refused": 0, "why": ""})
            self._store()
            self.refused, self.error = 0, ""
        from node import calibration

        calibration.forget(config.load())

    async def watch(self, restart):
        """Restart into a configuration that has come; while one is on trial, count its time. restart: function(why)."""
        while True:
            try:
                await asyncio.wait_for(self._arrived.wait(), _LOOK_S)
                await asyncio.sleep(_SETTLE_S)
                self._arrived.clear()
                restart("configuration %d has come" % self._staged)
            except asyncio.TimeoutError:
                self._count(restart)

    def _count(self, restart):
        if not self.on or self._staged:
            return
        self._notes["tried_s"] += _LOOK_S
        self._notes["starts"] = 0
        self._store()
        if self._notes["tried_s"] >= self.settings["trial_s"]:
            self.roll_back("no answer from the host within %d s" % self._notes["tried_s"])
            restart("configuration rolled back")

    def _store(self):
        """Write the notes. Returns whether the flash took them."""
        return flash.keep(NOTES_FILE, json.dumps(self._notes), "config")


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        complain("config", error)
