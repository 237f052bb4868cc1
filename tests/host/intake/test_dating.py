"""Whose time a set gets: its board's as it was sent, that of its arrival, or none yet."""

from typing import Any

from paraat.domain.model import Refusal, SampleSet
from paraat.domain.witnesses import AHEAD_S, HEARD_S, LISTEN_S, Doubt
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


def test_what_is_dated_anew_is_refused_by_its_topic_with_its_payload_and_how_many_there_are() -> None:
    ahead = [a_set("nsp-0102", T0 + THREE_HOURS, seq=seq) for seq in (1, 2)]
    right = a_set("nsp-0102", T0 - 5, seq=3)
    before = Refusal(topic="x", received_at=T0, reason="bad-json", detail="")
    (found,), _ = Dating().dated([Decoded(sets=[*ahead, right], refusals=[before])], [b"[1]"])
    assert [(one.seq, one.t, one.dated_by_host) for one in found.sets] == [
        (1, T0, True),
        (2, T0, True),
        (3, T0 - 5, False),
    ]
    assert found.refusals == [
        before,
        Refusal(
            topic="paraat/v1/nsp-0102/telemetry", received_at=T0, reason="bad-time", detail="bt", record="bt", payload=b"[1]", count=2,
        ),
    ]  # fmt: skip


def test_a_board_may_be_two_minutes_ahead() -> None:
    as_sent = a_set("nsp-0102", T0 + AHEAD_S)
    assert dated(Dating(), as_sent, a_set("nsp-0101", T0)) == ([as_sent, a_set("nsp-0101", T0)], [], [])


class Unkept:
    """Dating by a clock that nothing keeps right, as it said in the beginning."""

    def __init__(self, *, synchronised: bool | None = False) -> None:
        self.up_s = 500.0
        self.synchronised = synchronised
        self.dating = Dating(lambda: self.synchronised, lambda: self.up_s)

    def hears(self, *ahead_s: float) -> None:
        dated(self.dating, *(a_set(f"nsp-{n:04}", T0 + ahead) for n, ahead in enumerate(ahead_s)))


def test_boards_get_some_seconds_to_contradict_a_clock_that_nothing_keeps_right() -> None:
    here = Unkept()
    assert here.dating.synchronised is False
    assert not here.dating.tells_time()
    here.up_s += LISTEN_S
    assert here.dating.tells_time()
    here.dating.began()
    assert not here.dating.tells_time(), "the broker has them only now"
    here.hears(0.0)
    assert here.dating.tells_time(), "a board agrees"
    assert Unkept(synchronised=None).dating.tells_time()


def test_a_clock_that_says_less_than_at_the_last_run_is_doubted_until_somebody_says_that_it_is_right() -> None:
    here = Unkept()
    here.dating.ran_later(THREE_HOURS)
    here.up_s += LISTEN_S
    assert here.dating.doubt() == Doubt(0, 0, THREE_HOURS)
    assert not here.dating.tells_time()
    here.dating.confirm()
    assert here.dating.doubt() is None
    here.hears(THREE_HOURS, THREE_HOURS)
    assert here.dating.doubt() is None, "they are told the time now"
    here.up_s += HEARD_S + 1
    here.hears(THREE_HOURS, THREE_HOURS)
    assert here.dating.doubt() == Doubt(2, 2, THREE_HOURS), "and were told it long ago"


def test_a_clock_that_was_set_back_is_doubted_until_something_keeps_it_right() -> None:
    here = Unkept()
    here.dating.set_back(THREE_HOURS)
    assert here.dating.doubt() == Doubt(0, 0, THREE_HOURS)
    here.synchronised = True
    assert here.dating.doubt() is None
    here.hears(THREE_HOURS, THREE_HOURS)
    assert here.dating.doubt() is None, "they had that time from us"
    here.up_s += HEARD_S + 1
    here.hears(THREE_HOURS + 1, THREE_HOURS + 1)
    here.dating.set_back(0.0)
    assert here.dating.doubt() is None, "what they said was of the clock before"


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


def test_a_clock_that_goes_as_fast_as_the_other_did_not_leap_however_long_nobody_looked() -> None:
    uptime = [100.0]
    dating = Dating(lambda: False, lambda: uptime[0], steady=True)
    dating.look(T0)
    uptime[0] += THREE_HOURS
    dating.look(T0 + THREE_HOURS + AHEAD_S)
    assert dating.doubt() is None
    uptime[0] += 60
    dating.look(T0 + THREE_HOURS + 60 + 2 * AHEAD_S + 1)
    assert dating.doubt() == Doubt(0, 0, -AHEAD_S - 1)


def test_a_host_that_was_off_for_a_while_is_no_leap() -> None:
    dating = Dating(lambda: False, steady=True)
    dating.ran_later(-THREE_HOURS)
    assert dating.doubt() is None
