from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.board_restarts import BoardRestartsRule
from paraat.domain.model import NodeState
from paraat.domain.thresholds import Alerts, BoardRestarts
from tracker_bench import POINT, T0, Bench

RULE = BoardRestartsRule(Alerts())
HOUR = 3600.0


def starting(*minutes: int) -> Bench:
    """A board that is heard, and starts at these minutes."""
    bench = Bench()
    for boot, minute in enumerate((0, *minutes)):
        bench.sees(T0 + 60 * minute)
        bench.tracker.apply_state(
            NodeState(point=POINT.id, received_at=T0 + 60 * minute, retained=False, online=True, boot=boot, reset="wdt")
        )
    return bench


def test_four_starts_in_an_hour_are_told_to_the_technician() -> None:
    assert RULE.judge(starting(10, 20, 30).view(T0 + 2400)).verdict is Verdict.HOLD
    judged = RULE.judge(starting(10, 20, 30, 40).view(T0 + 2401))
    assert (judged.verdict, judged.severity, RULE.for_role) == (Verdict.RAISE, "warning", "technician")
    assert judged.detail == {"starts": 4, "first_at": T0 + 600, "data_t": T0 + 2400, "reset": "wdt"}


def test_a_board_that_connects_anew_has_not_started() -> None:
    bench = starting()
    for minute in range(1, 9):
        state = NodeState(point=POINT.id, received_at=T0 + 60 * minute, retained=False, online=True, boot=0)
        bench.tracker.apply_state(state)
    assert bench.view(T0 + 600).starts == ()


def test_it_clears_when_the_board_is_heard_and_keeps_running() -> None:
    bench = starting(10, 20, 30, 40)
    later = T0 + 40 * 60 + HOUR + 1
    assert RULE.judge(bench.view(later)).verdict is Verdict.HOLD  # silent
    bench.sees(later)
    assert RULE.judge(bench.view(later)).verdict is Verdict.CLEAR


def test_a_host_that_has_just_started_may_have_missed_some() -> None:
    bench = starting()
    assert RULE.judge(bench.view(T0 + 10)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    alerts = Alerts(board_restarts=BoardRestarts(raise_times=2, within_s=700, hold_s=7))
    rule = BoardRestartsRule(alerts)
    assert rule.hold_s == 7
    assert rule.judge(starting(10, 20).view(T0 + 1200)).verdict is Verdict.RAISE
    assert rule.judge(starting(10, 20).view(T0 + 1301)).verdict is Verdict.CLEAR
    own = BoardRestartsRule(alerts, {POINT.id: Alerts(board_restarts=BoardRestarts(raise_times=5))})
    assert own.judge(starting(10, 20).view(T0 + 1200)).verdict is Verdict.HOLD


def test_how_many_starts_end_it_is_a_setting() -> None:
    bench = starting(10, 20, 30, 40, 95)
    bench.sees(T0 + 100 * 60 + 2)
    for again, verdict in ((0, Verdict.HOLD), (1, Verdict.CLEAR)):
        rule = BoardRestartsRule(Alerts(board_restarts=BoardRestarts(again_times=again)))
        assert rule.judge(bench.view(T0 + 100 * 60 + 3)).verdict is verdict, again
