"""When a disk will be full, by how it filled lately; and what each of the host's own views is about."""

import pytest

from paraat.domain import own
from paraat.domain.own import full_in_h
from paraat.domain.subjects import Subject

GB = 10**9


def filled(*free_gb: float, every_s: float = 1800.0) -> list[tuple[float, int]]:
    return [(n * every_s, int(gb * GB)) for n, gb in enumerate(free_gb)]


def test_it_goes_on_as_from_the_first_quarter_to_the_last() -> None:
    assert full_in_h(filled(10, 8, 6), 100 * GB) == pytest.approx(1.5)
    # Two rows at each end: from 9 to 3 GB in three hours, and 2.5 are left.
    assert full_in_h(filled(10, 8, 7, 7, 6, 5, 3.5, 2.5), 100 * GB) == pytest.approx(2.5 / 6 * 3)


@pytest.mark.parametrize(
    ("rows", "hours"),
    [
        ([], None),
        (filled(10), None),
        (filled(10, 8, every_s=3599), None),  # too short to say
        (filled(10, 8, every_s=3600), 4.0),
        (filled(8, 10, every_s=3600), None),  # it empties
        (filled(10, 10, every_s=3600), None),
        (filled(10, 9.99, every_s=3600), None),  # a hundredth of a percent of 100 GB
        (filled(10, 9.98, every_s=3600), 499.0),
        (filled(10, 0, every_s=3600), 0.0),
    ],
)
def test_what_is_too_short_or_too_little_says_nothing(rows: list[tuple[float, int]], hours: float | None) -> None:
    assert full_in_h(rows, 100 * GB) == (None if hours is None else pytest.approx(hours))


def test_each_view_is_about_one_thing() -> None:
    now = 1764000000.0
    views = (
        own.BrokerLink(now=now, connected=True),
        own.DatabaseLag(now=now, waiting_since=None, waiting=0),
        own.DiskSpace(now=now, free=1, total=2),
        own.HostTime(now=now, synchronised=True),
        own.ClockDoubt(now=now, behind_s=None),
        own.HostPower(now=now, on_battery=None),
        own.Backup(now=now, newest_t=None),
        own.ChannelHealth(now=now, name="sms"),
        own.UnknownBoard(now=now, id="nsp-0999", first_t=now, last_t=now),
    )
    assert [view.subject for view in views] == [
        Subject("broker", "broker"),
        Subject("database", "influx"),
        Subject("disk", "journal"),
        Subject("clock", "clock"),
        Subject("clock", "clock"),
        Subject("power", "power"),
        Subject("backup", "backup"),
        Subject("channel", "sms"),
        Subject("unknown-board", "nsp-0999"),
    ]
