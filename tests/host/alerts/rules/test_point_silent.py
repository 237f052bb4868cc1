from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.point_silent import PointSilentRule
from paraat.domain.model import NodeState
from paraat.domain.thresholds import Alerts, Silent
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


def test_it_is_a_warning_and_says_when_the_point_was_heard() -> None:
    bench = Bench()
    bench.sees(T0)
    heard, silent, starting = (
        RULE.judge(bench.view(T0 + 9)),
        RULE.judge(bench.view(T0 + 400)),
        RULE.judge(Bench().view(T0)),
    )
    assert {judged.severity for judged in (heard, silent, starting)} == {"warning"}
    assert heard.detail == silent.detail == {"heard_at": T0}


def test_its_limits_are_those_of_the_site() -> None:
    rule = PointSilentRule(Alerts(point_silent=Silent(after_s=50, hold_s=7)))
    assert rule.hold_s == 7
    bench = Bench()
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (50, 51)] == [Verdict.HOLD, Verdict.RAISE]
    bench.sees(T0 + 60)
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (110, 111)] == [Verdict.CLEAR, Verdict.RAISE]
