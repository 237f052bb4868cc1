import msgspec
import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.test_overdue import TestOverdueRule as Rule
from paraat.domain import thresholds
from paraat.domain.profiles import UpkeepPlan
from paraat.domain.thresholds import Alerts
from paraat.domain.upkeep import LOAD_UNKNOWN, NEVER_RAN, RAN, TEST_RUN, Task, TaskState, Upkeep
from tracker_bench import PROFILE, T0, Bench

RULE = Rule(Alerts())
DAY = 86_400.0


def verdict(*tasks: Task) -> Verdict:
    view = msgspec.structs.replace(Bench().view(T0), upkeep=Upkeep(tasks=tasks))
    return RULE.judge(view).verdict


def ran(days: float, state: TaskState) -> Task:
    t = T0 - days * DAY
    return Task(kind=TEST_RUN, state=state, code=RAN, detail={"minutes": 35.0}, t=t, due_at=t + 31 * DAY)


def test_a_test_that_is_too_long_ago_raises_and_a_new_one_clears() -> None:
    assert verdict(ran(32, TaskState.OVERDUE)) is Verdict.RAISE
    assert verdict(ran(3, TaskState.DONE)) is Verdict.CLEAR


@pytest.mark.parametrize("code", [NEVER_RAN, LOAD_UNKNOWN])
def test_where_no_test_is_known_it_is_said_once_the_host_has_watched_for_a_day(code: str) -> None:
    unknown = Task(kind=TEST_RUN, state=TaskState.UNKNOWN, code=code)
    assert verdict(unknown) is Verdict.HOLD
    assert verdict() is Verdict.HOLD
    bench = Bench()
    bench.sees(T0)
    for hours, expected in ((23.9, Verdict.HOLD), (24, Verdict.RAISE)):
        view = msgspec.structs.replace(bench.view(T0 + 3600 * hours), upkeep=Upkeep(tasks=(unknown,)))
        judged = RULE.judge(view)
        assert judged.verdict is expected
    assert (judged.wording, judged.severity) == ("unknown", "warning")
    never_heard = msgspec.structs.replace(Bench().view(T0 + 9 * DAY), upkeep=Upkeep(tasks=(unknown,)))
    assert RULE.judge(never_heard).verdict is Verdict.HOLD, "point_silent says it"


def test_a_run_of_half_an_hour_and_then_a_month_without() -> None:
    """From what a board sends: 40 minutes without a measured load, so that any run counts."""
    bench = Bench(profile=msgspec.structs.replace(PROFILE, upkeep=UpkeepPlan(test_load_percent=0)))
    for minute in range(41):
        bench.sees(T0 + 60 * minute, power__generator=True)
    bench.sees(T0 + 41 * 60)
    assert RULE.judge(bench.view(T0 + DAY)).verdict is Verdict.CLEAR
    judged = RULE.judge(bench.view(T0 + 32 * DAY))  # silent meanwhile
    assert (judged.verdict, judged.severity, RULE.for_role) == (Verdict.RAISE, "warning", "lead")
    assert judged.detail == {"ran_at": T0 + 2400, "due_at": T0 + 2400 + 31 * DAY, "minutes": 40.0}


def test_its_limit_is_that_of_the_site() -> None:
    assert Rule(Alerts(test_overdue=thresholds.TestOverdue(hold_s=7))).hold_s == 7
