"""How often the console says the same."""

import time

from bench import board_ticks
from node import log


def said_of(what, waits_s):
    """At which of these moments, each so long after the one before, a complaint is printed."""
    lines = []
    said = []
    kept, log.log = log.log, lambda *line: lines.append(line)
    for i, wait_s in enumerate(waits_s):
        time.sleep(wait_s)
        lines.clear()
        log.complain("test", what)
        if lines:
            said.append(i)
    log.log = kept
    return said


def test_the_same_is_said_once_a_minute():
    assert said_of("dark", (0, 1, 50, 10, 59, 2)) == [0, 3, 5]
    assert said_of(OSError(5), (0, 1)) == [0]
    assert said_of(OSError(6), (0, 61)) == [0, 1]


def test_what_comes_back_after_a_week_is_said_again():
    board_ticks()
    assert said_of("dark", (0, 8 * 86400, 1, 60)) == [0, 1, 3]


def test_many_complaints_take_no_room_for_ever():
    for i in range(200):
        log.complain("test", "number %d" % i)
    assert len(log._last) <= 9
