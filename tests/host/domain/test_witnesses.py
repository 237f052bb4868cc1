"""Whose clock is wrong: that of one board, or that of the host whom all boards contradict."""

import pytest

from paraat.domain.witnesses import AHEAD_S, HEARD_S, LISTEN_LATE_S, LISTEN_S, Doubt, Witnesses

THREE_HOURS = 10800.0


def heard(*ahead_s: float, at_s: float = 0.0, seq: int = 1) -> Witnesses:
    """Boards that were heard, each ahead of us by so much."""
    made = Witnesses()
    for n, ahead in enumerate(ahead_s):
        made.note(f"nsp-{n:04}", seq, ahead, at_s)
    return made


@pytest.mark.parametrize(
    ("ahead_s", "synchronised", "doubt"),
    [
        ((THREE_HOURS, THREE_HOURS + 2, THREE_HOURS - 1), False, Doubt(3, 3, THREE_HOURS)),
        ((THREE_HOURS, THREE_HOURS), True, Doubt(2, 2, THREE_HOURS)),  # a time server of the CP's own may be wrong
        ((THREE_HOURS, THREE_HOURS), None, Doubt(2, 2, THREE_HOURS)),
        ((THREE_HOURS,), False, Doubt(1, 1, THREE_HOURS)),
        ((THREE_HOURS,), None, Doubt(1, 1, THREE_HOURS)),
        ((THREE_HOURS,), True, None),  # that board is wrong
        ((THREE_HOURS, 0.0), False, None),  # one against one: ours stands
        ((THREE_HOURS, THREE_HOURS, 0.0), False, Doubt(2, 3, THREE_HOURS)),
        ((THREE_HOURS, THREE_HOURS, 0.0, AHEAD_S), False, None),
        ((AHEAD_S, AHEAD_S), False, None),
        ((-THREE_HOURS, -THREE_HOURS), False, None),  # a backlog
        ((), False, None),
    ],
)
def test_many_boards_ahead_at_once_are_the_hosts_clock(
    ahead_s: tuple[float, ...], synchronised: bool | None, doubt: Doubt | None
) -> None:
    assert heard(*ahead_s).doubt(0.0, synchronised) == doubt


def test_the_newest_set_of_a_board_counts_and_not_for_ever() -> None:
    witnesses = heard(THREE_HOURS, THREE_HOURS, seq=10)
    for n in range(2):
        witnesses.note(f"nsp-{n:04}", 9, 0.0, 1.0)  # out of its backlog
    assert witnesses.doubt(1.0, False) is not None
    witnesses.note("nsp-0000", 11, 0.0, 2.0)
    assert witnesses.doubt(2.0, False) is None
    assert heard(THREE_HOURS, THREE_HOURS).doubt(HEARD_S + 1, False) is None
    later = heard(THREE_HOURS, seq=10)
    later.note("nsp-0000", 1, 0.0, HEARD_S + 1)  # a new board of that point
    assert later.doubt(HEARD_S + 1, False) is None


def test_boards_that_had_their_time_from_us_are_no_witnesses_once_ours_is_kept_right() -> None:
    witnesses = Witnesses()
    witnesses.turned(THREE_HOURS, 0.0)
    for n in range(3):
        witnesses.note(f"nsp-{n:04}", 1, THREE_HOURS, 1.0)
    assert witnesses.doubt(1.0, True) is None
    assert witnesses.doubt(1.0, False) == Doubt(3, 3, THREE_HOURS)
    for n in range(3):
        witnesses.note(f"nsp-{n:04}", 2, 2 * THREE_HOURS, 2.0)
    assert witnesses.doubt(2.0, True) == Doubt(3, 3, 2 * THREE_HOURS)


def test_a_clock_that_said_more_before_is_doubted_until_something_says_that_it_is_right() -> None:
    def ran_later(*ahead_s: float) -> Witnesses:
        made = heard(*ahead_s)
        made.leapt(THREE_HOURS)
        return made

    assert ran_later().doubt(0.0, False) == Doubt(0, 0, THREE_HOURS)
    assert ran_later().doubt(0.0, True) is None
    assert ran_later(0.0).doubt(0.0, False) is None
    assert ran_later(THREE_HOURS).doubt(0.0, False) == Doubt(1, 1, THREE_HOURS)
    settled = ran_later(0.0)
    settled.doubt(0.0, False)
    assert settled.doubt(HEARD_S + 1, False) is None, "also when no board is heard any more"
    outvoted = ran_later(THREE_HOURS, 0.0, 0.0)
    outvoted.doubt(0.0, False)
    assert outvoted.doubt(HEARD_S + 1, False) is None, "two of three boards agree with us"
    divided = ran_later(THREE_HOURS, 0.0)
    divided.doubt(0.0, False)
    assert divided.doubt(HEARD_S + 1, False) == Doubt(0, 0, THREE_HOURS), "one of two is not enough"


def test_who_says_that_it_is_right_is_believed() -> None:
    witnesses = heard(THREE_HOURS, THREE_HOURS)
    witnesses.leapt(THREE_HOURS)
    witnesses.confirm(1.0)
    for n in range(2):
        witnesses.note(f"nsp-{n:04}", 2, THREE_HOURS, 2.0)
    assert witnesses.doubt(2.0, False) is None
    assert witnesses.tells_time(2.0, False, since_s=0.0)
    for n in range(2):
        witnesses.note(f"nsp-{n:04}", 3, THREE_HOURS, HEARD_S + 2)
    assert witnesses.doubt(HEARD_S + 2, False) is not None, "boards that were told the time long ago"
    up_for_long = heard(THREE_HOURS, at_s=10 * HEARD_S)
    up_for_long.confirm(10 * HEARD_S)
    up_for_long.note("nsp-0000", 2, THREE_HOURS, 10 * HEARD_S + 1)
    assert up_for_long.doubt(10 * HEARD_S + 1, False) is None


def test_boards_are_told_no_time_that_nothing_speaks_for_until_they_could_speak_up() -> None:
    nobody = Witnesses()
    assert nobody.tells_time(0.0, True, since_s=0.0)
    assert nobody.tells_time(0.0, None, since_s=0.0)
    assert not nobody.tells_time(LISTEN_S - 1, False, since_s=0.0)
    assert nobody.tells_time(LISTEN_S, False, since_s=0.0)
    assert heard(0.0).tells_time(0.0, False, since_s=0.0)
    assert not heard(THREE_HOURS, THREE_HOURS).tells_time(LISTEN_S, False, since_s=0.0)


def tell(witnesses: Witnesses, *points: str, ahead_s: float, at_s: float) -> None:
    """A set of each board, as it was read."""
    for point in points:
        witnesses.note(point, round(at_s) + 1, ahead_s, at_s)


@pytest.mark.parametrize(
    ("boards", "synchronised", "found"), [(3, False, 3), (2, True, 2), (1, False, 1), (1, True, None)]
)
def test_boards_that_are_behind_in_step_are_a_host_that_is_ahead(
    boards: int, synchronised: bool, found: int | None
) -> None:
    witnesses, points = Witnesses(), [f"nsp-{n:04}" for n in range(boards)]
    tell(witnesses, *points, ahead_s=-THREE_HOURS, at_s=0.0)
    assert witnesses.doubt(0.0, synchronised) is None, "it may have waited somewhere"
    assert not witnesses.tells_time(LISTEN_S, False, since_s=0.0), (
        "but until that is known no board takes over our time"
    )
    tell(witnesses, *points, ahead_s=-THREE_HOURS - 1, at_s=60.0)
    expected = None if found is None else Doubt(found, found, -THREE_HOURS - 1)
    assert witnesses.doubt(60.0, synchronised) == expected
    tell(witnesses, *points, ahead_s=-1.0, at_s=120.0)
    assert witnesses.doubt(120.0, synchronised) is None, "it was set right"


def test_what_had_waited_comes_in_a_heap_and_says_nothing() -> None:
    witnesses = Witnesses()
    for n in range(101):  # 100 minutes of sets within ten seconds
        for point in ("nsp-0001", "nsp-0002"):
            witnesses.note(point, n, -6000.0 + 60 * n - 0.1 * n, 0.1 * n)
        assert witnesses.doubt(0.1 * n, False) is None
    assert witnesses.tells_time(10.0, False, since_s=0.0), "the last of it is of now"
    old = Witnesses()
    tell(old, "nsp-0001", ahead_s=-6000.0, at_s=0.0)
    assert not old.tells_time(LISTEN_LATE_S - 1, False, since_s=0.0)
    assert old.tells_time(LISTEN_LATE_S, False, since_s=0.0), "who sends no more says nothing"


def test_boards_on_both_sides_are_boards_that_are_wrong() -> None:
    witnesses = heard(THREE_HOURS, THREE_HOURS)
    for at_s in (0.0, 60.0):
        tell(witnesses, "nsp-0011", "nsp-0012", ahead_s=-THREE_HOURS, at_s=at_s)
    assert witnesses.doubt(60.0, False) is None


def test_a_leap_ahead_is_doubted_until_boards_agree_or_something_keeps_the_clock_right() -> None:
    witnesses = heard(0.0, 0.0)
    witnesses.turned(-THREE_HOURS, 1.0)
    assert witnesses.doubt(1.0, None) == Doubt(0, 0, -THREE_HOURS)
    tell(witnesses, "nsp-0000", ahead_s=0.0, at_s=30.0)
    assert witnesses.doubt(30.0, False) is None
    kept = Witnesses()
    kept.turned(-THREE_HOURS, 1.0)
    for at_s in (2.0, 62.0):
        tell(kept, "nsp-0000", "nsp-0001", ahead_s=-THREE_HOURS, at_s=at_s)
    assert kept.doubt(62.0, True) is None, "they had the wrong time from us, before"
    assert kept.doubt(62.0, False) == Doubt(2, 2, -THREE_HOURS)


def test_a_set_that_comes_twice_is_one_word() -> None:
    witnesses = Witnesses()
    for at_s in (0.0, 60.0):
        witnesses.note("nsp-0001", 7, -THREE_HOURS, at_s)
    assert witnesses.doubt(60.0, False) is None
    witnesses.note("nsp-0001", 8, -THREE_HOURS, 60.0)
    assert witnesses.doubt(60.0, False) == Doubt(1, 1, -THREE_HOURS)
