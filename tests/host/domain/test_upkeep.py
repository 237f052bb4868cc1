"""What must be done while nothing happens, and that nobody takes for done what nobody knows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.profiles import UpkeepPlan
from paraat.domain.readiness import ResourceState, State
from paraat.domain.stretches import Stretches
from paraat.domain.upkeep import DAY_S, Runs, Task, TaskState, Upkeep, trend_of, upkeep, word_tasks

NOW = 1764000000.0
PLAN = UpkeepPlan()
TODAY = int(NOW // DAY_S)


def runs(*ran: tuple[float, float], loaded: tuple[tuple[float, float], ...] = (), load_known: bool = True) -> Runs:
    """Each as (days ago that it began, minutes)."""
    found = Stretches(300.0), Stretches(300.0)
    for stretches, told in zip(found, (ran, loaded), strict=True):
        for days, minutes in told:
            stretches.add(NOW - days * DAY_S, NOW - days * DAY_S + minutes * 60)
    return Runs(*found, interval_s=60.0, load_known=load_known)


def word(state: State, code: str, until: float | None = None, **changes: Any) -> ResourceState:
    fields = {"resource": "water", "need": "required", "critical": True, "by_word": True} | changes
    return ResourceState(state=state, code=code, until=until, **fields)


def found(plan: UpkeepPlan = PLAN, **changes: Any) -> Upkeep:
    rested = changes.pop("rested", None)
    trend = None if rested is None else trend_of(rested, NOW)
    words = word_tasks(changes.pop("resources", ()))
    given = {"runs": runs(), "fuel_at": None, "checked": None, "words": words} | changes
    return upkeep(plan, now=NOW, has_battery=rested is not None, trend=trend, **given)


def task(kind: str, it: Upkeep) -> Task:
    (one,) = (one for one in it.tasks if one.kind == kind)
    return one


def test_of_a_point_of_which_nothing_is_known_everything_is_to_be_done() -> None:
    it = found(rested={}, resources=[word(State.UNKNOWN, "never-attested")])
    assert {one.kind for one in it.tasks} == {"test-run", "fuel-age", "battery", "check", "attest"}
    assert {one.state for one in it.tasks} == {TaskState.UNKNOWN}
    assert len(it.due(NOW)) == 5


@pytest.mark.parametrize(
    ("ran", "state", "code", "minutes"),
    [
        (runs((10, 31), loaded=((10, 31),)), TaskState.DONE, "ran", 31),
        (runs((10, 30), loaded=((9.9994, 28.2),)), TaskState.DONE, "ran", 30),  # the load is read once a minute
        (runs((10, 31), loaded=((10, 10),)), TaskState.UNKNOWN, "never-ran", None),
        (runs((10, 31)), TaskState.UNKNOWN, "never-ran", None),
        (runs((10, 29), loaded=((10, 29),)), TaskState.UNKNOWN, "never-ran", None),
        (runs((40, 31), loaded=((40, 31),)), TaskState.OVERDUE, "ran", 31),
        (runs((40, 35), (2, 5), loaded=((40, 35), (2, 5))), TaskState.OVERDUE, "ran", 35),
        (runs((40, 35), (2, 45), loaded=((40, 35), (2, 45))), TaskState.DONE, "ran", 45),
        (runs((10, 31), load_known=False), TaskState.UNKNOWN, "load-unknown", 31),
        (runs((10, 31), load_known=True, loaded=((10, 15), (9.988, 14.5))), TaskState.DONE, "ran", 31),
    ],
)  # fmt: skip
def test_a_test_is_a_run_that_is_long_enough_under_load(
    ran: Runs, state: TaskState, code: str, minutes: float | None
) -> None:
    one = task("test-run", found(runs=ran))
    assert (one.state, one.code) == (state, code)
    assert one.detail.get("minutes") == (None if minutes is None else pytest.approx(minutes))


def test_where_the_profile_asks_for_no_load_any_run_that_is_long_enough_is_a_test() -> None:
    one = task("test-run", found(UpkeepPlan(test_load_percent=0.0), runs=runs((10, 31), load_known=False)))
    assert (one.state, one.due_at) == (TaskState.DONE, pytest.approx(NOW - 10 * DAY_S + 31 * 60 + 31 * DAY_S))


def test_a_short_run_is_told_and_a_try_of_the_starter_is_not() -> None:
    it = found(runs=runs((40, 35), (2, 5), (1, 0.5), loaded=((40, 35),)))
    assert it.run is not None
    assert it.test is not None
    assert (it.run.until - it.run.since, it.test.until - it.test.since) == (300.0, pytest.approx(2100.0))
    assert it.run.loaded_s == 0.0


@pytest.mark.parametrize(
    ("days", "state"), [(1, TaskState.DONE), (364, TaskState.DONE), (365, TaskState.OVERDUE), (900, TaskState.OVERDUE)]
)
def test_fuel_ages_from_the_last_delivery(days: float, state: TaskState) -> None:
    one = task("fuel-age", found(fuel_at=NOW - days * DAY_S))
    assert (one.state, one.code, one.t) == (state, "delivered", NOW - days * DAY_S)


def test_somebody_must_have_been_there() -> None:
    one = task("check", found(checked=(NOW - 40 * DAY_S, "Jan")))
    assert (one.state, one.by, one.due_at) == (TaskState.OVERDUE, "Jan", NOW - 9 * DAY_S)
    assert task("check", found(checked=(NOW - 30 * DAY_S, "Jan"))).state is TaskState.DONE


@pytest.mark.parametrize(
    ("state", "code", "until", "expected"),
    [
        (State.READY, "attested", NOW + 5 * DAY_S, TaskState.DONE),
        (State.NOT_READY, "absent", NOW + 5 * DAY_S, TaskState.DONE),
        (State.EXPIRED, "expired", NOW - DAY_S, TaskState.OVERDUE),
        (State.UNKNOWN, "withdrawn", None, TaskState.UNKNOWN),
        (State.UNKNOWN, "wrong-role", None, TaskState.UNKNOWN),
    ],
)
def test_a_word_must_be_given_anew_before_it_ends(
    state: State, code: str, until: float | None, expected: TaskState
) -> None:
    one = task("attest", found(resources=[word(state, code, until)]))
    assert (one.resource, one.state, one.due_at) == ("water", expected, until)


def test_what_nobody_attests_and_what_is_not_asked_for_is_no_task() -> None:
    resources = [
        word(State.UNKNOWN, "not-measured", by_word=False),
        word(State.NOT_REQUIRED, "not-required", need="not-required"),
    ]
    assert [one.kind for one in found(resources=resources).tasks] == ["test-run", "fuel-age", "check"]


def test_what_must_be_done_before_a_day_is_what_nobody_knows_and_then_the_oldest() -> None:
    it = found(
        runs=runs((10, 31), loaded=((10, 31),)),
        fuel_at=NOW - 400 * DAY_S,
        resources=[word(State.READY, "attested", NOW + 5 * DAY_S)],
    )
    assert [one.kind for one in it.due(NOW)] == ["check", "fuel-age"]
    assert [one.kind for one in it.due(NOW + 6 * DAY_S)] == ["check", "fuel-age", "attest"]
    assert [one.kind for one in it.due(NOW + 22 * DAY_S)] == ["check", "fuel-age", "attest", "test-run"]


def rested(drop_v: float, days: int = 90, volts: float = 12.8, every: int = 1) -> dict[int, float]:
    return {TODAY - day: volts - drop_v * (90 - day) / 90 for day in range(1, days + 1, every)}


@pytest.mark.parametrize(
    ("days", "drop", "state"),
    [
        (rested(0.0), 0.0, TaskState.DONE),
        (rested(0.2), 1.57, TaskState.DONE),
        (rested(0.3), 2.37, TaskState.OVERDUE),
        (rested(-0.3), -2.32, TaskState.DONE),
        (rested(0.3, every=6), 2.37, TaskState.OVERDUE),
        (rested(0.3, days=28), None, TaskState.UNKNOWN),
        (rested(0.3, every=8), None, TaskState.UNKNOWN),
        ({}, None, TaskState.UNKNOWN),
    ],
)
def test_a_battery_whose_resting_voltage_falls(days: dict[int, float], drop: float | None, state: TaskState) -> None:
    one = task("battery", found(rested=days))
    assert one.state is state
    assert one.detail.get("drop_percent") == (None if drop is None else pytest.approx(drop, abs=0.02))


def test_a_day_that_was_measured_wrong_does_not_bend_the_trend() -> None:
    days = rested(0.3)
    for day in (TODAY - 3, TODAY - 40, TODAY - 41):
        days[day] = 9.0
    trend = trend_of(days, NOW)
    assert trend is not None
    assert trend.drop_percent == pytest.approx(2.37, abs=0.15)


def test_days_of_before_and_of_a_clock_that_runs_ahead_say_nothing() -> None:
    assert trend_of({TODAY - 90: 12.0, TODAY + 1: 12.0}, NOW) is None


def test_a_point_without_a_battery_has_no_task_of_one() -> None:
    assert not [one for one in found(rested=None).tasks if one.kind == "battery"]


TASKS = {TaskState.UNKNOWN: 0, TaskState.OVERDUE: 0, TaskState.DONE: 1}


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), max_size=6), st.integers(0, 5), st.booleans())
def test_to_know_of_fewer_runs_never_makes_it_better(
    ran: list[tuple[float, float]], without: int, loaded: bool
) -> None:
    less = [one for at, one in enumerate(ran) if at != without]
    whole = found(runs=runs(*ran, loaded=tuple(ran)))
    parts = found(runs=runs(*less, loaded=tuple(ran)) if loaded else runs(*ran, loaded=tuple(less)))
    assert TASKS[task("test-run", parts).state] <= TASKS[task("test-run", whole).state]


PARTS = {
    "runs": st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=3),
    "loaded": st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=3),
    "fuel_at": st.floats(NOW - 800 * DAY_S, NOW),
    "checked": st.tuples(st.floats(NOW - 90 * DAY_S, NOW), st.just("Jan")),
    "rested": st.dictionaries(st.integers(TODAY - 80, TODAY), st.floats(11, 14), min_size=1),
    "word": st.sampled_from([(State.READY, "attested"), (State.NOT_READY, "absent"), (State.EXPIRED, "expired")]),
}


def known_of(parts: dict[str, Any]) -> dict[tuple[str, str], TaskState]:
    state, code = parts.get("word", (State.UNKNOWN, "never-attested"))
    it = found(
        runs=runs(*parts.get("runs", ()), loaded=tuple(parts.get("loaded", ())), load_known="loaded" in parts),
        fuel_at=parts.get("fuel_at"),
        checked=parts.get("checked"),
        rested=parts.get("rested", {}),
        resources=[word(state, code, until=NOW + DAY_S)],
    )
    return {(one.kind, one.resource): one.state for one in it.tasks}


@given(st.fixed_dictionaries({}, optional=PARTS), st.sampled_from(sorted(PARTS)))
def test_to_know_less_never_makes_a_task_done(parts: dict[str, Any], gone: str) -> None:
    whole = known_of(parts)
    less = known_of({name: part for name, part in parts.items() if name != gone})
    assert less.keys() == whole.keys()
    for key, state in less.items():
        assert state is not TaskState.DONE or whole[key] is TaskState.DONE
