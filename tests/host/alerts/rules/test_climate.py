"""Too cold, too warm and bad air: what the profile says is too much, as the tracker finds it in what a board sends."""

import msgspec
import pytest

from paraat.alerts.rules.bad_air import BadAirRule
from paraat.alerts.rules.base import Judgement, Verdict
from paraat.alerts.rules.too_cold import TooColdRule
from paraat.alerts.rules.too_warm import TooWarmRule
from paraat.domain.activation import Activation, Phase
from paraat.domain.model import Value
from paraat.domain.passages import Present
from paraat.domain.profiles import ClimatePlan
from paraat.domain.thresholds import Alerts, Climate, Silent
from tracker_bench import PROFILE, T0, Bench

COLD, WARM, CO2 = TooColdRule(Alerts()), TooWarmRule(Alerts()), BadAirRule(Alerts())
Rules = TooColdRule | TooWarmRule | BadAirRule


def judge(rule: Rules, age_s: float = 1.0, **values: Value) -> Judgement:
    bench = Bench()
    bench.sees(T0, **values)
    return rule.judge(bench.view(T0 + age_s))


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (COLD, {"climate__temperature": 14.9}, Verdict.RAISE),
        (COLD, {"climate__temperature": 15.0}, Verdict.HOLD),
        (COLD, {"climate__temperature": 18.0}, Verdict.CLEAR),
        (COLD, {"climate__temperature": 20.0, "climate__temperature__hall": 3.0}, Verdict.RAISE),
        (COLD, {"climate__temperature": 20.0, "climate__temperature__hall": 16.0}, Verdict.HOLD),
        (COLD, {}, Verdict.HOLD),
        (WARM, {"climate__temperature": 32.1}, Verdict.RAISE),
        (WARM, {"climate__temperature": 32.0}, Verdict.HOLD),
        (WARM, {"climate__temperature": 28.0}, Verdict.CLEAR),
        (CO2, {"climate__co2": 1200}, Verdict.RAISE),
        (CO2, {"climate__co2": 1199}, Verdict.HOLD),
        (CO2, {"climate__co2": 1079}, Verdict.CLEAR),
        (CO2, {"climate__co2": 600, "climate__co2__cellar": 6000}, Verdict.RAISE),
        (CO2, {}, Verdict.HOLD),
    ],
)
def test_by_the_limits_of_the_profile(rule: Rules, values: dict[str, Value], expected: Verdict) -> None:
    assert judge(rule, **values).verdict is expected


def test_the_figures_and_how_bad_it_is() -> None:
    cold = judge(COLD, climate__temperature=3.0)
    assert (cold.severity, cold.detail) == ("warning", {"temperature": 3.0, "limit": 15.0, "data_t": T0})
    stuffy, foul = judge(CO2, climate__co2=1500), judge(CO2, climate__co2=5000)
    assert [(one.severity, one.wording) for one in (stuffy, foul)] == [("warning", "firing"), ("critical", "foul")]
    assert foul.rank > stuffy.rank
    assert stuffy.detail == {"ppm": 1500.0, "limit_ppm": 1200.0, "data_t": T0}


@pytest.mark.parametrize(("rule", "degrees"), [(COLD, 3.0), (WARM, 35.0)])
def test_with_people_inside_it_is_critical(rule: Rules, degrees: float) -> None:
    bench = Bench()
    bench.sees(T0, climate__temperature=degrees)
    view = bench.view(T0 + 1)
    here = Present(people=2, low=2, high=2, t=T0, counted_at=None, counted_by="")
    for changed in ({"activation": Activation(phase=Phase.OPERATIONAL)}, {"people": here}):
        judged = rule.judge(msgspec.structs.replace(view, **changed))
        assert (judged.severity, judged.wording) == ("critical", "people")
        assert judged.rank > rule.judge(view).rank


def test_a_rise_while_the_generator_runs_and_nobody_came_in_is_exhaust_gas() -> None:
    bench = Bench()
    for minute in range(30):
        bench.sees(T0 + 60 * minute, climate__co2=500 + 20 * minute, power__mains=False, power__generator=True)
    judged = CO2.judge(bench.view(T0 + 1741))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "critical", "exhaust")
    assert judged.rank > judge(CO2, climate__co2=6000).rank


@pytest.mark.parametrize(
    ("rule", "bad", "fine"),
    [
        (COLD, {"climate__temperature": 3.0}, {"climate__temperature": 20.0}),
        (WARM, {"climate__temperature": 35.0}, {"climate__temperature": 20.0}),
        (CO2, {"climate__co2": 3000}, {"climate__co2": 500}),
    ],
)
def test_silence_raises_by_the_last_word_and_clears_nothing(
    rule: Rules, bad: dict[str, Value], fine: dict[str, Value]
) -> None:
    assert judge(rule, 4000, **bad).verdict is Verdict.RAISE
    assert judge(rule, 4000, **fine).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("rule", "metric"), [(COLD, "climate/temperature"), (WARM, "climate/temperature"), (CO2, "climate/co2")]
)
def test_a_sensor_at_fault_may_be_where_it_is_bad(rule: Rules, metric: str) -> None:
    bench = Bench()
    bench.sees(T0, {f"{metric}/hall": "silent"}, **{metric.replace("/", "__"): 20 if rule is not CO2 else 500})
    assert rule.judge(bench.view(T0 + 1)).verdict is Verdict.HOLD


def test_the_limits_are_those_of_the_profile_and_the_site() -> None:
    strict = Alerts(
        too_cold=Climate(hold_s=1),
        too_warm=Climate(hold_s=2),
        bad_air=Climate(hold_s=3),
        point_silent=Silent(after_s=50),
    )
    assert [rule(strict).hold_s for rule in (TooColdRule, TooWarmRule, BadAirRule)] == [1, 2, 3]
    assert judge(TooColdRule(strict), 51, climate__temperature=20.0).verdict is Verdict.HOLD
    plan = ClimatePlan(cold_c=5, cool_c=8, warm_c=40, hot_c=45, stuffy_ppm=3000, foul_ppm=9000)
    bench = Bench(profile=msgspec.structs.replace(PROFILE, climate=plan))
    bench.sees(T0, climate__temperature=8.0, climate__co2=2600)
    assert [rule.judge(bench.view(T0 + 1)).verdict for rule in (COLD, WARM, CO2)] == [Verdict.CLEAR] * 3
