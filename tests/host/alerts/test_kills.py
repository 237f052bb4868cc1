"""kill -9 at any moment: no alert is lost, and nobody gets a message twice for one reason. `make kills` does it 200 times."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from host.alerts.kill_target import STEP_S, STEPS, T0, story
from paraat.journal import Journal
from paraat.site import paths

TARGET = Path(__file__).with_name("kill_target.py")
KILLS = int(os.environ.get("PARAAT_KILLS", "6"))


def played(directory: Path, seed: int, kills: int) -> int:
    """Play a story to its end, with so many kills, fewer where it ends before. Returns how many there were."""
    lots, killed = Random(seed), 0
    command = [sys.executable, str(TARGET), str(directory), str(seed)]
    clock = directory / "clock.txt"
    steps = sorted(lots.sample(range(1, STEPS), kills))
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            if killed < kills:
                # Once the story has come to that step, and then at some moment of the next ones, whatever it does then.
                while process.poll() is None and (not clock.exists() or int(clock.read_text()) < steps[killed]):
                    time.sleep(0.0005)
                time.sleep(lots.random() * 0.01)
                process.kill()
                killed += process.wait() == -9
            out = process.communicate()[0]
            assert process.returncode in (0, -9)
        if "done" in out:
            return killed


@pytest.mark.parametrize("seed", range(max(1, KILLS // 20)))
def test_no_alert_is_lost_and_nothing_is_sent_twice_for_one_reason(tmp_path: Path, seed: int) -> None:
    directory = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), directory)
    killed = played(directory, seed, min(KILLS, 20))
    assert killed >= min(KILLS, 20) / 2, "the story is long enough to be killed in"
    received = Counter((directory / "received.txt").read_text().split())
    assert set(received.values()) == {1}, "no message twice"
    journal = Journal(directory / "journal.sqlite")
    alerts = {alert.id: alert for alert in journal.alerts(10_000)}
    rows = journal.deliveries(*alerts)
    journal.close()
    uncertain = sum(row.state == "uncertain" for row in rows)
    print(
        f"seed {seed}: {killed} kills, {len(received)} messages, {uncertain} of {len(rows)} deliveries cut off while sent"
    )
    assert len({row.key for row in rows}) == len(rows)
    assert {row.message for row in rows if row.state == "sent" and row.channel == "email"} <= set(received)
    assert {row.state for row in rows if row.channel == "email"} <= {"sent", "uncertain", "dropped"}
    for period in story(seed):
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
