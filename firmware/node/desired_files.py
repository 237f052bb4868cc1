"""The steps of a desired configuration (node/desired.py), which are taken seldom: lent for each."""

import json
import os

from micropython import const

from node import flash
from node.desired import LOOK_S
from node.lent import lent
from node.log import complain, log
from paraat_wire import orders

NEW_FILE = "config.new.json"
COPY_FILE = "config.copy.json"
NOTES_FILE = "config.trial"
_STARTS = const(5)  # in a row, none of which lasted for LOOK_S


def copy(source, target):
    """Put one file's text into another, where the flash takes it."""
    try:
        with open(source) as f:
            flash.replace(target, f.read())
    except OSError as error:
        complain("config", error)


# --- at the start ---


def begin(desired, new):
    """Run with the configuration that waits for its trial, checked, unless it has failed."""
    version = new["version"]
    if version == desired.refused:  # the power went while it was rolled back
        _remove(NEW_FILE)
        return
    if version != desired.notes["version"]:  # the power went while it took the place of another
        desired.notes.update({"version": version, "starts": 0, "tried_s": 0})
    desired.notes["starts"] += 1
    if desired.notes["starts"] > _STARTS:
        roll_back(desired, "the board did not stay up with it")
    elif not _store(desired):
        roll_back(desired, "the flash takes nothing")
    else:
        desired.settings = new
        desired.on = True


def roll_back(desired, why):
    """Go back to the confirmed configuration, at the next start where this one has begun already."""
    version = desired.notes["version"]
    _refuse(desired, version, "version %d: %s" % (version, why))
    desired.notes.update({"refused": desired.refused, "why": desired.error})
    _store(desired)
    _remove(NEW_FILE)
    desired.on = False


# --- while it runs ---


def said(desired):
    """What runs, as its file says it, without the calibrations. Raises ConfigError."""
    with lent("node.config") as config:
        return config.load(NEW_FILE if desired.on else config.FILE)


def offer(desired, payload):
    """A `config` message. Never waits. Raises codec.WireError for what is no configuration."""
    message = orders.read_config(payload)
    version = message["version"]
    if version in (desired.settings["version"], desired.refused, desired.staged):
        return
    # 10 KB of the heap that are needed once a year. Where they are not free, the broker hands it over again later.
    with lent("node.rehearsal", "node.config", "node.buses") as rehearsal:
        try:
            _stage(desired, version, rehearsal.text_of(message, desired.settings))
        except rehearsal.ConfigError as error:
            _refuse(desired, version, str(error))
        except OSError as error:
            complain("config", error)
            _refuse(desired, version, "version %d: the flash takes nothing" % version)


def _stage(desired, version, text):
    desired.notes.update({"version": version, "starts": 0, "tried_s": 0})
    with open(NEW_FILE + ".part", "w") as f:
        f.write(text)
    if not _store(desired):
        raise OSError("config.trial")
    os.rename(NEW_FILE + ".part", NEW_FILE)
    log("I", "config", "version %d has come" % version)
    desired.staged = version
    desired.arrived.set()


def _refuse(desired, version, why):
    desired.refused = version
    desired.error = why
    log("W", "config", desired.error)
    if desired.on_change is not None:
        desired.on_change()


def confirm(desired):
    """The host has stored something that was sent with this configuration."""
    with lent("node.config", "node.calibration") as config:  # no room for them: the next ack tries again
        desired.on = False
        try:
            if not desired.staged:  # else a newer one has taken the file's place
                os.rename(NEW_FILE, config.FILE)
                copy(config.FILE, COPY_FILE)
                _forget(desired, config)
        except OSError as error:
            complain("config", error)
    log("I", "config", "version %d is confirmed" % desired.settings["version"])
    if desired.on_change is not None:
        desired.on_change()


def _forget(desired, config):
    """What was said about versions before this one, and measured for them, no longer holds."""
    if desired.error and desired.refused < desired.settings["version"]:
        desired.notes.update({"refused": 0, "why": ""})
        _store(desired)
        desired.refused, desired.error = 0, ""
    from node import calibration

    calibration.forget(config.load())


def count(desired, restart):
    """A trial has lasted longer. It ends where the host has said nothing for its whole time."""
    desired.notes["tried_s"] += LOOK_S
    desired.notes["starts"] = 0
    _store(desired)
    if desired.notes["tried_s"] >= desired.settings["trial_s"]:
        roll_back(desired, "no answer from the host within %d s" % desired.notes["tried_s"])
        restart("configuration rolled back")


def _store(desired):
    """Write the notes. Returns whether the flash took them."""
    return flash.keep(NOTES_FILE, json.dumps(desired.notes), "config")


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        complain("config", error)
