"""What a start goes on: the configuration that was confirmed last, or the one that waits for its trial.

node.desired says which files there are, and what becomes of a trial. Loaded only while the node starts.
"""

import json
import os

import machine

from node import calibration, config, desired_files, flash
from node.desired import Desired
from node.desired_files import COPY_FILE, NEW_FILE, NOTES_FILE, copy
from node.log import complain
from node.node import Node


def node():
    """(node.node.Node, ""), or (None, what is wrong) where there is no configuration to start with."""
    try:
        wanted = choose()
        secrets = config.load_secrets()
    except config.ConfigError as error:
        return None, str(error)
    try:
        return Node(wanted, secrets, count_boot()), ""
    except Exception as error:
        if wanted.on:
            desired_files.roll_back(wanted, "%s %s" % (type(error).__name__, error))
            machine.reset()
        raise


def count_boot(path="boot"):
    """How often this board has started, this time included."""
    try:
        boot = int(flash.read(path)) + 1
    except ValueError:
        boot = 1
    flash.keep(path, str(boot), "boot")
    return boot


def choose():
    """desired.Desired, with the settings to run with. Raises config.ConfigError when there are none."""
    desired = Desired(_confirmed(), read_notes())
    if _exists(NEW_FILE):
        try:
            desired_files.begin(desired, config.load(NEW_FILE))
        except config.ConfigError as error:  # it was whole when it was staged: the flash has lost it
            desired_files.roll_back(desired, str(error))
    calibration.apply(desired.settings)
    return desired


def _confirmed():
    """The confirmed configuration. Where it or its copy is missing, the other one mends it. Raises ConfigError."""
    try:
        found = config.load()
    except config.ConfigError as error:
        if not _exists(COPY_FILE):
            raise
        found = config.load(COPY_FILE)
        complain("config", "%s; going on with its copy" % error)
        copy(COPY_FILE, config.FILE)
    if not _exists(COPY_FILE):
        copy(config.FILE, COPY_FILE)
    return found


def read_notes():
    """What the notes of the last trial say; nothing where they are missing, or not ours."""
    notes = {"version": 0, "starts": 0, "tried_s": 0, "refused": 0, "why": ""}
    try:
        found = json.loads(flash.read(NOTES_FILE))
        if all([type(found.get(key, nothing)) is type(nothing) for key, nothing in notes.items()]):
            notes.update(found)
    except (ValueError, AttributeError):
        pass  # no JSON, or no object
    return notes


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
