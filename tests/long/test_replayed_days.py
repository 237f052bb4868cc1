"""Days from the journal give the verdicts that they gave live, at every second; also those on which the clocks change.

A few hours of some points here; `make replay` takes 72 hours of 60 points.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paraat.domain.thresholds import Alerts
from paraat.journal import Journal
from replayed_days import PROFILE, Days, live, replay

POINTS, HOURS = os.environ.get("PARAAT_REPLAY", "6 2").split()
# The hours in which the clocks of Europe/Amsterdam change lie in these: 25 October 2026 and 28 March 2027, 01:00 UTC.
CLOCK_CHANGES = (datetime(2026, 10, 25, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC))
A_WEEK_LATER = datetime(2026, 11, 1, tzinfo=UTC)


def days(begin: datetime) -> Days:
    return Days(points=int(POINTS), hours=float(HOURS), t0=begin.timestamp())


@pytest.mark.parametrize("begin", CLOCK_CHANGES, ids=["autumn", "spring"])
def test_the_journal_gives_the_verdicts_of_every_second(begin: datetime, tmp_path: Path) -> None:
    it, path = days(begin), tmp_path / "journal.sqlite"
    lived = live(it, path)
    again = replay(it, path, lived.moments)
    assert again == lived.turns
    verdicts = {turn.verdict for turn in lived.turns}
    print(
        f"\n{it.points} points, {it.hours:g} h, {len(lived.moments)} seconds, {lived.sets} sets, "
        f"{len(lived.turns)} turns of verdicts, reasons and phases, all alike; seen: {', '.join(sorted(verdicts))}"
    )
    assert {"unknown", "not-ready", "silent"} <= verdicts


def test_the_past_of_any_moment_is_what_stood_live(tmp_path: Path) -> None:
    it, path = days(A_WEEK_LATER), tmp_path / "journal.sqlite"
    lived = live(it, path)
    journal = Journal(path)
    for second in range(it.seconds // 7, it.seconds, it.seconds // 5):
        stood = {turn.point: turn for turn in lived.turns if turn.second <= second}
        past = journal.past(
            it.t0 + second,
            it.places(),
            Alerts(),
            dict.fromkeys(it.ids, PROFILE),
            sets=None,
            certificate_until=lambda _point, _now: None,
        )
        for view in past.views:
            turn = stood[view.point]
            assert (view.verdict.word, view.last_verdict.word) == (turn.verdict, turn.last_verdict)
    journal.close()


def test_a_change_of_the_clocks_changes_no_verdict(tmp_path: Path) -> None:
    """The same hours, on a day on which they change and on one on which they do not."""
    changing, plain = (
        live(days(begin), tmp_path / f"{begin:%Y%m%d}.sqlite").turns for begin in (CLOCK_CHANGES[0], A_WEEK_LATER)
    )
    assert changing == plain
