"""A point without any power must be told of, whoever measures its mains."""

import msgspec

from paraat.alerts.engine import Engine
from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.generator_down import GeneratorDownRule
from paraat.domain.model import BatteryLeft
from paraat.domain.thresholds import Alerts, GeneratorDown, Silent
from tracker_bench import BATTERY, T0, Bench

RULE = GeneratorDownRule(Alerts())


def blackout(minutes: int = 2) -> Bench:
    bench = Bench()
    bench.sees(T0)
    for minute in range(1, minutes + 1):
        bench.sees(T0 + 60 * minute, power__mains=False)
    return bench


def test_no_mains_and_no_generator_is_critical_and_says_since_when() -> None:
    bench = blackout()
    view = msgspec.structs.replace(bench.view(T0 + 121), battery=BatteryLeft(hours=9.0, load_w=20, source="record"))
    judged = RULE.judge(view)
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "critical", "firing")
    assert judged.detail == {"off_at": T0, "battery_h": 9.0, "data_t": T0 + 120}
    assert RULE.judge(bench.view(T0 + 121)).detail["battery_h"] is None


def test_it_is_told_within_two_minutes_of_the_set_that_says_so() -> None:
    bench, engine = blackout(0), Engine({"generator_down": RULE})
    bench.sees(T0 + 60, power__mains=False)
    told = [t for t in range(61, 200, 5) if any(s.announce for s in engine.step(T0 + t, [bench.view(T0 + t)]))]
    assert told
    assert told[0] <= 60 + 60
    assert told[0] > 61 + 30  # a generator needs half a minute to start


def test_either_of_them_ends_it() -> None:
    for back in ({"power__mains": True}, {"power__mains": False, "power__generator": True}):
        bench = blackout()
        bench.sees(T0 + 180, **back)
        assert RULE.judge(bench.view(T0 + 181)).verdict is Verdict.CLEAR
        assert RULE.judge(bench.view(T0 + 1000)).verdict is not Verdict.CLEAR  # silence is no power


def test_silence_does_not_end_it_and_the_last_word_of_a_silent_point_raises() -> None:
    bench = blackout()
    assert RULE.judge(bench.view(T0 + 7200)).verdict is Verdict.RAISE


def test_where_one_of_them_is_not_told_nobody_knows() -> None:
    for missing in ("power/mains", "power/generator"):
        bench = Bench()
        bench.sees(T0, without=missing, power__mains=False)
        assert RULE.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD


def test_a_meter_that_lives_on_the_mains_and_does_not_answer_means_a_blackout() -> None:
    bench = Bench()
    bench.sees(T0)
    bench.sees(T0 + 60, {"power/mains": "silent"})
    judged = RULE.judge(bench.view(T0 + 61))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "critical", "unknown")
    assert judged.rank < RULE.judge(blackout().view(T0 + 121)).rank
    bench.sees(T0 + 120, {"power/mains": "silent"}, power__generator=True)
    assert RULE.judge(bench.view(T0 + 121)).verdict is Verdict.CLEAR


def test_an_old_fault_of_the_meter_says_nothing_of_now() -> None:
    bench = Bench()
    bench.sees(T0, {"power/mains": "silent"})
    for minute in range(1, 10):
        bench.sees(T0 + 60 * minute, without="power/mains")
    assert RULE.judge(bench.view(T0 + 541)).verdict is Verdict.HOLD


def test_a_generator_that_ran_and_stopped_is_told_by_another_rule() -> None:
    bench = blackout()
    bench.sees(T0 + 180, power__mains=False, power__generator=True)
    bench.sees(T0 + 240, power__mains=False)
    assert RULE.judge(bench.view(T0 + 241)).verdict is Verdict.HOLD


def test_its_limits_are_those_of_the_site() -> None:
    rule = GeneratorDownRule(Alerts(generator_down=GeneratorDown(hold_s=7), point_silent=Silent(after_s=50)))
    assert rule.hold_s == 7
    bench = Bench()
    bench.sees(T0)
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (50, 51)] == [Verdict.CLEAR, Verdict.HOLD]


def test_where_there_is_no_generator_none_is_down() -> None:
    bench = Bench(tank=None, battery=BATTERY)
    bench.sees(T0, power__generator=True)
    bench.sees(T0 + 60, power__mains=False)
    assert RULE.judge(bench.view(T0 + 61)).verdict is Verdict.CLEAR
