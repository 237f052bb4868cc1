"""Where in its life a point is, and how it keeps to its clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.activation import STANDBY, Activation, Change, Phase, Switch, activation, turns
from paraat.domain.profiles import Profile

T0 = 1764000000.0
HOUR_S = 3600.0
PROFILE = Profile(target_h=72.0, resources={}, open_within_h=2.0, alerted_h=0.5)
IN_USE = [phase for phase in Phase if phase not in (Phase.BUILDING, Phase.OUT_OF_USE)]


def said(*steps: tuple[Phase, float], until: float | None = None) -> list[Change]:
    """Changes at so many hours after T0."""
    return [Change(phase=phase, t=T0 + hours * HOUR_S, by="Jan", way="cli", until=until) for phase, hours in steps]


def at(hours: float, *steps: tuple[Phase, float], switch: Switch | None = None) -> Activation:
    return activation(said(*steps), switch, PROFILE, T0 + hours * HOUR_S)


def hours(t: float | None) -> float | None:
    return None if t is None else (t - T0) / HOUR_S


def test_a_point_of_which_nobody_ever_said_anything_is_in_standby() -> None:
    assert at(1) == STANDBY
    assert STANDBY.in_use


@pytest.mark.parametrize("phase", list(Phase))
def test_what_was_said_last_holds(phase: Phase) -> None:
    found = at(2, (Phase.ALERTED, 0), (phase, 1))
    assert (found.phase, hours(found.since), found.by) == (phase, 1, "Jan")
    assert found.in_use is (phase in IN_USE)


def test_what_was_said_of_later_does_not_hold_yet() -> None:
    assert at(0.5, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1)).phase is Phase.ALERTED


@pytest.mark.parametrize(
    ("now", "steps", "forecast", "late"),
    [
        (0.2, [], 2.0, False),
        (0.5, [], 2.0, False),
        (1.0, [], 2.5, True),  # nobody has begun, and opening takes 1.5 h
        (1.0, [(Phase.OPENING, 0.3)], 1.8, False),
        (1.0, [(Phase.OPENING, 0.9)], 2.4, True),
        (3.0, [(Phase.OPENING, 0.3)], 3.0, True),  # planned to be open long ago
    ],
)
def test_the_clock_runs_from_the_alarm_and_forecasts_by_what_is_done(
    now: float, steps: list[tuple[Phase, float]], forecast: float, late: bool
) -> None:
    found = at(now, (Phase.ALERTED, 0), *steps)
    assert hours(found.due_at) == 2.0
    assert hours(found.forecast_at) == pytest.approx(forecast)
    assert found.late is late


@pytest.mark.parametrize(
    ("now", "steps", "forecast", "late"),
    [
        (0.1, [], 4.0, False),
        (3.0, [(Phase.OPENING, 2.0)], 4.0, False),
        (4.5, [(Phase.OPENING, 2.0)], 4.5, True),
    ],
)
def test_a_clock_of_which_no_step_is_planned_is_late_when_it_has_run_out(
    now: float, steps: list[tuple[Phase, float]], forecast: float, late: bool
) -> None:
    """A point that gives open_within_h under a profile without a clock was late in the second of its alarm."""
    profile = Profile(target_h=24.0, resources={}, open_within_h=4.0)
    changes = said((Phase.ALERTED, 0), *steps)
    found = activation(changes, None, profile, T0 + now * HOUR_S)
    assert (hours(found.due_at), hours(found.forecast_at), found.late) == (4.0, pytest.approx(forecast), late)
    if not late:
        assert T0 + 4 * HOUR_S + 1 in list(turns(changes, found, profile)), "time alone makes it late"


@pytest.mark.parametrize(("opened", "late"), [(1.9, False), (2.1, True)])
def test_once_it_is_open_the_clock_says_whether_it_was_in_time(opened: float, late: bool) -> None:
    steps = [(Phase.ALERTED, 0.0), (Phase.OPENING, 0.2), (Phase.OPERATIONAL, opened)]
    for found in (at(9, *steps), at(9, *steps, (Phase.CLOSING, 8))):
        assert (found.late, found.forecast_at) == (late, None)
        assert hours(found.opened_at) == pytest.approx(opened)


def test_the_clock_of_the_last_time_says_nothing_of_the_next() -> None:
    before = [(Phase.ALERTED, 0.0), (Phase.OPERATIONAL, 3.0), (Phase.STANDBY, 9.0)]
    assert at(10, *before).due_at is None
    again = at(11, *before, (Phase.ALERTED, 10.5))
    assert (hours(again.due_at), again.late) == (12.5, False)


def test_a_profile_without_a_limit_runs_no_clock() -> None:
    found = activation(said((Phase.ALERTED, 0)), None, Profile(target_h=72.0, resources={}), T0 + 9 * HOUR_S)
    assert (found.due_at, found.late) == (None, False)


def test_maintenance_ends_by_itself_and_the_point_stands_by_again() -> None:
    changes = said((Phase.OUT_OF_USE, 0), until=T0 + 5 * HOUR_S)
    during, after = (activation(changes, None, PROFILE, T0 + now * HOUR_S) for now in (4, 5))
    assert (during.phase, hours(during.until)) == (Phase.OUT_OF_USE, 5)
    assert (after.phase, hours(after.since), after.in_use) == (Phase.STANDBY, 5, True)


def switched(on: bool, hours: float, on_at: float | None) -> Switch:
    return Switch(on, T0 + hours * HOUR_S, None if on_at is None else T0 + on_at * HOUR_S)


def test_the_key_switch_opens_and_closes() -> None:
    opened = at(2, (Phase.ALERTED, 0), switch=switched(True, 1.5, 1.5))
    assert (opened.phase, opened.way, opened.late, hours(opened.opened_at)) == (Phase.OPERATIONAL, "board", False, 1.5)
    closed = at(9, (Phase.STANDBY, 0), switch=switched(False, 8, 1))
    assert (closed.phase, hours(closed.since)) == (Phase.CLOSING, 8)
    assert at(9, (Phase.OPERATIONAL, 1), switch=switched(False, 8, None)).phase is Phase.CLOSING


def test_a_switch_that_is_off_as_it_always_was_changes_nothing() -> None:
    assert at(9, switch=switched(False, 8, None)) == STANDBY
    assert at(9, (Phase.STANDBY, 5), switch=switched(False, 8, 1)).phase is Phase.STANDBY


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.OUT_OF_USE])
def test_who_tries_the_switch_of_a_point_that_is_not_in_use_opens_nothing(phase: Phase) -> None:
    assert at(9, (phase, 1), switch=switched(True, 8, 8)).phase is phase


@pytest.mark.parametrize("phase", [Phase.ALERTED, Phase.OPENING])
def test_a_switch_that_was_left_on_calls_no_alarm_off(phase: Phase) -> None:
    """It closes what was open: a coordinator had the point stand by meanwhile, and alerted it again."""
    before = [(Phase.OPERATIONAL, 1.0), (Phase.STANDBY, 3.0), (Phase.ALERTED, 8.0), (phase, 8.0)]
    found = at(9, *before, switch=switched(False, 8.5, 1))
    assert (found.phase, hours(found.due_at)) == (phase, 10)


def test_what_is_said_after_the_switch_was_turned_holds() -> None:
    assert at(9, (Phase.STANDBY, 8), switch=switched(True, 1, 1)).phase is Phase.STANDBY


@given(st.lists(st.tuples(st.sampled_from(Phase), st.floats(0, 10)), max_size=8), st.floats(0, 12))
def test_late_is_never_said_without_a_clock_and_only_what_is_used_is_late(
    steps: list[tuple[Phase, float]], now: float
) -> None:
    found = at(now, *sorted(steps, key=lambda step: step[1]))
    if found.late:
        assert found.due_at is not None
        assert found.in_use
    if found.opened_at is not None:
        assert found.forecast_at is None


def test_what_is_said_at_this_very_moment_holds() -> None:
    assert at(1, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1)).phase is Phase.OPERATIONAL


def test_a_key_that_turned_at_the_moment_of_a_word_has_opened_it_itself() -> None:
    closed = Switch(on=False, t=T0 + HOUR_S, on_t=T0)
    assert at(2, (Phase.STANDBY, 0), switch=closed).phase is Phase.CLOSING
    assert at(2, (Phase.STANDBY, 0.1), switch=closed).phase is Phase.STANDBY


def test_a_point_that_opened_without_an_alarm_says_since_when() -> None:
    found = at(2, (Phase.OPERATIONAL, 1))
    assert (hours(found.opened_at), found.alerted_at, found.due_at) == (1, None, None)


@pytest.mark.parametrize(
    ("turned_h", "phase"), [(4.9, Phase.STANDBY), (5.0, Phase.OPERATIONAL), (6.0, Phase.OPERATIONAL)]
)
def test_the_switch_counts_again_from_the_end_of_maintenance_on(turned_h: float, phase: Phase) -> None:
    changes = said((Phase.OUT_OF_USE, 0), until=T0 + 5 * HOUR_S)
    found = activation(changes, switched(True, turned_h, turned_h), PROFILE, T0 + 9 * HOUR_S)
    assert (found.phase, found.until) == (phase, None)
    assert found.by == ("Jan" if phase is Phase.STANDBY else "")


def test_an_alarm_that_is_given_again_leaves_the_clock_of_the_first() -> None:
    for between in ([], [(Phase.OPENING, 0.5)]):
        found = at(2.5, (Phase.ALERTED, 0), *between, (Phase.ALERTED, 1))
        assert (hours(found.alerted_at), hours(found.due_at), found.opened_at, found.late) == (0, 2, None, True)
    again = at(9, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1), (Phase.OPERATIONAL, 4))
    assert (hours(again.opened_at), hours(again.since), again.late) == (1, 4, False)


def test_an_alarm_after_the_point_was_open_or_closing_is_a_new_one() -> None:
    for closed in ([], [(Phase.CLOSING, 40)]):
        found = at(50, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1), *closed, (Phase.ALERTED, 49.8))
        assert (hours(found.alerted_at), hours(found.due_at), found.opened_at) == (49.8, pytest.approx(51.8), None)
        assert not found.late


def test_a_point_that_closes_without_having_been_open_opens_no_more_and_is_not_late() -> None:
    found = at(9, (Phase.ALERTED, 0), (Phase.OPENING, 0.4), (Phase.CLOSING, 1))
    assert (found.phase, hours(found.alerted_at)) == (Phase.CLOSING, 0)
    assert (found.due_at, found.forecast_at, found.late) == (None, None, False)


def test_a_point_that_was_said_to_be_open_by_mistake_is_on_its_way_again() -> None:
    found = at(1, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 0.5), (Phase.OPENING, 0.6))
    assert (hours(found.due_at), hours(found.forecast_at), found.opened_at) == (2, pytest.approx(2.1), None)


def test_a_point_that_opens_anew_while_it_closes_has_no_clock_of_the_alarm_before() -> None:
    found = at(50, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1), (Phase.CLOSING, 40), (Phase.OPENING, 49))
    assert (found.phase, found.alerted_at, found.due_at, found.late) == (Phase.OPENING, None, None, False)


@pytest.mark.parametrize(("opened_h", "late"), [(1.0, False), (3.0, True)])
def test_a_point_that_the_key_opened_and_closed_was_open(opened_h: float, late: bool) -> None:
    found = at(50, (Phase.ALERTED, 0), switch=switched(False, 48, opened_h))
    assert (found.phase, hours(found.since)) == (Phase.CLOSING, 48)
    assert (hours(found.opened_at), found.forecast_at, found.late) == (opened_h, None, late)
    by_hand = at(50, (Phase.ALERTED, 0), (Phase.CLOSING, 47), switch=switched(False, 48, opened_h))
    assert (hours(by_hand.opened_at), by_hand.late) == (opened_h, late)


def test_a_key_that_was_tried_during_maintenance_closes_nothing_when_it_is_over() -> None:
    out = said((Phase.OUT_OF_USE, 0), until=T0 + 5 * HOUR_S)
    assert activation(out, switched(False, 6, 4), PROFILE, T0 + 9 * HOUR_S).phase is Phase.STANDBY


def test_a_second_late_is_no_more_than_rounding() -> None:
    for late_s, late in ((1.0, False), (1.1, True)):
        steps = [(Phase.ALERTED, 0.0), (Phase.OPERATIONAL, 2 + late_s / HOUR_S)]
        assert at(3, *steps).late is late


def test_without_a_limit_it_is_still_said_when_the_alarm_came_and_when_it_opened() -> None:
    plain = Profile(target_h=72.0, resources={})
    found = activation(said((Phase.ALERTED, 0), (Phase.OPERATIONAL, 1)), None, plain, T0 + 9 * HOUR_S)
    assert (hours(found.alerted_at), hours(found.opened_at), found.forecast_at) == (0, 1, None)


def test_what_only_time_changes_is_known_before() -> None:
    out = said((Phase.OUT_OF_USE, 0), until=T0 + 5 * HOUR_S)
    assert [hours(t) for t in turns(out, STANDBY, PROFILE)] == [0, 5]
    alerted = said((Phase.ALERTED, 0))
    moments = [hours(t) for t in turns(alerted, at(0.1, (Phase.ALERTED, 0)), PROFILE)]
    assert moments == pytest.approx([0, 0.5, 0.5 + 1 / HOUR_S]), "the plan for the alarm is over, and then it is late"
    opening = said((Phase.ALERTED, 0), (Phase.OPENING, 0.3))
    moments = [hours(t) for t in turns(opening, at(0.4, (Phase.ALERTED, 0), (Phase.OPENING, 0.3)), PROFILE)]
    assert moments == pytest.approx([0, 0.3, 1.8, 2 + 1 / HOUR_S])
    opened = said((Phase.ALERTED, 0), (Phase.OPERATIONAL, 1))
    assert [hours(t) for t in turns(opened, at(2, (Phase.ALERTED, 0), (Phase.OPERATIONAL, 1)), PROFILE)] == [0, 1]
