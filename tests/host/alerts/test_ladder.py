"""Who is told, and when: the ladder alone, without a journal and without a channel."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.ladder import Due, due, due_at_board
from paraat.domain.model import AlertState
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.domain.telling import Critical, Telling, Warned

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RUNGS = ("lead", "deputy", "coordination", "region")
PEOPLE = {
    name: Person(id=name, name=name, reach={"email": (f"{name}@example.org",)})
    for name in (*RUNGS, "technician", "night")
}
ROSTER = Roster(
    zone=AMSTERDAM, people=PEOPLE, duties=tuple(Duty(rung=rung, who=(rung,)) for rung in (*RUNGS, "technician"))
)
NOON = datetime(2026, 11, 26, 12, tzinfo=AMSTERDAM).timestamp()
NIGHT = datetime(2026, 11, 26, 23, tzinfo=AMSTERDAM).timestamp()
MINUTE, HOUR = 60.0, 3600.0


def fires(at: float = NOON, **changes: object) -> AlertState:
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", "nsp-0101"), state="firing", since=at, severity="critical", detail={}, id=1,
        fired_at=at, turned_at=at,
    )  # fmt: skip
    return msgspec.structs.replace(alert, **changes)


def told(
    alert: AlertState, at: float, roster: Roster = ROSTER, seen_t: float | None = None
) -> dict[tuple[str, str], float]:
    """By (reason, person) the minutes after it fired; without the log."""
    found, _ = due(alert, at, roster, Telling(), acknowledged_t=seen_t, reaches=lambda _: True)
    assert all(one.at <= at for one in found)
    return {
        (one.reason, one.person.id): (one.at - (alert.fired_at or 0)) / MINUTE for one in found if one.rung != "log"
    }


def test_a_critical_alert_climbs_to_the_last_rung_within_half_an_hour_and_the_coordination_point_reads_along() -> None:
    assert told(fires(), NOON) == {("turn-1", "lead"): 0, ("copy-1", "coordination"): 0}
    assert told(fires(), NOON + 30 * MINUTE) == {
        ("turn-1", "lead"): 0,
        ("copy-1", "coordination"): 0,
        ("turn-1", "deputy"): 5,
        ("turn-1", "coordination"): 12,
        ("turn-1", "region"): 20,
    }


def test_a_warning_takes_its_time_and_its_night() -> None:
    warning = fires(severity="warning")
    assert told(warning, NOON + HOUR) == {("turn-1", "lead"): 0}
    assert told(warning, NOON + 8 * HOUR) == {
        ("turn-1", "lead"): 0,
        ("turn-1", "deputy"): 240,
        ("turn-1", "coordination"): 480,
    }
    late = fires(NIGHT, severity="warning")
    assert told(late, NIGHT + 8 * HOUR - 1) == {}
    assert told(late, NIGHT + 8 * HOUR) == {("turn-1", "lead"): 480}
    assert told(late, NIGHT + 12 * HOUR) == {("turn-1", "lead"): 480, ("turn-1", "deputy"): 720}


def test_where_nobody_stands_or_nobody_can_be_reached_the_next_rung_is_told_in_his_stead() -> None:
    alone = msgspec.structs.replace(ROSTER, duties=ROSTER.duties[2:])
    assert told(fires(), NOON, alone) == {("turn-1", "coordination"): 0}
    found, _ = due(
        fires(), NOON, ROSTER, Telling(), acknowledged_t=None, reaches=lambda who: who.id in ("deputy", "region")
    )
    assert [(one.reason, one.rung) for one in found] == [("turn-1", "log"), ("turn-1", "deputy")]
    nobody, _ = due(fires(), NOON + HOUR, ROSTER, Telling(), acknowledged_t=None, reaches=lambda _: False)
    assert [one.rung for one in nobody] == ["log"]


def test_what_concerns_the_coordination_point_begins_there() -> None:
    own = fires(subject=Subject("broker", ""), role="coordination")
    assert told(own, NOON + 30 * MINUTE) == {("turn-1", "coordination"): 0, ("turn-1", "region"): 20}


def test_a_fault_of_a_sensor_is_the_technicians_and_the_lead_hears_nothing() -> None:
    fault = fires(role="technician")
    found = told(fault, NOON + 30 * MINUTE)
    assert {person for _, person in found} == {"technician", "coordination", "region"}


def test_who_acknowledges_stops_the_climb_and_the_reminders_and_a_worse_turn_goes_on() -> None:
    seen_t = NOON + 6 * MINUTE
    assert told(fires(), NOON + 9 * HOUR, seen_t=seen_t) == {
        ("turn-1", "lead"): 0,
        ("copy-1", "coordination"): 0,
        ("turn-1", "deputy"): 5,
    }
    worse = fires(turn=2, turned_at=NOON + HOUR)
    found = told(worse, NOON + HOUR + 30 * MINUTE, seen_t=seen_t)
    assert found["turn-2", "lead"] == 60
    assert found["turn-2", "region"] == 80


def test_who_knows_of_it_from_before_hears_at_once_that_it_is_worse() -> None:
    worse = fires(turn=2, turned_at=NOON + HOUR)
    found, _ = due(
        worse,
        NOON + HOUR,
        ROSTER,
        Telling(),
        acknowledged_t=None,
        told=[(PEOPLE["region"], "region")],
        reaches=lambda _: True,
    )
    assert ("turn-2", "region") in {(one.reason, one.rung) for one in found}


def test_it_is_reminded_while_nobody_acknowledges_and_a_host_that_was_down_does_not_catch_up() -> None:
    found = told(fires(), NOON + 5 * HOUR + 1)
    assert {reason for reason, _ in found} == {"turn-1", "copy-1", "reminder-1-5"}
    assert {person for reason, person in found if reason == "reminder-1-5"} == set(RUNGS)


def test_what_is_held_is_told_to_nobody() -> None:
    assert due(fires(held_by="building"), NOON, ROSTER, Telling(), acknowledged_t=None, reaches=lambda _: True)[0] == []


def test_who_came_on_duty_gets_what_is_due_on_his_watch() -> None:
    night = Duty(rung="coordination", who=("night",), begins_min=18 * 60, ends_min=8 * 60)
    roster = msgspec.structs.replace(ROSTER, duties=(night, *ROSTER.duties))
    evening = datetime(2026, 11, 26, 17, 50, tzinfo=AMSTERDAM).timestamp()
    found = told(fires(evening), evening + 15 * MINUTE, roster)
    assert ("copy-1", "coordination") in found
    assert ("turn-1", "night") in found
    assert ("turn-1", "coordination") not in found


@given(
    severity=st.sampled_from(["warning", "critical"]),
    begins=st.integers(0, 86400),
    moments=st.lists(st.integers(0, 3 * 86400), max_size=30),
    seen_s=st.one_of(st.none(), st.integers(0, 2 * 86400)),
    there=st.sets(st.sampled_from(RUNGS)),
)
def test_however_often_it_is_asked_what_was_due_stays_due_and_nobody_is_skipped(
    severity: str, begins: int, moments: list[int], seen_s: int | None, there: set[str]
) -> None:
    alert = fires(NOON + begins, severity=severity)
    seen_t = None if seen_s is None else NOON + begins + seen_s
    known: set[tuple[str, str]] = set()
    for second in sorted(moments):
        now = NOON + begins + second
        acknowledged_t = seen_t if seen_t is not None and seen_t <= now else None
        found, _ = due(
            alert, now, ROSTER, Telling(), acknowledged_t=acknowledged_t, reaches=lambda who: who.id in there
        )
        turns = {(one.reason, one.person.id) for one in found if not one.reason.startswith("reminder")}
        if seen_t is None:
            assert known <= turns
        known |= turns
        if severity == "critical" and there and (seen_t is None or seen_t > now):
            assert any(person in there for _, person in turns), "somebody hears at once"
            last = [rung for rung in RUNGS if rung in there][-1]
            assert second < 1800 or ("turn-1", last) in turns


@given(
    severity=st.sampled_from(["warning", "critical"]),
    begins=st.integers(0, 86400),
    second=st.integers(-3600, 3 * 86400),
    part=st.floats(0, 1, exclude_max=True),
    seen_s=st.one_of(st.none(), st.integers(0, 2 * 86400)),
    there=st.sets(st.sampled_from(RUNGS)),
    lost=st.sets(st.sampled_from(RUNGS)),
)
def test_before_the_moment_that_it_names_nothing_more_is_due(
    severity: str, begins: int, second: int, part: float, seen_s: int | None, there: set[str], lost: set[str]
) -> None:
    alert = fires(NOON + begins, severity=severity)

    def asked(now: float) -> tuple[list[Due], float]:
        return due(
            alert,
            now,
            ROSTER,
            Telling(),
            acknowledged_t=None if seen_s is None else NOON + begins + seen_s,
            reaches=lambda who: who.id in there,
            came_back=lambda who: who.id in lost,
            declined=lambda who: who.id == "deputy",
        )

    now = NOON + begins + second
    found, until = asked(now)
    assert until > now
    assert asked(now + part * (min(until, now + 3 * 86400) - now)) == (found, until)


@pytest.mark.parametrize("rungs", [Critical(), Warned()])
def test_the_rungs_are_told_in_their_order(rungs: Critical | Warned) -> None:
    after = [rungs.after_s(rung) for rung in RUNGS if rungs.after_s(rung) is not None]
    assert after == sorted(after, key=lambda s: s or 0.0)


def test_the_board_calls_for_what_its_lead_must_see_to_at_once_until_somebody_does() -> None:
    def at_board(alert: AlertState, seen_t: float | None = None, there: bool = True) -> list[tuple[str, str, float]]:
        found = due_at_board(alert, acknowledged_t=seen_t, reaches=lambda _: there)
        return [(one.reason, one.person.addresses("siren")[0], one.at) for one in found]

    assert at_board(fires()) == [("turn-1", "nsp-0101", NOON)]
    assert at_board(fires(), seen_t=NOON + 1) == []
    worse = fires(turn=2, turned_at=NOON + HOUR)
    assert at_board(worse, seen_t=NOON + 1) == [("turn-2", "nsp-0101", NOON + HOUR)], "worse, and it sounds anew"
    for quiet in (
        fires(severity="warning"),
        fires(role="technician"),
        fires(role="coordination"),  # who holds the help button need not be called
        fires(held_by="building"),
        fires(subject=Subject("broker", "broker")),
    ):
        assert at_board(quiet) == []
    assert at_board(fires(), there=False) == [], "no such channel"


def told_lost(
    alert: AlertState, at: float, lost: set[str], seen_t: float | None = None
) -> dict[tuple[str, str], float]:
    """As told, of people to whom what was sent came back."""
    found, _ = due(
        alert,
        at,
        ROSTER,
        Telling(),
        acknowledged_t=seen_t,
        reaches=lambda _: True,
        came_back=lambda one: one.id in lost,
    )
    return {
        (one.reason, one.person.id): (one.at - (alert.fired_at or 0)) / MINUTE for one in found if one.rung != "log"
    }


def test_whose_message_came_back_is_not_waited_for_and_is_told_again_all_the_same() -> None:
    assert told_lost(fires(), NOON, {"lead"}) == {
        ("turn-1", "lead"): 0,
        ("copy-1", "coordination"): 0,
        ("turn-1", "deputy"): 0,
    }
    both = told_lost(fires(), NOON + HOUR, {"lead", "deputy"})
    assert {who: at for (reason, who), at in both.items() if reason == "turn-1"} == {
        "lead": 0, "deputy": 0, "coordination": 0, "region": 20,
    }  # fmt: skip
    assert {who for reason, who in both if reason == "reminder-1-1"} == {"lead", "deputy", "coordination", "region"}


def test_a_rung_that_is_told_at_no_time_is_told_where_nobody_below_it_was_reached() -> None:
    warning = fires(severity="warning")
    assert ("turn-1", "region") not in told_lost(warning, NOON + 9 * HOUR, {"lead", "deputy"})
    assert told_lost(warning, NOON, {"lead", "deputy", "coordination"})["turn-1", "region"] == 0
    assert ("turn-1", "region") not in told_lost(warning, NOON + 9 * HOUR, {"coordination"})


def test_what_comes_back_after_somebody_acknowledged_wakes_nobody() -> None:
    seen_t = NOON + MINUTE
    assert told_lost(fires(), NOON + HOUR, {"lead"}, seen_t) == told(fires(), NOON + HOUR, seen_t=seen_t)


def told_no(alert: AlertState, at: float, cannot: set[str], seen_t: float | None = None) -> set[tuple[str, str]]:
    found, _ = due(
        alert,
        at,
        ROSTER,
        Telling(),
        acknowledged_t=seen_t,
        reaches=lambda _: True,
        declined=lambda one: one.id in cannot,
    )
    return {(one.reason, one.person.id) for one in found if one.rung != "log"}


def test_who_cannot_makes_the_next_one_hear_it_at_once_and_is_not_reminded() -> None:
    assert ("turn-1", "deputy") not in told_no(fires(), NOON, set())
    assert ("turn-1", "deputy") in told_no(fires(), NOON, {"lead"})
    late = told_no(fires(), NOON + HOUR, {"lead"})
    assert {who for reason, who in late if reason.startswith("reminder")} == {"deputy", "coordination", "region"}
    assert ("turn-1", "deputy") not in told_no(fires(), NOON, {"lead"}, seen_t=NOON), "somebody has it"


def test_where_nobody_can_all_are_reminded_and_nothing_falls_silent() -> None:
    everybody = {*RUNGS}
    late = told_no(fires(), NOON + HOUR, everybody)
    assert {who for reason, who in late if reason.startswith("reminder")} == everybody


def test_of_two_on_one_rung_one_who_was_reached_is_enough() -> None:
    two = msgspec.structs.replace(
        ROSTER, duties=(Duty(rung="lead", who=("lead", "night")), Duty(rung="deputy", who=("deputy",)))
    )
    alone, _ = due(
        fires(),
        NOON,
        two,
        Telling(),
        acknowledged_t=None,
        reaches=lambda _: True,
        came_back=lambda one: one.id == "lead",
    )
    assert {one.person.id for one in alone if one.rung != "log"} == {"lead", "night"}
