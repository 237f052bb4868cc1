from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.mains_out import MainsOutRule
from paraat.domain.thresholds import Alerts, MainsOut, Silent
from tracker_bench import BATTERY, T0, Bench

RULE = MainsOutRule(Alerts())


def test_the_mains_are_out_and_the_generator_runs() -> None:
    bench = Bench()
    bench.sees(T0)
    bench.sees(T0 + 60, power__mains=False, power__generator=True)
    view = bench.view(T0 + 61)
    judged = RULE.judge(view)
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "warning", "firing")
    assert view.autonomy is not None
    assert judged.detail == {"off_at": T0, "hours_low": view.autonomy.hours_low, "data_t": T0 + 60}
    assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.RAISE  # silent since
    assert RULE.for_role == "coordination"


def test_whether_the_generator_runs_is_said_not_to_be_known() -> None:
    bench = Bench()
    bench.sees(T0, without="power/generator", power__mains=False)
    judged = RULE.judge(bench.view(T0 + 1))
    assert (judged.verdict, judged.wording, judged.detail["off_at"]) == (Verdict.RAISE, "unknown", None)


def test_without_a_generator_another_rule_tells_it() -> None:
    bench = Bench()
    bench.sees(T0, power__mains=False)
    assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD


def test_it_clears_when_the_mains_are_back_and_not_in_silence() -> None:
    bench = Bench()
    bench.sees(T0)
    assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.CLEAR
    assert RULE.judge(bench.view(T0 + 1000)).verdict is Verdict.HOLD
    bench.sees(T0 + 60, {"power/mains": "silent"})
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site() -> None:
    rule = MainsOutRule(Alerts(mains_out=MainsOut(hold_s=7), point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    bench = Bench()
    bench.sees(T0)
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (50, 51)] == [Verdict.CLEAR, Verdict.HOLD]


def test_a_point_that_lives_on_its_battery_says_so_and_for_how_long() -> None:
    bench = Bench(tank=None, battery=BATTERY)
    bench.sees(T0, battery__charge=90.0)
    bench.sees(T0 + 60, power__mains=False, battery__charge=90.0)
    view = bench.view(T0 + 61)
    judged = RULE.judge(view)
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "warning", "battery")
    assert view.off_grid is not None
    assert judged.detail == {"off_at": T0, "battery_h": view.off_grid.hours_low, "data_t": T0 + 60}
    bench.sees(T0 + 900, power__mains=False)
    assert RULE.judge(bench.view(T0 + 901)).detail["battery_h"] is None
