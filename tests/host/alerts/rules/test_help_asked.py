"""A help button that nobody hears is none."""

from paraat.alerts.engine import Engine
from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.help_asked import HelpAskedRule
from paraat.domain.model import SampleSet
from paraat.domain.thresholds import Alerts, HelpAsked
from tracker_bench import POINT, T0, Bench

RULE = HelpAskedRule(Alerts())
HOUR = 3600.0


class Called(Bench):
    """A point that is heard each minute, and can call."""

    def calls(self, t: float, received_at: float | None = None) -> None:
        self.seq += 1
        self.tracker.apply(
            SampleSet(
                point=POINT.id,
                kind="event",
                seq=self.seq,
                t=t,
                received_at=t if received_at is None else received_at,
                values={"button/help": True},
                faults={},
            )
        )


def test_a_call_raises_at_once_and_clears_after_an_hour() -> None:
    point = Called()
    point.sees(T0)
    assert RULE.judge(point.view(T0 + 1)).verdict is Verdict.CLEAR
    point.calls(T0 + 10)
    judged = RULE.judge(point.view(T0 + 11))
    assert (judged.verdict, judged.severity, judged.detail) == (Verdict.RAISE, "critical", {"asked_at": T0 + 10})
    assert RULE.hold_s == 0
    assert RULE.judge(point.view(T0 + 10 + HOUR)).verdict is Verdict.RAISE
    assert RULE.judge(point.view(T0 + 11 + HOUR)).verdict is Verdict.CLEAR


def test_a_second_call_within_the_hour_is_told_anew_and_so_is_one_after_the_end() -> None:
    point = Called()
    engine = Engine({"help_asked": RULE})

    def told(now: float) -> list[str]:
        point.sees(now)
        return [step.change for step in engine.step(now, [point.view(now)]) if step.announce]

    point.calls(T0)
    assert told(T0 + 1) == ["firing"]
    point.calls(T0 + HOUR - 10)
    assert told(T0 + HOUR - 5) == ["worse"]
    assert told(T0 + HOUR + 10) == []
    assert told(T0 + 2 * HOUR) == ["resolved"]
    point.calls(T0 + 3 * HOUR)
    assert told(T0 + 3 * HOUR + 1) == ["firing"]


def test_a_call_of_yesterday_that_comes_now_raises_nothing_today() -> None:
    point = Called()
    point.calls(T0 - 24 * HOUR, received_at=T0)
    assert RULE.judge(point.view(T0 + 1)).verdict is Verdict.CLEAR


def test_a_call_that_comes_in_two_hours_late_is_told_as_late_and_clears_an_hour_after_it_came() -> None:
    point = Called()
    point.calls(T0, received_at=T0 + 2 * HOUR)
    judged = RULE.judge(point.view(T0 + 2 * HOUR + 1))
    assert (judged.verdict, judged.severity, judged.wording) == (Verdict.RAISE, "critical", "late")
    assert judged.detail == {"asked_at": T0, "came_at": T0 + 2 * HOUR}
    assert judged.rank == T0  # a later call is told anew
    assert RULE.judge(point.view(T0 + 3 * HOUR)).verdict is Verdict.RAISE
    assert RULE.judge(point.view(T0 + 3 * HOUR + 1)).verdict is Verdict.CLEAR


def test_a_call_is_late_when_it_came_later_than_five_minutes() -> None:
    for late_s, wording in ((300.0, "firing"), (300.1, "late")):
        point = Called()
        point.calls(T0, received_at=T0 + late_s)
        assert RULE.judge(point.view(T0 + 301)).wording == wording


def test_an_older_call_does_not_hide_a_newer_one() -> None:
    point = Called()
    point.calls(T0 + 100)
    point.calls(T0, received_at=T0 + 200)
    assert RULE.judge(point.view(T0 + 201)).detail == {"asked_at": T0 + 100}


def test_the_point_tells_of_it_while_the_call_stands() -> None:
    point = Called()
    point.sees(T0)
    point.calls(T0 + 1)
    engine = Engine({"help_asked": RULE})
    engine.step(T0 + 2, [point.view(T0 + 2)])
    point.tracker.note_alerts(engine.active())
    view = point.view(T0 + 2)
    assert view.reasons == ("help-asked",)


def test_its_limit_is_that_of_the_site() -> None:
    rule = HelpAskedRule(Alerts(help_asked=HelpAsked(for_s=60, late_s=600)))
    assert rule.hold_s == 0
    point = Called()
    point.sees(T0)
    point.calls(T0)
    assert [rule.judge(point.view(T0 + t)).verdict for t in (60, 61)] == [Verdict.RAISE, Verdict.CLEAR]
    late = Called()
    late.calls(T0, received_at=T0 + 600)
    assert rule.judge(late.view(T0 + 601)).verdict is Verdict.RAISE
    late.calls(T0 + 1, received_at=T0 + 602)
    assert rule.judge(late.view(T0 + 603)).verdict is Verdict.CLEAR
