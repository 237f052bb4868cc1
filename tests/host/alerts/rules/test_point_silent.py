from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.point_silent import PointSilentRule
from paraat.domain.model import NodeState
from paraat.domain.thresholds import Alerts
from tracker_bench import POINT, T0, Bench

RULE = PointSilentRule(Alerts())


def test_a_point_that_is_heard_is_clear_until_the_limit() -> None:
    bench = Bench()
    bench.sees(T0)
    assert RULE.judge(bench.view(T0 + 300)).verdict is Verdict.CLEAR
    assert RULE.judge(bench.view(T0 + 301)).verdict is Verdict.RAISE


def test_a_point_that_was_never_heard_raises_after_the_limit() -> None:
    bench = Bench()
    assert RULE.judge(bench.view(T0 + 299)).verdict is Verdict.HOLD
    judged = RULE.judge(bench.view(T0 + 301))
    assert judged.verdict is Verdict.RAISE
    assert judged.detail["heard_at"] is None


def test_after_a_restart_a_point_gets_its_time_to_speak_up() -> None:
    bench = Bench()
    bench.sees(T0 - 86400)
    assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD
    assert RULE.judge(bench.view(T0 + 301)).verdict is Verdict.RAISE


def test_a_backlog_alone_is_no_sign_of_life() -> None:
    bench = Bench()
    bench.sees(T0, received_at=T0 + 4000)
    assert RULE.judge(bench.view(T0 + 4001)).verdict is Verdict.RAISE


def test_a_board_that_only_says_hello_is_silent() -> None:
    bench = Bench()
    bench.sees(T0)
    for minute in range(20):
        state = NodeState(point=POINT.id, received_at=T0 + 60 * minute, retained=False, online=True)
        bench.tracker.apply_state(state)
    judged = RULE.judge(bench.view(T0 + 1200))
    assert judged.verdict is Verdict.RAISE
    assert judged.detail["heard_at"] == T0
    bench.sees(T0 + 1200)
    assert RULE.judge(bench.view(T0 + 1201)).verdict is Verdict.CLEAR
