"""A clock that was set back: what is dated behind it goes, and nothing else does."""

import msgspec

from paraat.domain.activation import Phase
from paraat.domain.model import NodeState, SampleSet
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from tracker_bench import POINT, PROFILE, T0, Bench

DAY_S = 86400.0
OTHER = msgspec.structs.replace(POINT, id="nsp-0102", name="Sporthal")


def state(t: float, *, online: bool = True) -> NodeState:
    return NodeState(point=POINT.id, received_at=t, retained=False, online=online)


def level(bench: Bench, t: float, percent: float) -> None:
    """A set with nothing in it but a level."""
    bench.seq += 1
    bench.tracker.apply(
        SampleSet(
            point=POINT.id, kind="telemetry", seq=bench.seq, t=t, received_at=t, values={"fuel/level": percent}, faults={}
        )
    )  # fmt: skip


def test_what_was_read_before_stays_and_what_hid_it_is_gone() -> None:
    bench = Bench()
    bench.sees(T0, received_at=T0, fuel__level=60.0)
    bench.tracker.apply_state(state(T0))
    level(bench, T0 + DAY_S, 10.0)
    bench.tracker.forget_after(T0 + 10)
    view = bench.view(T0 + 10)
    assert (view.data_t, view.heard_at, view.online) == (T0, T0, True)
    assert {name: latest.t for name, latest in view.latest.items()} == {"power/mains": T0, "power/generator": T0}
    assert view.litres is None


def test_of_exactly_that_moment_is_kept() -> None:
    bench = Bench()
    bench.sees(T0, received_at=T0)
    level(bench, T0 + DAY_S, 10.0)
    bench.tracker.forget_after(T0)
    assert bench.view(T0).data_t == T0
    assert set(bench.view(T0).latest) == {"power/mains", "power/generator"}


def test_a_board_whose_own_clock_ran_ahead_was_heard_all_the_same() -> None:
    bench = Bench()
    bench.sees(T0 + DAY_S, received_at=T0)
    bench.tracker.forget_after(T0 + 10)
    view = bench.view(T0 + 10)
    assert view.heard_at == T0
    assert view.data_t is None
    assert view.latest == {}


def test_a_sign_of_life_out_of_the_future_is_none_but_the_last_figures_are() -> None:
    bench = Bench()
    bench.sees(T0, received_at=T0)
    bench.tracker.apply_state(state(T0 + DAY_S))
    assert bench.view(T0 + 400).heard_at == T0 + DAY_S
    bench.tracker.forget_after(T0 + 400)
    view = bench.view(T0 + 400)
    assert view.heard_at == T0
    assert view.reasons == ("silent",)
    assert view.node is not None
    assert view.node.received_at == T0 + 400, "a state that comes now is newer"


def test_it_may_be_of_one_point_alone() -> None:
    both = Tracker(
        {POINT.id: POINT, OTHER.id: OTHER},
        Alerts(),
        profiles={POINT.id: PROFILE, OTHER.id: PROFILE},
        since=T0,
        counts=lambda _: (0, 0),
    )
    for point in (POINT.id, OTHER.id):
        both.apply(
            SampleSet(
                point=point, kind="telemetry", seq=1, t=T0 + 60, received_at=T0 + 60, values={"power/mains": True}, faults={}
            )
        )  # fmt: skip
    both.forget_after(T0, POINT.id)
    assert both.view(POINT.id, T0).data_t is None
    assert both.view(OTHER.id, T0).data_t == T0 + 60
    both.forget_after(T0, "nsp-9999")  # not expected any more
    assert both.view(OTHER.id, T0).data_t == T0 + 60
    both.forget_after(T0)
    assert both.view(OTHER.id, T0).data_t is None


def turned(bench: Bench, t: float, on: bool) -> None:
    bench.sees(t, received_at=t, point__open=on)


def test_a_key_that_was_turned_in_the_future_was_not() -> None:
    bench = Bench()
    turned(bench, T0, False)
    turned(bench, T0 + DAY_S, True)
    bench.tracker.forget_after(T0 + 10)
    turned(bench, T0 + 20, False)
    assert bench.view(T0 + 30).activation.phase is Phase.STANDBY, "nothing was opened that this could close"


def test_a_key_that_was_turned_before_still_was() -> None:
    bench = Bench()
    turned(bench, T0, True)
    bench.sees(T0 + DAY_S, point__open=True)
    assert bench.view(T0 + DAY_S).activation.phase is Phase.OPERATIONAL
    bench = Bench()
    turned(bench, T0, True)
    bench.tracker.apply_state(state(T0 + DAY_S))
    bench.tracker.forget_after(T0)
    assert bench.view(T0 + 10).activation.phase is Phase.OPERATIONAL
    turned(bench, T0 + 20, False)
    assert bench.view(T0 + 30).activation.phase is Phase.CLOSING


def test_when_the_host_began_is_never_after_now() -> None:
    bench = Bench()
    bench.tracker.begin(T0 + DAY_S)
    assert bench.view(T0).watched_since == T0 + DAY_S
    bench.tracker.forget_after(T0 + 5)
    assert bench.view(T0 + 5).watched_since == T0 + 5
    bench.tracker.forget_after(T0 + 9)
    assert bench.view(T0 + 9).watched_since == T0 + 5
