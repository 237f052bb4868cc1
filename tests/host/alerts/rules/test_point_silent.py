from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.point_silent import PointSilentRule
from paraat.settings import Alerts
from tracker_bench import T0, Bench

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
