from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.generator_long import GeneratorLongRule
from paraat.domain.thresholds import Alerts, GeneratorLong, Silent
from tracker_bench import POINT, T0, Bench

RULE = GeneratorLongRule(Alerts())
HOUR = 3600.0


def running(hours: float, mains: bool) -> Bench:
    bench = Bench()
    for minute in range(int(hours * 60) + 1):
        bench.sees(T0 + 60 * minute, power__mains=mains, power__generator=True)
    return bench


def test_a_test_that_nobody_ended() -> None:
    assert RULE.judge(running(2, mains=True).view(T0 + 2 * HOUR)).verdict is Verdict.HOLD
    judged = RULE.judge(running(2.1, mains=True).view(T0 + 2.1 * HOUR))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "warning", "firing")
    assert judged.detail["ran_from_at"] == T0


def test_in_an_outage_it_runs_for_a_day_before_its_oil_is_looked_at() -> None:
    assert RULE.judge(running(5, mains=False).view(T0 + 5 * HOUR)).verdict is Verdict.HOLD
    judged = RULE.judge(running(24.1, mains=False).view(T0 + 24.1 * HOUR))
    assert (judged.verdict, judged.wording) == (Verdict.RAISE, "outage")


def test_after_an_outage_the_time_beside_the_mains_counts_alone() -> None:
    bench = running(5, mains=False)
    for minute in range(301, 425):
        bench.sees(T0 + 60 * minute, power__mains=True, power__generator=True)
        judged = RULE.judge(bench.view(T0 + 60 * minute))
        assert judged.verdict is (Verdict.RAISE if minute > 420 else Verdict.HOLD), minute
    assert judged.detail["ran_from_at"] == T0


def test_it_clears_when_it_is_off_and_not_when_nobody_knows() -> None:
    bench = running(3, mains=True)
    assert RULE.judge(bench.view(T0 + 4 * HOUR)).verdict is Verdict.HOLD  # silent
    bench.sees(T0 + 3 * HOUR + 60, without="power/generator")
    assert RULE.judge(bench.view(T0 + 4 * HOUR)).verdict is Verdict.HOLD
    bench.sees(T0 + 3 * HOUR + 120)
    assert RULE.judge(bench.view(T0 + 3 * HOUR + 121)).verdict is Verdict.CLEAR
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    alerts = Alerts(generator_long=GeneratorLong(mains_h=0.5, outage_h=1, hold_s=7), point_silent=Silent(after_s=50))
    rule = GeneratorLongRule(alerts)
    assert rule.hold_s == 7
    view = running(1, mains=True).view(T0 + HOUR)
    assert rule.judge(view).verdict is Verdict.RAISE
    assert rule.judge(running(1.1, mains=False).view(T0 + 1.1 * HOUR)).verdict is Verdict.RAISE
    own = GeneratorLongRule(alerts, {POINT.id: Alerts(generator_long=GeneratorLong(mains_h=3))})
    assert own.judge(view).verdict is Verdict.HOLD
