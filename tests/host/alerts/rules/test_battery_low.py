import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.battery_low import BatteryLowRule
from paraat.domain.model import Value
from paraat.domain.thresholds import Alerts, BatteryLow, Silent
from tracker_bench import BATTERY, POINT, T0, Bench

RULE = BatteryLowRule(Alerts())


def judged(rule: BatteryLowRule = RULE, age_s: float = 1.0, **values: Value) -> Verdict:
    bench = Bench()
    bench.sees(T0, **values)
    return rule.judge(bench.view(T0 + age_s)).verdict


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"battery__voltage": 12.8}, Verdict.CLEAR),
        ({"battery__voltage": 12.4}, Verdict.CLEAR),
        ({"battery__voltage": 12.39}, Verdict.HOLD),
        ({"battery__voltage": 11.8}, Verdict.HOLD),
        ({"battery__voltage": 11.79}, Verdict.RAISE),
        ({"battery__charge": 29.9}, Verdict.RAISE),
        ({"battery__charge": 30.0}, Verdict.HOLD),
        ({"battery__charge": 40.0}, Verdict.CLEAR),
        ({"battery__charge": 80.0, "battery__voltage": 12.0}, Verdict.HOLD),
        ({"battery__charge": 80.0, "battery__voltage": 11.0}, Verdict.RAISE),
        ({"battery__voltage": 12.8, "battery__voltage__radio": 11.0}, Verdict.RAISE),
        ({}, Verdict.HOLD),
    ],
)
def test_by_charge_and_by_volts_of_the_lowest(values: dict[str, Value], expected: Verdict) -> None:
    assert judged(**values) is expected


def test_without_mains_it_is_critical_and_with_them_a_warning() -> None:
    found = []
    for mains in (True, False):
        bench = Bench()
        bench.sees(T0, battery__voltage=11.0, power__mains=mains)
        found.append(RULE.judge(bench.view(T0 + 1)))
    assert [(one.severity, one.wording) for one in found] == [("warning", "firing"), ("critical", "outage")]
    assert found[0].detail == {"percent": None, "volts": 11.0, "data_t": T0}


def test_silence_raises_by_the_last_word_and_clears_nothing() -> None:
    assert judged(age_s=4000, battery__voltage=11.0) is Verdict.RAISE
    assert judged(age_s=4000, battery__voltage=13.0) is Verdict.HOLD


def test_one_at_fault_may_be_the_low_one() -> None:
    bench = Bench()
    bench.sees(T0, {"battery/charge": "silent"}, battery__voltage=13.0)
    assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    limits = BatteryLow(raise_percent=50, clear_percent=60, raise_v=23.6, clear_v=24.8, hold_s=7)
    rule = BatteryLowRule(Alerts(battery_low=limits, point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    assert judged(rule, battery__voltage=23.0) is Verdict.RAISE
    assert judged(rule, battery__charge=55.0) is Verdict.HOLD
    assert judged(rule, age_s=51, battery__charge=61.0) is Verdict.HOLD
    own = BatteryLowRule(Alerts(), {POINT.id: Alerts(battery_low=limits)})
    assert judged(own, battery__charge=49.0) is Verdict.RAISE


def test_where_there_is_no_generator_none_is_to_be_started() -> None:
    bench = Bench(tank=None, battery=BATTERY)
    bench.sees(T0, power__mains=False, battery__charge=20.0)
    found = RULE.judge(bench.view(T0 + 1))
    assert (found.verdict, found.severity, found.wording) == (Verdict.RAISE, "critical", "alone")
