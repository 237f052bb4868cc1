import msgspec

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.fuel_loss import FuelLossRule
from paraat.domain.fuel_events import LEAK, THEFT, FuelEvent
from paraat.domain.readiness import Verdict as PointVerdict
from paraat.domain.thresholds import Alerts, FuelLoss, Silent
from tracker_bench import POINT, T0, Bench

RULE = FuelLossRule(Alerts())


def leaking(minutes: int) -> Bench:
    """Mains on, generator off, a 400 l tank of 80 %; from the second hour on 5 % less an hour."""
    bench = Bench()
    for minute in range(minutes):
        bench.sees(T0 + 60 * minute, fuel__level=80 - max(0, minute - 60) / 12)
    return bench


def test_a_leak_in_standby_is_told_within_the_hour_with_litres_and_since_when() -> None:
    judged = RULE.judge(leaking(118).view(T0 + 118 * 60))
    assert judged.verdict is Verdict.RAISE
    assert judged.severity == "critical"
    litres, since = judged.detail["lost_l"], judged.detail["fell_at"]
    assert isinstance(litres, float)
    assert isinstance(since, float)
    assert 12 < litres < 22
    assert abs(since - (T0 + 3600)) < 900


def test_it_is_told_while_the_point_is_silent_and_not_cleared_by_silence() -> None:
    bench = leaking(118)
    assert RULE.judge(bench.view(T0 + 20_000)).verdict is Verdict.RAISE
    assert RULE.judge(leaking(50).view(T0 + 20_000)).verdict is Verdict.HOLD


def test_a_tank_at_rest_is_clear_and_one_that_is_not_known_is_held() -> None:
    assert RULE.judge(leaking(50).view(T0 + 3000)).verdict is Verdict.CLEAR
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_a_generator_that_runs_loses_nothing() -> None:
    bench = Bench()
    for minute in range(120):
        bench.sees(T0 + 60 * minute, fuel__level=80 - minute / 24, power__mains=False, power__generator=True)
    assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.CLEAR


def test_a_gauge_that_does_not_move_while_the_generator_runs_is_not_fine() -> None:
    bench = Bench()
    for minute in range(120):
        bench.sees(T0 + 60 * minute, fuel__level=80.0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 7200)
    assert view.verdict is PointVerdict.UNKNOWN
    assert view.reasons == ("fuel-doubtful",)


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    rule = FuelLossRule(Alerts(fuel_loss=FuelLoss(raise_litres=30, hold_s=7), point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    view = leaking(118).view(T0 + 118 * 60)
    assert rule.judge(view).verdict is not Verdict.RAISE
    own = FuelLossRule(Alerts(fuel_loss=FuelLoss(raise_litres=30)), {POINT.id: Alerts()})
    assert own.judge(view).verdict is Verdict.RAISE
    part = FuelLossRule(Alerts(fuel_loss=FuelLoss(raise_percent=10)))  # 40 l
    assert part.judge(view).verdict is not Verdict.RAISE
    short = FuelLossRule(Alerts(fuel_loss=FuelLoss(told_h=1)))
    long_ago = FuelEvent(kind=LEAK, since=T0 - 7200, until=T0 - 4000, litres=20.0)
    after = msgspec.structs.replace(leaking(1).view(T0), fuel_events=(long_ago,))
    assert [one.judge(after).verdict for one in (RULE, short)] == [Verdict.RAISE, Verdict.CLEAR]
    rest = leaking(50)
    assert [rule.judge(rest.view(T0 + 49 * 60 + t)).verdict for t in (50, 51)] == [Verdict.CLEAR, Verdict.HOLD]


def test_a_theft_is_told_for_its_day_also_when_a_start_of_the_host_no_longer_reads_it_back() -> None:
    view = leaking(50).view(T0 + 3000)
    assert RULE.judge(view).verdict is Verdict.CLEAR
    theft = FuelEvent(kind=THEFT, since=T0 - 43_300, until=T0 - 43_200, litres=60.0)
    judged = RULE.judge(msgspec.structs.replace(view, fuel_log=(theft,)))
    assert (judged.verdict, judged.detail["lost_l"]) == (Verdict.RAISE, 60.0)
