"""Two configurations in quick succession on a flash that loses its power at any write or erase."""

import json
import os

from devices.flash import Flash
from node import calibration, desired_files, startup
from power_cuts import Board
from test_desired import RUNS, wanted

from paraat_wire import host_codec


def offer(start, version):
    start.offer(host_codec.encode_config(wanted(version)))


def goes_on(may_run):
    """A start after a cut; then the broker hands over the newest, which it retains, and the host answers."""
    start = startup.choose()
    assert start.settings["version"] in may_run, start.settings["version"]
    if start.settings["version"] != 5:
        offer(start, 5)
        start = startup.choose()
    start.confirm()
    start = startup.choose()
    assert (start.on, start.settings["version"]) == (False, 5)
    os.remove("config.json")
    assert startup.choose().settings["version"] in (3, 4, 5), "its copy, or that of one before it"


def test_a_cut_anywhere_leaves_one_that_runs_and_takes_the_next():
    flash = Flash(24)
    board = Board(flash)
    board.on()
    with open("config.json", "w") as f:
        json.dump(RUNS, f)
    cuts = []
    may_run = {3}

    def before_change(kind, block, at, data):
        flash.before_change = None
        cuts.append(kind)
        after = flash.copy()
        after.half(kind, block, at, data)
        other = Board(after, "/cut")
        other.on()
        goes_on(may_run)
        other.off()
        os.chdir("/flash")
        flash.before_change = before_change

    flash.before_change = before_change
    start = startup.choose()
    calibration.keep(desired_files.said(start), start.settings["sensors"][0], {"full_mm": 150})
    for version in (4, 5):
        may_run.add(version)
        offer(start, version)
    startup.choose().confirm()
    flash.before_change = None
    assert startup.choose().settings["version"] == 5
    assert len(cuts) > 30, len(cuts)
    board.off()
