import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.fuel_gauge import FuelGaugeRule
from paraat.domain.thresholds import Alerts, FuelGauge
from tracker_bench import T0, Bench

RULE = FuelGaugeRule(Alerts())


def running(minutes: int, fall: float = 0.0) -> Bench:
    """400 l at 10 l/h by the record: the generator runs; the level falls by `fall` % a minute."""
    bench = Bench()
    for minute in range(minutes):
        bench.sees(T0 + 60 * minute, fuel__level=80 - fall * minute, power__mains=False, power__generator=True)
    return bench


def test_a_gauge_that_stands_still_while_the_generator_runs() -> None:
    bench = running(120)
    judged = RULE.judge(bench.view(T0 + 7141))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "warning", "firing")
    assert judged.detail["from_at"] == T0
    assert (judged.detail["percent"], judged.detail["data_t"]) == (pytest.approx(80), T0 + 7140)
    litres = judged.detail["wrong_l"]
    assert isinstance(litres, float)
    assert 18 < litres < 21
    assert RULE.judge(bench.view(T0 + 20_000)).verdict is Verdict.RAISE  # silence does not mend it
    assert RULE.for_role == "technician"


def test_a_level_that_rises_without_a_delivery() -> None:
    bench = Bench()
    for minute in range(120):
        bench.sees(T0 + 60 * minute, fuel__level=40 + minute / 12)
    judged = RULE.judge(bench.view(T0 + 7141))
    assert (judged.verdict, judged.wording) == (Verdict.RAISE, "rising")


def test_a_stop_of_the_generator_mends_no_gauge_and_a_level_that_falls_again_does() -> None:
    bench = running(120)
    for minute in range(120, 140):
        bench.sees(T0 + 60 * minute, fuel__level=80.0)
    assert RULE.judge(bench.view(T0 + 140 * 60)).verdict is Verdict.HOLD
    for minute in range(140, 260):
        bench.sees(T0 + 60 * minute, fuel__level=80 - (minute - 140) / 24, power__mains=False, power__generator=True)
    mended = RULE.judge(bench.view(T0 + 260 * 60))
    assert mended.verdict is Verdict.CLEAR
    assert mended.detail["percent"] == pytest.approx(75.0, abs=0.5)
    assert RULE.judge(bench.view(T0 + 260 * 60 + 3600)).verdict is Verdict.HOLD  # old figures clear nothing


def test_what_is_not_known_is_held() -> None:
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD
    assert RULE.judge(running(20).view(T0 + 1200)).verdict is Verdict.HOLD  # too short to see


def test_its_limit_is_that_of_the_site() -> None:
    rule = FuelGaugeRule(Alerts(fuel_gauge=FuelGauge(hold_s=7, stuck_s=3 * 3600, rise_percent=20)))
    assert rule.hold_s == 7
    assert rule.judge(running(120).view(T0 + 7141)).verdict is Verdict.HOLD
    assert rule.judge(running(200).view(T0 + 199 * 60)).verdict is Verdict.RAISE
    bench = Bench()
    for minute in range(120):
        bench.sees(T0 + 60 * minute, fuel__level=40 + minute / 12)
    assert rule.judge(bench.view(T0 + 7141)).verdict is Verdict.HOLD
