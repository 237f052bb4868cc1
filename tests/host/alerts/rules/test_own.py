"""The rules about the coordination point itself: each raises, clears, holds what is not known, and goes by its own limits."""

from typing import Any

import pytest

from host.alerts.details import say
from paraat.alerts.engine import Engine
from paraat.alerts.rules import RULES, make_rules
from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.own import (
    Backup,
    BrokerLink,
    ChannelHealth,
    ClockDoubt,
    DatabaseLag,
    DiskSpace,
    HostPeers,
    HostPower,
    HostTime,
    JournalHealth,
    LoopProgress,
    UnknownBoard,
)
from paraat.domain.subjects import View
from paraat.domain.thresholds import (
    Alerts,
    BackupOld,
    BrokerUnreachable,
    ChannelFails,
    ClockWrong,
    DatabaseBehind,
    DiskFull,
    HostClock,
    JournalFails,
    OnBattery,
    SecondHost,
)
from paraat.domain.thresholds import UnknownBoard as UnknownBoardLimits

T0 = 1764000000.0
HOUR = 3600.0
GB = 10**9


def judge(rule: str, view: View, alerts: Alerts | None = None) -> Judgement:
    return RULES[rule](alerts or Alerts(), {}).judge(view)


def link(connected: bool, problem: str = "") -> BrokerLink:
    return BrokerLink(now=T0, connected=connected, problem=problem)


def lag(seconds: float | None, refused: int = 0) -> DatabaseLag:
    since = None if seconds is None else T0 - seconds
    return DatabaseLag(now=T0, waiting_since=since, waiting=5, refused=refused)


def disk(free_percent: float, full_in_h: float | None = None) -> DiskSpace:
    return DiskSpace(now=T0, free=int(free_percent * GB), total=100 * GB, full_in_h=full_in_h)


def ups(on_battery: bool | None, charge: float | None = 90.0) -> HostPower:
    return HostPower(now=T0, on_battery=on_battery, charge_percent=charge, left_h=1.5)


def backup(hours: float | None) -> Backup:
    return Backup(now=T0, newest_t=None if hours is None else T0 - hours * HOUR)


def stranger(hours: float, known: bool = False) -> UnknownBoard:
    return UnknownBoard(id="nsp-0999", now=T0, first_t=T0 - 50 * HOUR, last_t=T0 - hours * HOUR, known=known)


def loop(hung_s: float | None) -> LoopProgress:
    return LoopProgress(now=T0, name="delivery sms", hung_since=None if hung_s is None else T0 - hung_s)


CLEAR, HOLD = (Verdict.CLEAR, "", ""), (Verdict.HOLD, "", "")
CASES: list[tuple[str, View, tuple[Verdict, str, str]]] = [
    ("broker_unreachable", link(True), CLEAR),
    ("broker_unreachable", link(False, "no route"), (Verdict.RAISE, "critical", "firing")),
    ("broker_unreachable", link(True, "it refuses +/telemetry"), (Verdict.RAISE, "critical", "refused")),
    ("loop_hangs", loop(None), CLEAR),
    ("loop_hangs", loop(130), (Verdict.RAISE, "critical", "firing")),
    ("database_behind", lag(None), CLEAR),
    ("database_behind", lag(120), CLEAR),
    ("database_behind", lag(900), HOLD),
    ("database_behind", lag(901), (Verdict.RAISE, "warning", "firing")),
    ("database_behind", lag(None, refused=3), (Verdict.RAISE, "warning", "refused")),
    ("database_behind", lag(901, refused=3), (Verdict.RAISE, "warning", "firing")),
    ("disk_full", disk(50), CLEAR),
    ("disk_full", disk(50, 144), CLEAR),
    ("disk_full", disk(50, 143), HOLD),
    ("disk_full", disk(50, 71.9), (Verdict.RAISE, "warning", "firing")),
    ("disk_full", disk(8), CLEAR),
    ("disk_full", disk(7.9), HOLD),
    ("disk_full", disk(4.9), (Verdict.RAISE, "critical", "low")),
    ("host_clock", HostTime(now=T0, synchronised=True), CLEAR),
    ("host_clock", HostTime(now=T0, synchronised=None), HOLD),
    ("host_clock", HostTime(now=T0, synchronised=False), (Verdict.RAISE, "warning", "firing")),
    ("second_host", HostPeers(now=T0, serving=True), CLEAR),
    ("second_host", HostPeers(now=T0, elsewhere="cp-1", spare=True), CLEAR),
    ("second_host", HostPeers(now=T0, elsewhere="cp-1"), (Verdict.RAISE, "critical", "waits")),
    ("second_host", HostPeers(now=T0, serving=True, spare=True), (Verdict.RAISE, "warning", "spare_serves")),
    ("second_host", HostPeers(now=T0, serving=True, spare=True, takeovers=2), (Verdict.RAISE, "critical", "firing")),
    ("journal_fails", JournalHealth(now=T0), CLEAR),
    ("journal_fails", JournalHealth(now=T0, problem="full"), (Verdict.RAISE, "critical", "firing")),
    ("journal_fails", JournalHealth(now=T0, set_aside="a.damaged-1"), (Verdict.RAISE, "critical", "damaged")),
    ("journal_fails", JournalHealth(now=T0, problem="full", set_aside="a"), (Verdict.RAISE, "critical", "firing")),
    ("clock_wrong", ClockDoubt(now=T0, behind_s=None), CLEAR),
    ("clock_wrong", ClockDoubt(now=T0, behind_s=10800.0, boards=5), (Verdict.RAISE, "critical", "firing")),
    ("clock_wrong", ClockDoubt(now=T0, behind_s=10800.0), (Verdict.RAISE, "critical", "ran_later")),
    ("clock_wrong", ClockDoubt(now=T0, behind_s=-10800.0, boards=5), (Verdict.RAISE, "critical", "ahead")),
    ("clock_wrong", ClockDoubt(now=T0, behind_s=-10800.0), (Verdict.RAISE, "critical", "leapt")),
    ("on_battery", ups(False), CLEAR),
    ("on_battery", ups(None), HOLD),
    ("on_battery", ups(True), (Verdict.RAISE, "warning", "firing")),
    ("on_battery", ups(True, None), (Verdict.RAISE, "warning", "firing")),
    ("on_battery", ups(True, 39.9), (Verdict.RAISE, "critical", "low")),
    ("backup_old", backup(48), CLEAR),
    ("backup_old", backup(48.1), (Verdict.RAISE, "warning", "firing")),
    ("backup_old", backup(None), (Verdict.RAISE, "warning", "none")),
    ("channel_fails", ChannelHealth(now=T0, name="email"), CLEAR),
    (
        "channel_fails",
        ChannelHealth(now=T0, name="email", failing_since=T0, why="x"),
        (Verdict.RAISE, "warning", "firing"),
    ),
    ("unknown_board", stranger(24), (Verdict.RAISE, "warning", "firing")),
    ("unknown_board", stranger(24.1), CLEAR),
    ("unknown_board", stranger(0, known=True), CLEAR),
]


@pytest.mark.parametrize(("rule", "view", "expected"), CASES)
def test_each_judges_as_its_text_says(rule: str, view: View, expected: tuple[Verdict, str, str]) -> None:
    judged = judge(rule, view)
    assert judged.verdict is expected[0]
    if judged.verdict is Verdict.RAISE:
        assert (judged.severity, judged.wording) == expected[1:]
    if judged.verdict is not Verdict.HOLD:
        say(rule, None, T0, judged)  # it tells all that its words ask for


def test_each_is_for_the_coordination_point_and_about_no_point() -> None:
    for name, view, _ in CASES:
        rule: Any = RULES[name](Alerts(), {})
        assert rule.for_role == "coordination"
        assert type(view) is rule.judges
        assert view.subject.point is None


@pytest.mark.parametrize(
    ("worse", "less"),
    [
        (("broker_unreachable", link(False)), link(True, "it refuses")),
        (("disk_full", disk(1)), disk(50, 10)),
        (("on_battery", ups(True, 10)), ups(True, 90)),
        (("journal_fails", JournalHealth(now=T0, problem="full")), JournalHealth(now=T0, set_aside="a")),
    ],
)
def test_what_is_worse_ranks_higher(worse: tuple[str, View], less: View) -> None:
    assert judge(*worse).rank > judge(worse[0], less).rank


def test_the_figures_that_the_texts_need() -> None:
    assert judge("broker_unreachable", link(False)).detail == {"why": None}
    assert judge("database_behind", lag(901)).detail == {"waiting_at": T0 - 901, "waiting": 5}
    assert judge("disk_full", disk(50, 10)).detail == {"free_gb": 50.0, "free_percent": 50.0, "full_h": 10}
    assert judge("on_battery", ups(True)).detail == {"percent": 90.0, "left_h": 1.5}
    assert judge("backup_old", backup(50)).detail == {"made_at": T0 - 50 * HOUR}
    assert judge("unknown_board", stranger(1)).detail == {
        "board": "nsp-0999",
        "first_at": T0 - 50 * HOUR,
        "last_at": T0 - HOUR,
    }


def test_what_is_not_measured_any_more_ends_no_alert() -> None:
    rules = make_rules(Alerts())
    engine = Engine({"on_battery": rules["on_battery"]})
    engine.step(T0, [ups(True)])
    engine.step(T0 + 60, [ups(True)])
    for minute in range(2, 100):
        engine.step(T0 + 60 * minute, [ups(None)] if minute % 2 else [])
    assert [(alert.state, alert.role) for alert in engine.active()] == [("firing", "coordination")]


def test_their_limits_are_those_of_the_site() -> None:
    alerts = Alerts(
        broker_unreachable=BrokerUnreachable(hold_s=1),
        database_behind=DatabaseBehind(behind_s=10, caught_up_s=5, hold_s=2),
        disk_full=DiskFull(raise_hours=5, clear_hours=6, raise_free_percent=1, clear_free_percent=2, hold_s=3),
        host_clock=HostClock(hold_s=4),
        on_battery=OnBattery(low_percent=95, hold_s=5),
        backup_old=BackupOld(raise_hours=1, hold_s=6),
        channel_fails=ChannelFails(hold_s=7),
        unknown_board=UnknownBoardLimits(clear_s=60, hold_s=8),
        clock_wrong=ClockWrong(hold_s=9),
        journal_fails=JournalFails(hold_s=10),
        second_host=SecondHost(hold_s=11),
    )
    names = ("broker_unreachable", "database_behind", "disk_full", "host_clock", "on_battery", "backup_old")
    holds = [
        RULES[name](alerts, {}).hold_s
        for name in (*names, "channel_fails", "unknown_board", "clock_wrong", "journal_fails", "second_host")
    ]
    assert holds == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    found = [
        judge("database_behind", lag(11), alerts).verdict,
        judge("database_behind", lag(6), alerts).verdict,
        judge("disk_full", disk(50, 6), alerts).verdict,
        judge("disk_full", disk(1.5), alerts).verdict,
        judge("backup_old", backup(1.1), alerts).verdict,
        judge("unknown_board", stranger(0.1), alerts).verdict,
    ]
    assert found == [Verdict.RAISE, Verdict.HOLD, Verdict.CLEAR, Verdict.HOLD, Verdict.RAISE, Verdict.CLEAR]
    assert judge("on_battery", ups(True, 94), alerts).wording == "low"
