from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.sensor_fault import SensorFaultRule
from paraat.domain.thresholds import Alerts, SensorFault, Silent
from tracker_bench import T0, Bench

RULE = SensorFaultRule(Alerts())


def test_a_fault_is_a_warning_for_the_technician_and_names_the_sensor() -> None:
    bench = Bench()
    bench.sees(T0, {"fuel/level": "silent", "climate/temperature/hall": "crc"})
    judged = RULE.judge(bench.view(T0 + 1))
    assert (judged.verdict, judged.severity, RULE.for_role) == (Verdict.RAISE, "warning", "technician")
    assert judged.detail == {"sensors": "climate/temperature/hall:crc, fuel/level:silent", "data_t": T0}
    assert judged.rank == 2.0


def test_it_clears_when_all_of_them_measure_again() -> None:
    bench = Bench()
    bench.sees(T0, {"fuel/level": "silent", "battery/voltage": "bus"})
    bench.sees(T0 + 60, {"battery/voltage": "bus"})
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.RAISE
    bench.sees(T0 + 120, battery__voltage=12.5)
    assert RULE.judge(bench.view(T0 + 121)).verdict is Verdict.CLEAR


def test_silence_and_a_sensor_that_is_told_of_no_more_hold_it() -> None:
    bench = Bench()
    bench.sees(T0, {"battery/voltage": "bus"})
    assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.RAISE  # the last word of a silent point
    for minute in range(1, 10):
        bench.sees(T0 + 60 * minute)
    assert RULE.judge(bench.view(T0 + 541)).verdict is Verdict.HOLD
    fine = Bench()
    fine.sees(T0)
    assert RULE.judge(fine.view(T0 + 7200)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_a_meter_without_mains_and_a_clock_that_is_not_sure_are_no_faults_of_a_sensor() -> None:
    bench = Bench()
    bench.sees(T0, {"power/mains": "silent", "power/load": "silent", "node/clock": "unsure"})
    assert RULE.judge(bench.view(T0 + 1)).verdict is not Verdict.RAISE
    bench.sees(T0 + 60, {"power/mains": "silent"}, power__generator=True)  # it has power, and yet says nothing
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.RAISE


def test_its_limits_are_those_of_the_site() -> None:
    rule = SensorFaultRule(Alerts(sensor_fault=SensorFault(hold_s=7), point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    bench = Bench()
    bench.sees(T0)
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (50, 51)] == [Verdict.CLEAR, Verdict.HOLD]
