"""What makes a point ready, and that nothing else does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.profiles import RESOURCES, Profile, Resource
from paraat.domain.readiness import Known, Power, Reading, ResourceState, Said, State, Verdict, judge, told_metrics, why

NOW = 1764000000.0
DAY_S = 86400.0
HEAT = "climate/temperature"
PROFILE = Profile(
    target_h=72.0,
    resources={
        "power": Resource(critical=True, by="hours"),
        "heat": Resource(critical=True, by="metric", metric=HEAT, ready_from=18.0, limited_from=15.0, ready_to=30.0),
        "water": Resource(critical=True, roles=("lead",), valid_days=31.0, renew_days=7.0),
        "light": Resource(),
        "food": Resource(need="wished"),
        "hygiene": Resource(need="not-required"),
    },
)
POWER = Power(mains=True, generator=False, hours=80.0)
WARM = Reading(19.0, NOW, False)


def said(there: bool = True, days_ago: float = 1.0, days: float = 90.0, role: str = "lead") -> Said:
    t = NOW - days_ago * DAY_S
    return Said(there=there, t=t, until=t + days * DAY_S, by="A. de Wit", role=role)


def known(**changes: Any) -> Known:
    """A point that has everything, but for what the test says."""
    whole = {
        "now": NOW,
        "power": POWER,
        "readings": {HEAT: WARM},
        "said": {"water": said(), "light": said(), "food": said()},
    }
    return Known(**(whole | changes))


def state(name: str, it: Known, profile: Profile = PROFILE) -> ResourceState:
    (found,) = (one for one in judge(profile, it)[1] if one.resource == name)
    return found


def test_a_point_with_everything_is_ready() -> None:
    verdict, states = judge(PROFILE, known())
    assert verdict is Verdict.READY
    assert [one.resource for one in states] == ["power", "heat", "water", "light", "food", "hygiene"]
    assert why(states) == []


@pytest.mark.parametrize(
    ("hours", "verdict"),
    [(72.0, Verdict.READY), (71.9, Verdict.LIMITED), (36.0, Verdict.LIMITED), (35.9, Verdict.NOT_READY), (0.0, Verdict.NOT_READY)],
)  # fmt: skip
def test_power_is_its_cautious_hours_against_the_target_in_standby_too(hours: float, verdict: Verdict) -> None:
    it = known(power=Power(mains=True, generator=False, hours=hours))
    assert judge(PROFILE, it)[0] is verdict
    assert state("power", it).detail == {"hours": hours, "target": 72.0}


def test_a_tank_that_never_reaches_the_target_says_so() -> None:
    small = Power(mains=True, generator=False, hours=20.0, full_h=33.0)
    assert state("power", known(power=small)).detail["full"] == 33.0


@pytest.mark.parametrize(
    ("mains", "generator", "hours", "found", "code"),
    [
        (False, False, 80.0, State.NOT_READY, "generator-down"),
        (False, False, None, State.NOT_READY, "generator-down"),
        (True, False, None, State.UNKNOWN, "fuel-unknown"),
        (None, True, 80.0, State.UNKNOWN, "mains-unknown"),
        (False, None, 80.0, State.UNKNOWN, "generator-unknown"),
        (True, None, 80.0, State.READY, "hours"),
        (False, True, 80.0, State.READY, "hours"),
    ],
)
def test_power_that_is_not_known_is_not_ready(
    mains: bool | None, generator: bool | None, hours: float | None, found: State, code: str
) -> None:
    power = state("power", known(power=Power(mains=mains, generator=generator, hours=hours)))
    assert (power.state, power.code) == (found, code)


@pytest.mark.parametrize("hours", [1.0, 40.0, 80.0])
def test_a_gauge_that_cannot_be_believed_is_not_ready(hours: float) -> None:
    power = state("power", known(power=Power(mains=True, generator=False, hours=hours, doubtful=True)))
    assert (power.state, power.code) == (State.UNKNOWN, "fuel-doubtful")


@pytest.mark.parametrize(
    ("reading", "found", "code"),
    [
        (Reading(18.0, NOW, False), State.READY, "measured"),
        (Reading(17.9, NOW, False), State.LIMITED, "low"),
        (Reading(3.0, NOW, False), State.NOT_READY, "low"),
        (Reading(30.1, NOW, False), State.NOT_READY, "high"),  # no limited_to
        (Reading(19.0, NOW - 900, True), State.UNKNOWN, "old"),
        (Reading(None, NOW, False), State.UNKNOWN, "fault"),
        (None, State.UNKNOWN, "not-measured"),
    ],
)
def test_what_is_measured_is_held_against_its_limits(reading: Reading | None, found: State, code: str) -> None:
    heat = state("heat", known(readings={} if reading is None else {HEAT: reading}))
    assert (heat.state, heat.code) == (found, code)


@pytest.mark.parametrize(
    ("word", "found", "code"),
    [
        (said(), State.READY, "attested"),
        (said(days_ago=32), State.EXPIRED, "expired"),  # valid_days: however long it says itself
        (said(days_ago=3, days=3), State.EXPIRED, "expired"),
        (said(there=False), State.NOT_READY, "absent"),
        (said(there=False, days_ago=3, days=3), State.EXPIRED, "expired"),
        (said(days=0), State.UNKNOWN, "withdrawn"),
        (said(role="visitor"), State.UNKNOWN, "wrong-role"),
        (None, State.UNKNOWN, "never-attested"),
        (said(days_ago=-300), State.UNKNOWN, "ahead"),  # by a clock that was a year ahead it would hold for that year
    ],
)
def test_a_word_holds_for_its_time_and_of_whom_it_is_asked(word: Said | None, found: State, code: str) -> None:
    it = known(said={"light": said()} | ({} if word is None else {"water": word}))
    water = state("water", it)
    assert (water.state, water.code) == (found, code)


def test_a_new_word_is_asked_for_before_the_old_one_ends() -> None:
    assert not state("water", known(said={"water": said(days_ago=23)})).renew
    late = state("water", known(said={"water": said(days_ago=25)}))
    assert (late.state, late.renew) == (State.READY, True)


def test_the_worst_critical_one_caps_the_point_and_comes_first() -> None:
    it = known(power=Power(mains=False, generator=False, hours=80.0), said={})
    verdict, states = judge(PROFILE, it)
    assert verdict is Verdict.NOT_READY
    assert [one.resource for one in why(states)] == ["power", "water", "light"]


def test_another_required_one_leaves_the_point_limited_and_a_wished_one_decides_nothing() -> None:
    assert judge(PROFILE, known(said={"water": said(), "food": said()}))[0] is Verdict.LIMITED
    assert judge(PROFILE, known(said={"water": said(), "light": said(), "food": said(there=False)}))[0] is Verdict.READY
    assert state("hygiene", known()).state is State.NOT_REQUIRED


# --- what holds whatever is known

MAYBE = st.one_of(st.none(), st.booleans())
POWERS = st.builds(Power, mains=MAYBE, generator=MAYBE, hours=st.one_of(st.none(), st.floats(0, 200)))
READINGS = st.builds(Reading, st.one_of(st.none(), st.floats(-40, 85)), st.floats(NOW - 1e6, NOW), st.booleans())
WORDS = st.builds(
    said, there=st.booleans(), days_ago=st.floats(0, 100), days=st.floats(0, 100), role=st.sampled_from(["lead", "x"])
)
KNOWN = st.builds(
    Known,
    now=st.just(NOW),
    power=POWERS,
    readings=st.dictionaries(st.just(HEAT), READINGS),
    said=st.dictionaries(st.sampled_from(RESOURCES), WORDS),
)


@given(KNOWN, st.data())
def test_to_know_less_never_makes_a_verdict_better(it: Known, data: st.DataObject) -> None:
    forget = data.draw(st.sampled_from(["mains", "generator", "hours", "readings", *it.said]))
    if forget in ("mains", "generator", "hours"):
        fields = {"mains": it.power.mains, "generator": it.power.generator, "hours": it.power.hours} | {forget: None}
        less = Known(now=NOW, power=Power(**fields), readings=it.readings, said=it.said)
    elif forget == "readings":
        less = Known(now=NOW, power=it.power, readings={}, said=it.said)
    else:
        fewer = {name: word for name, word in it.said.items() if name != forget}
        less = Known(now=NOW, power=it.power, readings=it.readings, said=fewer)
    assert judge(PROFILE, less)[0].goodness <= judge(PROFILE, it)[0].goodness


@given(KNOWN)
def test_no_verdict_is_green_with_a_critical_resource_unknown(it: Known) -> None:
    verdict, states = judge(PROFILE, it)
    for one in states:
        if one.critical and one.state in (State.UNKNOWN, State.EXPIRED, State.NOT_READY):
            assert verdict.goodness == 0
        if one.need == "required" and one.state is not State.READY:
            assert verdict is not Verdict.READY


@given(KNOWN, st.floats(0, 400))
def test_a_word_does_not_get_better_with_time(it: Known, days: float) -> None:
    later = Known(now=NOW + days * DAY_S, power=it.power, readings=it.readings, said=it.said)
    assert judge(PROFILE, later)[0].goodness <= judge(PROFILE, it)[0].goodness


JAN = {"by": "A. de Wit", "by_word": True, "need": "required", "critical": True, "resource": "water"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (None, {"state": State.UNKNOWN, "code": "never-attested", "by": ""}),
        (
            said(role="neighbour"),
            {"state": State.UNKNOWN, "code": "wrong-role", "detail": {"roles": "lead"}, "t": NOW - DAY_S},
        ),
        (said(days=0.0), {"state": State.UNKNOWN, "code": "withdrawn", "t": NOW - DAY_S}),
        (
            said(days_ago=31.0),
            {"state": State.EXPIRED, "code": "expired", "t": NOW - 31 * DAY_S, "until": NOW},
        ),
        (
            said(there=False, days=3.0),
            {"state": State.NOT_READY, "code": "absent", "t": NOW - DAY_S, "until": NOW + 2 * DAY_S},
        ),
        (
            said(days=8.0),
            {"state": State.READY, "code": "attested", "t": NOW - DAY_S, "until": NOW + 7 * DAY_S, "renew": False},
        ),
        (
            said(days=7.9),
            {"state": State.READY, "code": "attested", "t": NOW - DAY_S, "until": NOW + 6.9 * DAY_S, "renew": True},
        ),
    ],
)  # fmt: skip
def test_all_that_is_said_of_a_word(word: Said | None, expected: dict[str, Any]) -> None:
    it = known(said={} if word is None else {"water": word})
    assert state("water", it) == ResourceState(**(JAN | expected))


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (None, {"state": State.UNKNOWN, "code": "not-measured", "detail": {"metric": HEAT}, "t": None}),
        (Reading(19.0, NOW - 9, True), {"state": State.UNKNOWN, "code": "old", "detail": {"metric": HEAT}}),
        (Reading(None, NOW - 9, False), {"state": State.UNKNOWN, "code": "fault", "detail": {"metric": HEAT}}),
        (
            Reading(18.0, NOW - 9, False),
            {"state": State.READY, "code": "measured", "detail": {"metric": HEAT, "value": 18.0}},
        ),
        (
            Reading(30.0, NOW - 9, False),
            {"state": State.READY, "code": "measured", "detail": {"metric": HEAT, "value": 30.0}},
        ),
        (
            Reading(15.0, NOW - 9, False),
            {"state": State.LIMITED, "code": "low", "detail": {"metric": HEAT, "value": 15.0, "limit": 18.0}},
        ),
        (
            Reading(14.9, NOW - 9, False),
            {"state": State.NOT_READY, "code": "low", "detail": {"metric": HEAT, "value": 14.9, "limit": 18.0}},
        ),
        (
            Reading(30.1, NOW - 9, False),
            {"state": State.NOT_READY, "code": "high", "detail": {"metric": HEAT, "value": 30.1, "limit": 30.0}},
        ),
    ],
)  # fmt: skip
def test_all_that_is_said_of_what_is_measured(reading: Reading | None, expected: dict[str, Any]) -> None:
    it = known(readings={} if reading is None else {HEAT: reading})
    whole = {"resource": "heat", "need": "required", "critical": True, "t": NOW - 9} | expected
    assert state("heat", it) == ResourceState(**whole)


@pytest.mark.parametrize(
    ("changed", "found", "code"),
    [
        ({"mains": False, "generator": False}, State.NOT_READY, "generator-down"),
        ({"hours": None}, State.UNKNOWN, "fuel-unknown"),
        ({"doubtful": True}, State.UNKNOWN, "fuel-doubtful"),
        ({"mains": None}, State.UNKNOWN, "mains-unknown"),
        ({"mains": False, "generator": None}, State.UNKNOWN, "generator-unknown"),
    ],
)
def test_what_is_said_of_power_says_of_which_moment(changed: dict[str, Any], found: State, code: str) -> None:
    power = Power(**({"mains": True, "generator": False, "hours": 80.0, "t": NOW - 9} | changed))
    it = state("power", known(power=power))
    assert (it.state, it.code, it.t, it.detail) == (found, code, NOW - 9, {})


def test_the_hours_say_what_they_are_of_and_what_a_full_tank_gives() -> None:
    whole = Power(mains=True, generator=False, hours=72.0, full_h=72.0, source="fuel+battery", t=NOW - 9)
    it = state("power", known(power=whole))
    assert (it.detail, it.t) == ({"hours": 72.0, "target": 72.0, "source": "fuel+battery"}, NOW - 9)


def test_the_metrics_that_are_told_are_those_of_what_is_not_ready() -> None:
    cold = known(readings={HEAT: Reading(16.0, NOW, False)}, said={})
    assert told_metrics(judge(PROFILE, cold)[1]) == {HEAT}
    assert told_metrics(judge(PROFILE, known())[1]) == set()
