"""The bench's point is meant for 150; the standard profile calls 120 busy."""

import msgspec
import pytest

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.alerts.rules.crowded import CrowdedRule
from paraat.domain.passages import Present
from paraat.domain.profiles import PeoplePlan
from paraat.domain.thresholds import Alerts, Crowded, Silent
from tracker_bench import POINT, PROFILE, T0, Bench

RULE = CrowdedRule(Alerts())


def judged(people: int, rule: CrowdedRule = RULE, age_s: float = 1.0, plan: PeoplePlan = PROFILE.people) -> Judgement:
    here = Present(people=people, low=people - 2, high=people + 3, t=T0, counted_at=None, counted_by="")
    view = Bench(profile=msgspec.structs.replace(PROFILE, people=plan)).view(T0 + age_s)
    return rule.judge(msgspec.structs.replace(view, people=here))


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (112, (Verdict.CLEAR, "warning", "firing")),
        (113, (Verdict.HOLD, "warning", "firing")),
        (119, (Verdict.HOLD, "warning", "firing")),
        (120, (Verdict.RAISE, "warning", "firing")),
        (150, (Verdict.RAISE, "critical", "full")),
    ],
)
def test_at_80_and_at_100_percent(people: int, expected: tuple[Verdict, str, str]) -> None:
    found = judged(people)
    assert (found.verdict, found.severity, found.wording) == expected


def test_it_is_told_to_the_coordination_point_with_the_range() -> None:
    full = judged(150)
    assert full.detail == {"people": 150, "people_low": 148, "people_high": 153, "capacity": 150, "data_t": T0}
    assert full.rank > judged(120).rank
    assert RULE.for_role == "coordination"


def test_an_old_count_raises_and_clears_nothing() -> None:
    assert judged(150, age_s=4000).verdict is Verdict.RAISE
    assert judged(10, age_s=4000).verdict is Verdict.HOLD
    assert RULE.judge(Bench().view(T0)).verdict is Verdict.HOLD  # nobody ever counted


def test_a_door_that_counts_is_heard() -> None:
    bench = Bench()
    bench.sees(T0, people__in=0, people__out=0)
    bench.sees(T0 + 60, people__in=130, people__out=5)
    assert RULE.judge(bench.view(T0 + 61)).detail["people"] == 125


def test_its_limits_are_those_of_the_profile_the_site_and_the_point() -> None:
    alerts = Alerts(crowded=Crowded(hysteresis_percent=20, hold_s=7), point_silent=Silent(after_s=50))
    rule = CrowdedRule(alerts)
    assert rule.hold_s == 7
    assert (judged(100, rule).verdict, judged(89, rule).verdict) == (Verdict.HOLD, Verdict.CLEAR)
    assert judged(10, rule, age_s=51).verdict is Verdict.HOLD
    assert judged(80, plan=PeoplePlan(busy_percent=50)).verdict is Verdict.RAISE
    own = CrowdedRule(alerts, {POINT.id: Alerts(crowded=Crowded(hysteresis_percent=0))})
    assert judged(119, own).verdict is Verdict.CLEAR
