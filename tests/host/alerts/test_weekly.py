"""The weekly test of the alerts."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from paraat.alerts.weekly import is_due, last_due

ZONE = ZoneInfo("Europe/Amsterdam")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-28T02:00", "2026-11-23T12:00"),
        ("2026-11-23T12:00", "2026-11-23T12:00"),
        ("2026-11-23T11:59", "2026-11-16T12:00"),
        ("2026-10-26T11:00", "2026-10-19T12:00"),  # the clock was set back on the 25th
        ("2026-03-30T12:30", "2026-03-30T12:00"),  # and forward on the 29th
    ],
)
def test_the_moment_is_one_of_local_time(now: str, last: str) -> None:
    assert last_due("mon 12:00", at(now), ZONE) == at(last)


def test_its_day_is_that_of_the_region_also_where_it_is_still_the_day_before_in_utc() -> None:
    assert last_due("mon 00:15", at("2026-11-23T00:30"), ZONE) == at("2026-11-23T00:15")


def test_it_is_due_once_and_a_host_that_was_away_does_it_later_on_the_day() -> None:
    monday = at("2026-11-23T12:00")
    assert not is_due("mon 12:00", monday - 86400, monday - 1, ZONE)
    assert is_due("mon 12:00", monday - 86400, monday, ZONE)
    assert is_due("mon 12:00", monday - 86400, monday + 5 * 3600, ZONE)
    assert not is_due("mon 12:00", monday - 86400, monday + 7 * 3600, ZONE), "not in the night"
    assert not is_due("mon 12:00", monday + 10, monday + 3600, ZONE), "it was done"
    assert not is_due("mon 12:00", monday, monday + 60, ZONE), "it was done at its very moment"
    assert not is_due("mon 12:00", monday + 60, monday + 120, ZONE), "the host began after it"
    assert not is_due("", 0.0, monday, ZONE)
