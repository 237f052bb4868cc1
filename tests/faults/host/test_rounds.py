"""Round after round one part of a coordination point is broken under load, and mended: what was said to be stored is stored.

`make faults`; ROUNDS= and SEED= say how many and which. What came of them is in the table of tests/faults/conftest.py. A kind of fault is a function of the stage, in FAULTS with its share.
"""

import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from faults.host.stage import PAGE, Stage
from waiting import wait_for

pytestmark = pytest.mark.needs("mosquitto")
ROUNDS = int(os.environ.get("PARAAT_ROUNDS", "200"))
SEED = int(os.environ.get("PARAAT_SEED", "1"))
OFF_S = (-10_800.0, 10_800.0)
LOW_FOR = 4  # rounds in which the same points have no mains and little fuel
FULL_S = 12.0  # and so long, at most, a disk is full


def kill_host(stage: Stage, lots: Random) -> None:
    """kill -9 of `paraat serve`, in the midst of whatever it does."""
    time.sleep(lots.random())
    stage.end(signal.SIGKILL)
    stage.serve()


def kill_broker(stage: Stage, lots: Random) -> None:
    """kill -9 of mosquitto: what it had and did not write down is gone."""
    time.sleep(lots.random())
    stage.broker.kill()
    time.sleep(lots.random())
    stage.broker.start()


def kill_database(stage: Stage, lots: Random) -> None:
    """kill -9 of InfluxDB."""
    if stage.influx is None:
        pytest.skip("influxd is not installed: run `make deps`")
    stage.influx.kill()
    time.sleep(lots.random())
    stage.influx.start()


def kill_all(stage: Stage, lots: Random) -> None:
    """The power of the coordination point fails: everything at once."""
    time.sleep(lots.random())
    stage.broker.kill()
    stage.end(signal.SIGKILL)
    if stage.influx is not None:
        stage.influx.kill()
        stage.influx.start()
    stage.broker.start()
    stage.serve()


def cut_links(stage: Stage, lots: Random) -> None:
    """The links of some boards break, some of them several times."""
    for _ in range(lots.randrange(1, 12)):
        stage.cut(lots.choice(stage.boards))
        time.sleep(0.1 * lots.random())


def fill_disk(stage: Stage, lots: Random) -> None:
    """The disk of the journal is full for some seconds; SQLite finds no room for a page."""
    if not stage.mounted:
        pytest.skip("a disk that is full takes root, who may mount a small one")
    filler = stage.journal.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, PAGE):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    try:
        wait_for(
            lambda: not stage.health().get("journal", {"ok": True})["ok"], "the page says that nothing is kept", 240.0
        )
        if killed := lots.random() < 0.5:  # what people were told lies in memory alone
            stage.end(signal.SIGKILL)
    finally:
        filler.unlink()
    if killed:
        stage.serve()
    wait_for(lambda: stage.health().get("journal", {"ok": False})["ok"], "and that all is well again", 240.0)


def tear_page(stage: Stage, lots: Random) -> None:
    """A page of the journal is torn; last night's backup has what lay in it. The way back is one command."""
    stage.end(signal.SIGKILL)
    backup = stage.directory / "backup.sqlite"
    backup.unlink(missing_ok=True)
    stage.command("journal", "backup", str(backup))
    with closing(sqlite3.connect(stage.journal)) as db:  # all of it into the file itself
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with stage.journal.open("r+b") as file:
        file.seek(PAGE * lots.randrange(1, stage.journal.stat().st_size // PAGE))
        file.write(lots.randbytes(PAGE))
    stage.serve()
    stage.goes_on()
    # A page that nobody reads is found by the look at the whole file; one that is free is no damage.
    wait_for(lambda: stage.health().get("journal", {"ok": False})["ok"], "it serves", 240.0)
    time.sleep(6)
    stage.end(signal.SIGTERM)
    aside = list(stage.journal.parent.glob("*.damaged-*"))
    stage.command("journal", "restore", "--from", str(backup))
    for path in stage.journal.parent.glob("*.restored-*"):
        path.unlink()
    assert not list(stage.journal.parent.glob("*.damaged-*")), aside
    stage.serve()


def turn_clock(stage: Stage, lots: Random) -> None:
    """The host's clock is three hours behind or ahead, while it runs or at its start; later it is right again."""
    off = stage.site / "clock-is-off-by"
    off.write_text(str(lots.choice(OFF_S)))
    if lots.random() < 0.5:
        stage.end(signal.SIGKILL)
        stage.serve()
    wait_for(lambda: "clock" in stage.health(), "it says that its clock is wrong", 240.0)
    stage.goes_on()
    off.write_text("0")
    wait_for(lambda: (found := stage.health()) and "clock" not in found, "it is right again", 240.0)


Fault = Callable[[Stage, Random], None]
FAULTS: dict[Fault, int] = {
    kill_host: 40,
    kill_broker: 16,
    kill_database: 8,
    kill_all: 8,
    cut_links: 14,
    fill_disk: 5,
    tear_page: 4,
    turn_clock: 5,
}


def rounds(stage: Stage) -> Counter[str]:
    """Play them all; how many of each kind. Ctrl-C ends them, and what was played is counted."""
    lots, played, began_s = Random(SEED), Counter[str](), time.monotonic()
    kinds = [kind for kind in FAULTS if stage.mounted or kind is not fill_disk]
    try:
        for number in range(1, ROUNDS + 1):
            (fault,) = lots.choices(kinds, [FAULTS[kind] for kind in kinds])
            if number % LOW_FOR == 1:
                stage.low = set(lots.sample([board.point for board in stage.boards], lots.randrange(1, 4)))
            fault(stage, lots)
            stage.goes_on()
            played[fault.__name__] += 1
            if number % 10 == 0:
                print(f"round {number}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"ended after {played.total()} rounds", file=sys.stderr, flush=True)
        if stage.host is None:
            stage.serve()
    (stage.site / "clock-is-off-by").write_text("0")
    (stage.journal.parent / "filler").unlink(missing_ok=True)
    stage.broker.start()
    stage.low = set()
    stage.goes_on()
    return played


def test_what_was_said_to_be_stored_is_stored_and_nobody_is_left_untold(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    stage = Stage(tmp_path, SEED)
    try:
        with stage:
            played = rounds(stage)
        found = stage.counts()
    finally:
        stage.unmount()
    record_property("rounds", {"seed": SEED, **played})
    record_property("stored", tuple(found.stored))
    record_property("people", tuple(found.people))
    assert (found.stored.twice, found.stored.lost) == (0, 0)
    assert (found.people.twice, found.people.lost) == (0, 0)
