import msgspec

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.opening_late import OpeningLateRule
from paraat.domain.activation import Activation, Change, Phase, activation
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts, OpeningLate
from tracker_bench import PROFILE, T0, Bench

RULE = OpeningLateRule(Alerts())
HOUR = 3600.0
CLOCKED = msgspec.structs.replace(PROFILE, open_within_h=2.0, alerted_h=0.5)


def opening(hours: float, *phases: tuple[float, Phase]) -> PointView:
    """A point in these phases (hours after T0), seen so many hours after T0."""
    changes = [Change(phase=phase, t=T0 + HOUR * at, by="CP", way="cli") for at, phase in phases]
    now = T0 + HOUR * hours
    found: Activation = activation(changes, None, CLOCKED, now)
    return msgspec.structs.replace(Bench().view(now), activation=found)


ALERTED = (0.0, Phase.ALERTED)


def test_a_forecast_behind_its_time_is_a_warning_and_the_time_that_is_past_critical() -> None:
    assert RULE.judge(opening(0.4, ALERTED)).verdict is Verdict.CLEAR
    late = RULE.judge(opening(1.0, ALERTED))
    assert (late.verdict, late.severity, late.wording) == (Verdict.RAISE, "warning", "firing")
    assert late.detail["due_at"] == T0 + 2 * HOUR
    assert late.detail["forecast_at"] == T0 + 2.5 * HOUR
    overdue = RULE.judge(opening(2.1, ALERTED))
    assert (overdue.severity, overdue.wording) == ("critical", "overdue")
    assert overdue.rank > late.rank
    assert RULE.for_role == "coordination"


def test_it_clears_when_it_is_open_or_stands_by() -> None:
    opened = RULE.judge(opening(2.6, ALERTED, (2.5, Phase.OPERATIONAL)))
    assert (opened.verdict, opened.detail["opened_at"]) == (Verdict.CLEAR, T0 + 2.5 * HOUR)
    assert RULE.judge(opening(2.6, ALERTED, (2.5, Phase.STANDBY))).verdict is Verdict.CLEAR
    assert RULE.judge(opening(2.6, ALERTED, (0.5, Phase.CLOSING))).verdict is Verdict.CLEAR
    assert RULE.judge(opening(1.0)).verdict is Verdict.CLEAR


def test_a_silent_point_is_judged_all_the_same() -> None:
    view = opening(2.1, ALERTED)
    assert view.heard_at is None
    assert RULE.judge(view).verdict is Verdict.RAISE


def test_its_limit_is_that_of_the_site() -> None:
    assert OpeningLateRule(Alerts(opening_late=OpeningLate(hold_s=7))).hold_s == 7
