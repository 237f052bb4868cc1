"""Whose time a set gets: its board's as it was sent, that of its arrival, or none yet."""

from typing import Any

from paraat.domain.model import SampleSet
from paraat.domain.witnesses import Doubt
from paraat.intake.dating import Dating
from paraat.intake.decode import Decoded

T0 = 1764000000.0
THREE_HOURS = 10800.0


def a_set(point: str, t: float, **changes: Any) -> SampleSet:
    fields = {"point": point, "kind": "telemetry", "seq": 1, "t": t, "received_at": T0, "values": {}, "faults": {}}
    return SampleSet(**{**fields, **changes})


def dated(dating: Dating, *sets: SampleSet) -> tuple[list[SampleSet], list[SampleSet], list[str]]:
    """(what is taken, what nobody can date, what is refused) of sets that come in one message each."""
    found, undated = dating.dated([Decoded(sets=[one]) for one in sets], [b"[]"] * len(sets))
    return (
        [one for each in found for one in each.sets],
        undated,
        [refusal.reason for each in found for refusal in each.refusals],
    )


def test_one_board_that_is_ahead_of_the_others_gets_the_time_of_its_arrival() -> None:
    right, wrong = a_set("nsp-0101", T0), a_set("nsp-0102", T0 + THREE_HOURS)
    taken, undated, refused = dated(Dating(), right, wrong)
    assert [(one.t, one.dated_by_host) for one in taken] == [(T0, False), (T0, True)]
    assert (undated, refused) == ([], ["bad-time"])


def test_what_boards_date_ahead_of_a_clock_that_is_doubted_stays_as_it_was_sent() -> None:
    sets = [a_set(f"nsp-{n:04}", T0 + THREE_HOURS) for n in range(3)]
    assert dated(Dating(), *sets) == (sets, [], [])


def test_what_a_doubted_clock_would_date_stays_with_its_board() -> None:
    aged = a_set("nsp-0109", T0, dated_by_host=True)
    sets = [a_set(f"nsp-{n:04}", T0 + THREE_HOURS) for n in range(3)]
    assert dated(Dating(), *sets, aged) == (sets, [aged], [])
    assert dated(Dating(), aged) == ([aged], [], []), "a clock that nobody contradicts dates it"


def test_a_board_that_doubts_its_own_clock_is_no_witness() -> None:
    unsure = [a_set(f"nsp-{n:04}", T0 + THREE_HOURS, faults={"node/clock": "unsure"}) for n in range(3)]
    taken, _, refused = dated(Dating(), *unsure)
    assert {one.t for one in taken} == {T0}
    assert refused == ["bad-time"] * 3


def test_a_leap_of_our_clock_is_seen_by_one_that_nobody_sets() -> None:
    uptime = [100.0]
    dating = Dating(lambda: False, lambda: uptime[0], steady=True)
    dating.look(T0)
    uptime[0] += 60
    dating.look(T0 + 60)
    assert dating.doubt() is None
    aged = a_set("nsp-0109", T0 + THREE_HOURS, received_at=T0 + 60 + THREE_HOURS, dated_by_host=True)
    assert dated(dating, aged) == ([], [aged], []), "before the next look: nothing is dated by it"
    assert dating.doubt() == Doubt(0, 0, -THREE_HOURS)
    assert not dating.tells_time()
    dating.look(T0 + 60 + THREE_HOURS)
    assert dating.doubt() == Doubt(0, 0, -THREE_HOURS), "the same leap, once"
    dated(dating, a_set("nsp-0101", T0 + THREE_HOURS + 60, received_at=T0 + THREE_HOURS + 60))
    assert dating.doubt() is None
    unsteady = Dating(lambda: False, lambda: uptime[0])
    unsteady.look(T0)
    unsteady.look(T0 + THREE_HOURS)
    assert unsteady.doubt() is None, "a demo's time is made"


def test_a_host_that_was_off_for_a_while_is_no_leap() -> None:
    dating = Dating(lambda: False, steady=True)
    dating.ran_later(-THREE_HOURS)
    assert dating.doubt() is None
