"""Which of several hosts serves: one, whatever the order in which they hear of each other."""

import pytest

from paraat.intake.lease import ALONE_AFTER_S, BEAT_S, EXPIRES_S, SETTLES_S, WITHIN_S, Lease


def looked(*, spare: bool = False, at_s: float = 0.0) -> Lease:
    lease = Lease("me", spare=spare)
    lease.looked(at_s)
    return lease


def test_who_finds_no_lease_serves_at_once_and_a_spare_host_leaves_others_the_time_to_say_so() -> None:
    assert not Lease("me").serves(0.0), "it has not looked yet"
    assert looked().serves(0.0)
    spare = looked(spare=True)
    assert not spare.serves(EXPIRES_S - 1)
    assert spare.serves(EXPIRES_S)


def test_who_finds_another_waits_until_that_one_is_gone() -> None:
    lease = Lease("me")
    lease.heard("other", "cp-2", 0.0)
    lease.looked(0.5)
    assert (lease.serves(1.0), lease.other(1.0)) == (False, "cp-2")
    for beat in range(1, 9):
        lease.heard("other", "cp-2", BEAT_S * beat)
        assert not lease.serves(BEAT_S * beat)
    gone_s = BEAT_S * 8 + EXPIRES_S
    assert not lease.serves(gone_s)
    assert lease.serves(gone_s + 1), "a lease that nobody says again is nobody's"


def test_a_lease_that_is_taken_back_is_free_after_its_holder_could_come_back() -> None:
    lease = Lease("me")
    lease.heard("other", "cp-2", 0.0)
    lease.looked(0.5)
    lease.heard("", "", 100.0)
    assert not lease.serves(100.0 + SETTLES_S - 1)
    lease.heard("other", "cp-2", 100.0 + SETTLES_S - 1)
    assert not lease.serves(100.0 + SETTLES_S)
    lease.heard("", "", 200.0)
    assert lease.serves(200.0 + SETTLES_S)


def test_that_there_is_no_lease_keeps_nobody_waiting_who_knew_of_none() -> None:
    lease = Lease("me")
    lease.heard("", "", 0.0)
    lease.looked(0.5)
    assert lease.serves(0.5)


def test_who_serves_says_its_lease_again_when_it_is_taken_back_and_yields_to_another() -> None:
    lease = looked()
    assert lease.serves(0.0)
    assert not lease.heard("me", "cp-1", 1.0)
    assert lease.heard("", "", 2.0), "the will of our own connection before"
    assert lease.serves(3.0)
    lease.heard("other", "cp-2", 4.0)
    assert not lease.serves(4.0)
    assert not lease.heard("", "", 5.0)


def test_a_lease_that_a_killed_broker_kept_throws_nobody_off_and_a_live_one_does() -> None:
    lease = looked()
    assert lease.serves(0.0)
    lease.look()
    lease.kept("gone", "cp-0", 10.0)
    assert lease.serves(10.0)
    lease.heard("other", "cp-2", 11.0)
    assert not lease.serves(11.0)
    fresh = Lease("me")
    fresh.kept("other", "cp-2", 0.0)
    fresh.looked(0.5)
    assert not fresh.serves(1.0), "who does not serve yet leaves it the time to be said again"


def test_who_lost_the_broker_looks_again_before_it_takes_anothers_place() -> None:
    lease = Lease("me")
    lease.heard("other", "cp-2", 0.0)
    lease.looked(0.5)
    lease.look()
    assert not lease.serves(1000.0)
    lease.looked(1000.0)
    assert not lease.serves(1000.0 + EXPIRES_S - 1), "it may have lost the broker as we did"
    assert lease.serves(1000.0 + EXPIRES_S)
    serving = looked()
    assert serving.serves(0.0)
    serving.look()
    assert serving.serves(1000.0), "who serves goes on"


@pytest.mark.parametrize(
    ("thrown_off_s", "told"),
    [((), 0), ((0.0,), 0), ((0.0, 1.0), 2), ((0.0, WITHIN_S + 1), 0), ((0.0, 100.0, 110.0), 3)],
)
def test_a_takeover_is_recognised_after_the_second(thrown_off_s: tuple[float, ...], told: int) -> None:
    lease = looked()
    for t in thrown_off_s:
        lease.thrown_off(t)
    last = max(thrown_off_s, default=0.0)
    assert lease.takeovers(last) == told
    assert lease.takeovers(last + ALONE_AFTER_S + 1) == 0


def test_a_broker_that_ends_both_connections_is_no_takeover() -> None:
    lease = looked()
    for t in (0.0, 10.0, 20.0):
        lease.thrown_off(t)
        lease.broker_gone(t + 0.1)
    assert lease.takeovers(20.2) == 0
