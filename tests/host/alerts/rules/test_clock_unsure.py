import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.clock_unsure import ClockUnsureRule
from paraat.domain.model import NodeState
from paraat.domain.thresholds import Alerts, ClockUnsure
from tracker_bench import POINT, T0, Bench

RULE = ClockUnsureRule(Alerts())


def telling(clock: str | None, online: bool = True) -> Bench:
    bench = Bench()
    bench.sees(T0)
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=T0, retained=False, online=online, clock=clock))
    return bench


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("none", Verdict.RAISE),
        ("stored", Verdict.RAISE),
        ("rtc", Verdict.CLEAR),
        ("ntp", Verdict.CLEAR),
        ("host", Verdict.CLEAR),
        (None, Verdict.HOLD),  # older firmware
        ("sundial", Verdict.HOLD),  # newer firmware
    ],
)
def test_by_where_the_board_has_its_time_from(clock: str | None, expected: Verdict) -> None:
    judged = RULE.judge(telling(clock).view(T0 + 1))
    assert (judged.verdict, judged.severity) == (expected, "warning")


def test_a_board_that_is_away_cannot_get_the_time_and_is_held() -> None:
    for clock in ("none", "host"):
        assert RULE.judge(telling(clock, online=False).view(T0 + 1)).verdict is Verdict.HOLD
        assert RULE.judge(telling(clock).view(T0 + 400)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_it_is_held_from_the_moment_that_the_point_is_silent() -> None:
    after_s = Alerts().point_silent.after_s
    assert RULE.judge(telling("none").view(T0 + after_s)).verdict is Verdict.RAISE
    assert RULE.judge(telling("none").view(T0 + after_s + 0.1)).verdict is Verdict.HOLD


def test_its_limit_is_that_of_the_site_and_its_man_the_technician() -> None:
    assert (ClockUnsureRule(Alerts(clock_unsure=ClockUnsure(hold_s=7))).hold_s, RULE.for_role) == (7, "technician")
