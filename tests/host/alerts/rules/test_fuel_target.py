"""Hours against what the profile asks: PROFILE of the bench asks 12, and 400 l at 10 l/h by the record are 31 when cautious."""

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.fuel_target import FuelTargetRule
from paraat.domain.points import Tank
from paraat.domain.thresholds import Alerts, FuelTarget, LowFuel
from tracker_bench import POINT, T0, Bench

RULE = FuelTargetRule(Alerts(low_fuel=LowFuel(raise_percent=5, clear_percent=10)))


def judged_at(level: float, tank: Tank = POINT.tank, rule: FuelTargetRule = RULE) -> Verdict:
    bench = Bench(tank)
    bench.sees(T0, fuel__level=level)
    return rule.judge(bench.view(T0 + 1)).verdict


def test_it_raises_below_nine_tenths_of_the_hours_and_clears_at_all_of_them() -> None:
    # 13 l/h is the cautious rate: 35.1 % is 10.8 h, 39 % is 12 h.
    assert [judged_at(level) for level in (34.0, 35.0, 36.0, 38.0, 40.0)] == [
        Verdict.RAISE,
        Verdict.RAISE,
        Verdict.HOLD,
        Verdict.HOLD,
        Verdict.CLEAR,
    ]


def test_it_is_a_warning_for_who_plans_the_refuel_round_with_the_hours() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=30.0)
    judged = RULE.judge(bench.view(T0 + 1))
    assert (judged.severity, RULE.for_role) == ("warning", "coordination")
    assert (judged.detail["target_h"], judged.detail["litres"]) == (12.0, 120.0)


def test_a_tank_that_cannot_hold_the_hours_is_enough_when_it_is_full() -> None:
    small = Tank(capacity_l=100, burn_l_per_h=10)  # 7.7 h when full
    assert judged_at(100.0, small) is Verdict.CLEAR
    assert judged_at(50.0, small) is Verdict.RAISE


def test_in_a_blackout_the_hours_go_down_by_themselves() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=20.0, power__mains=False, power__generator=True)
    assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD


def test_silence_and_a_gauge_at_fault_hold_it() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=90.0)
    assert RULE.judge(bench.view(T0 + 3600)).verdict is Verdict.HOLD
    bench.sees(T0 + 3600, {"fuel/level": "silent"})
    assert RULE.judge(bench.view(T0 + 3601)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_what_low_fuel_tells_is_not_told_twice() -> None:
    assert judged_at(15.0, rule=FuelTargetRule(Alerts())) is Verdict.HOLD


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    alerts = Alerts(fuel_target=FuelTarget(raise_percent=50, clear_percent=60, hold_s=7))
    rule = FuelTargetRule(alerts)
    assert rule.hold_s == 7
    assert [judged_at(level, rule=rule) for level in (22.0, 30.0)] == [Verdict.HOLD, Verdict.CLEAR]
    own = FuelTargetRule(alerts, {POINT.id: Alerts(fuel_target=FuelTarget(raise_percent=80))})
    assert judged_at(22.0, rule=own) is Verdict.RAISE
