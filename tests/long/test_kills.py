"""kill -9 at any moment: no alert is lost, and nobody gets a message twice for one reason. `make kills` does it 200 times.

Where a kill falls: "sending" between the claim of a message and the word that it left; "helper" while the helper has it, before
or after it was taken; "journal" between two statements of the journal, so in the midst of a transaction too; "any" some
milliseconds after a step, wherever that is.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

from long.kill_target import STEP_S, T0, story
from paraat.journal import Journal
from paraat.site import paths

TARGET = Path(__file__).with_name("kill_target.py")
KILLS = int(os.environ.get("PARAAT_KILLS", "6"))
_EACH = 20  # kills of one story at most
MOMENTS = ("sending", "helper", "journal", "any")
# So many of them go by in a process before the one at which it is killed, at most.
_PASSED = {"sending": 12, "helper": 12, "journal": 500, "any": 40}


class Story(NamedTuple):
    """One story that was played, and how often its host was killed at which moments."""

    seed: int
    directory: Path
    killed: Counter[str]


def played(directory: Path, seed: int, kills: int) -> Story:
    """Play a story to its end, with so many kills, fewer where it ends before."""
    lots, killed = Random(seed), Counter[str]()
    folders = filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    while True:
        moment = MOMENTS[(seed + killed.total()) % len(MOMENTS)] if killed.total() < kills else ""
        passed = lots.randrange(_PASSED.get(moment, 1))
        command = [sys.executable, str(TARGET), str(directory), str(seed), moment, str(passed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            if moment == "any":
                _kill_after(process, directory / "clock.txt", passed, lots.random() * 0.01)
            out = process.communicate()[0]
        assert process.returncode in (0, -9), out
        killed[moment] += process.returncode == -9
        if "done" in out:
            return Story(seed, directory, +killed)


def _kill_after(process: "subprocess.Popen[str]", clock: Path, steps: int, after_s: float) -> None:
    """Once the story has gone on by so many steps, and then at some moment, whatever it does then."""
    began = None
    while process.poll() is None:
        now = int(clock.read_text()) if clock.exists() else 0
        began = now if began is None else began
        if now >= began + steps:
            break
        time.sleep(0.0005)
    time.sleep(after_s)
    process.kill()


def test_no_alert_is_lost_and_nothing_is_sent_twice_for_one_reason(tmp_path: Path) -> None:
    """Story after story, until the host was killed so often."""
    killed, seed = Counter[str](), 0
    while killed.total() < KILLS:
        directory = tmp_path / f"site-{seed}"
        shutil.copytree(paths.example_site_dir(), directory)
        found = played(directory, seed, min(_EACH, KILLS - killed.total()))
        nothing_lost_or_twice(found)
        killed += found.killed
        seed += 1
    print(f"{killed.total()} kills: {dict(killed)}")
    assert killed.total() == KILLS
    assert set(killed) == set(MOMENTS)


def nothing_lost_or_twice(played: Story) -> None:
    received = Counter((played.directory / "received.txt").read_text().split())
    assert set(received.values()) == {1}, "no message twice"
    journal = Journal(played.directory / "journal.sqlite")
    alerts = {alert.id: alert for alert in journal.alerts(10_000)}
    rows = journal.deliveries(*alerts)
    journal.close()
    uncertain = sum(row.state == "uncertain" for row in rows)
    print(
        f"story {played.seed}: {played.killed.total()} kills, {len(received)} messages, "
        f"{uncertain} of {len(rows)} deliveries cut off while sent"
    )
    assert len({row.key for row in rows}) == len(rows)
    assert {row.message for row in rows if row.state == "sent" and row.channel == "email"} <= set(received)
    assert {row.state for row in rows if row.channel == "email"} <= {"sent", "uncertain", "dropped"}
    for period in story(played.seed):
        span = (T0 + STEP_S * period.begins, T0 + STEP_S * period.ends)
        found = [a for a in alerts.values() if a.point == period.point and span[0] <= (a.fired_at or 0) <= span[1]]
        assert len(found) == 1, f"{period}: {found}"
        heard = [row for row in rows if row.alert_id == found[0].id and row.message in received]
        assert [row for row in heard if row.reason.startswith(("turn-", "copy-"))], f"{period} reached nobody"
        # Between two messages to one person are pauses: what is over by then is told as over.
        told = [row for row in heard if row.person == "lead"]
        assert [row for row in told if row.reason.rstrip("+") == "resolved"], f"that {period} is over reached nobody"
        reasons = [row.reason.rstrip("+") for row in sorted(told, key=lambda row: row.settled_at or 0)]
        assert reasons.index("resolved") >= len(reasons) - 2, "the end comes last"
