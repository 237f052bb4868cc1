"""Guessing does not help."""

from paraat.domain.tries import Tries

HOUR_S = 3600.0


def test_after_so_many_wrong_tries_nothing_is_looked_at_until_the_first_is_past() -> None:
    tries = Tries(3, HOUR_S)
    for t in (0.0, 10.0, 20.0):
        assert tries.until("radio", t) is None
        tries.wrong("radio", t)
    assert tries.until("radio", 30.0) == HOUR_S
    assert tries.until("other", 30.0) is None, "each for itself"
    assert tries.until("radio", HOUR_S - 1) == HOUR_S
    assert tries.until("radio", HOUR_S) is None
    tries.wrong("radio", HOUR_S)
    assert tries.until("radio", HOUR_S + 1) == HOUR_S + 10


def test_a_clock_that_is_set_back_locks_nobody_out_for_longer() -> None:
    tries = Tries(1, HOUR_S)
    tries.wrong("radio", 1000 * HOUR_S)
    assert tries.until("radio", 5.0) is None
