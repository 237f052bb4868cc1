from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.generator_stopped import GeneratorStoppedRule
from paraat.domain.thresholds import Alerts, GeneratorStopped, Silent
from tracker_bench import BATTERY, T0, Bench

RULE = GeneratorStoppedRule(Alerts())


def ran(**after: bool) -> Bench:
    """It ran without mains for a minute; then `after`."""
    bench = Bench()
    bench.sees(T0)
    bench.sees(T0 + 60, power__mains=False, power__generator=True)
    bench.sees(T0 + 120, power__mains=False, power__generator=True)
    bench.sees(T0 + 180, **{"power__mains": False, "power__generator": False} | after)
    return bench


def test_it_stops_while_the_mains_are_out() -> None:
    bench = ran()
    judged = RULE.judge(bench.view(T0 + 181))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "critical", "firing")
    assert judged.detail == {"stopped_at": T0 + 120, "data_t": T0 + 180, "percent": 60.0}
    assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.RAISE  # silent since


def test_it_stops_and_nobody_knows_of_the_mains() -> None:
    bench = ran(power__generator=True)
    for minute in range(4, 12):
        bench.sees(T0 + 60 * minute, without="power/mains", power__generator=True)
    bench.sees(T0 + 720, without="power/mains")
    judged = RULE.judge(bench.view(T0 + 721))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "warning", "unknown")
    assert judged.rank < RULE.judge(ran().view(T0 + 181)).rank


def test_it_runs_again_or_the_mains_are_back() -> None:
    for back in ({"power__mains": True}, {"power__generator": True}):
        bench = ran(**back)
        assert RULE.judge(bench.view(T0 + 181)).verdict is Verdict.CLEAR
        assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.HOLD


def test_the_end_of_a_test_run_is_no_such_stop() -> None:
    bench = Bench()
    bench.sees(T0)
    bench.sees(T0 + 60, power__generator=True)
    bench.sees(T0 + 120)
    assert RULE.judge(bench.view(T0 + 121)).verdict is Verdict.CLEAR
    bench.sees(T0 + 180, power__mains=False)  # a blackout later: it does not start, which another rule tells
    assert RULE.judge(bench.view(T0 + 181)).verdict is Verdict.HOLD


def test_a_point_whose_mains_are_not_measured_is_not_judged() -> None:
    bench = Bench()
    bench.sees(T0, without="power/mains", power__generator=True)
    bench.sees(T0 + 60, without="power/mains")
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site() -> None:
    rule = GeneratorStoppedRule(Alerts(generator_stopped=GeneratorStopped(hold_s=7), point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    bench = ran(power__mains=True)
    assert [rule.judge(bench.view(T0 + 180 + t)).verdict for t in (50, 51)] == [Verdict.CLEAR, Verdict.HOLD]


def test_where_there_is_no_generator_none_is_down() -> None:
    bench = Bench(tank=None, battery=BATTERY)
    bench.sees(T0, power__generator=True)
    bench.sees(T0 + 60, power__mains=False)
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.CLEAR
