"""What a start goes on: the configuration that was confirmed last, or the one that waits for its trial.

node.desired says which files there are, and what becomes of a trial. Loaded only while the node starts.
"""

import json
import os

from node import calibration, config, desired_files, flash
from node.desired import Desired
from node.desired_files import COPY_FILE, NEW_FILE, NOTES_FILE, copy
from node.log import complain


def begin():
    """(desired.Desired, secrets, number of this start, ""), or three times None and what is wrong."""
    try:
        return choose(), config.load_secrets(), count_boot(), ""
    except config.ConfigError as error:
        return None, None, None, str(error)


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
