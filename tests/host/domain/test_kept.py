"""What outlives the sets that a start reads back, and that it is the same with and without a restart."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from paraat.domain.facts import BatteryRested, Found, FuelFound, GeneratorRan, PeoplePassed
from paraat.domain.fuel_events import LEAK, REFUEL, RISING, STUCK, THEFT, FuelEvent, seen_whole
from paraat.domain.kept import Kept, joined
from paraat.domain.model import SampleSet, Value
from paraat.domain.points import Battery, Generator
from paraat.domain.profiles import UpkeepPlan
from paraat.domain.upkeep import DAY_S
from tracker_bench import POINT

T0 = 20_000 * DAY_S
PLAN = UpkeepPlan()
WITH_LOAD = msgspec.structs.replace(
    POINT, generator=Generator(rated_w=10_000), battery=Battery(capacity_ah=100, nominal_v=12, load_w=100)
)


def a_set(t: float, **values: Value) -> SampleSet:
    named = {name.replace("__", "/"): value for name, value in values.items()}
    return SampleSet(point=POINT.id, kind="telemetry", seq=1, t=T0 + t, received_at=T0 + t, values=named, faults={})


def learnt(*sets: SampleSet, point: Any = WITH_LOAD) -> Kept:
    kept = Kept(point, PLAN)
    for one in sets:
        kept.learn(one)
    return kept


def of(kind: type[Found], found: list[Found]) -> list[Any]:
    return [one for one in found if isinstance(one, kind)]


def test_a_run_is_kept_when_it_is_over() -> None:
    kept = learnt(*(a_set(60 * n, power__generator=True, power__load=2000 + 200 * n) for n in range(12)))
    assert kept.due(()) == []
    kept.learn(a_set(60 * 11 + 301, power__generator=False))
    (ran,) = kept.due(())
    assert ran == GeneratorRan(point=POINT.id, ran=((T0, T0 + 660),), loaded=((T0 + 300, T0 + 660),), load_seen=True)
    kept.remember(ran)
    assert kept.due(()) == []


def test_a_run_that_goes_on_is_kept_now_and_then() -> None:
    kept = Kept(POINT, PLAN)
    told: list[Found] = []
    for minute in range(60):
        kept.learn(a_set(60 * minute, power__generator=True))
        for found in kept.due(()):
            kept.remember(found)
            told.append(found)
    assert [one.ran[-1][1] - T0 for one in of(GeneratorRan, told)] == [900.0, 1800.0, 2700.0]


def test_the_events_of_a_start_and_a_stop_tell_to_the_second() -> None:
    kept = learnt(a_set(7, event__generator=True), a_set(60, power__generator=True), a_set(190, event__generator=False))
    assert list(kept.runs.ran) == [(T0 + 7, T0 + 190)]


def test_without_the_size_of_the_generator_its_load_is_not_known() -> None:
    assert not learnt(a_set(0, power__generator=True, power__load=5000), point=POINT).runs.load_known
    assert not learnt(a_set(0, power__generator=True)).runs.load_known
    assert learnt(a_set(0, power__load=0)).runs.load_known


@pytest.mark.parametrize(
    ("values", "rests"),
    [
        ({"battery__current": 0.2}, True),
        ({"battery__current": -0.99}, True),  # 1 % of 100 Ah
        ({"battery__current": -1.0}, False),
        ({"battery__current": 5.0, "power__mains": True}, False),
        ({"power__mains": True, "power__generator": False}, True),
        ({"power__mains": True, "power__generator": True}, False),
        ({"power__mains": False}, False),
        ({}, False),
    ],
)
def test_a_battery_rests_while_nothing_flows(values: dict[str, Value], rests: bool) -> None:
    kept = learnt(a_set(0, battery__voltage=12.7, **values))
    assert kept.rested == ({20_000: 12.7} if rests else {})
    assert kept.has_battery


def test_the_lowest_of_a_night_is_kept_when_the_night_is_over() -> None:
    sets = [a_set(3600 * hour, battery__voltage=13.0 - hour / 100, battery__current=0.0) for hour in range(24)]
    kept = learnt(*sets[:6])
    assert kept.due(()) == []
    kept.learn(sets[6])
    (rested,) = kept.due(())
    assert rested == BatteryRested(point=POINT.id, days=((20_000, 12.95),))
    kept.remember(rested)
    for one in sets[7:]:
        kept.learn(one)
        assert kept.due(()) == []


def test_counters_that_began_anew_are_kept_as_they_were() -> None:
    kept = learnt(a_set(60, people__in=5, people__out=1), a_set(120, people__in=0, people__out=0))
    (passed,) = kept.due(())
    assert isinstance(passed, PeoplePassed)
    assert [(run.last.came_in, run.last.went_out) for run in passed.runs] == [(5, 1)]


def event(kind: str, since: float, until: float, litres: float = 50.0) -> FuelEvent:
    return FuelEvent(kind=kind, since=T0 + since, until=T0 + until, litres=litres)


def test_what_befell_the_fuel_is_kept_when_the_level_stands_again() -> None:
    filled = event(REFUEL, 0, 300)
    kept = learnt(a_set(899))
    assert kept.due([filled]) == []
    kept.learn(a_set(900))
    assert kept.due([filled]) == [FuelFound(point=POINT.id, event=filled)]
    kept.remember(FuelFound(point=POINT.id, event=filled))
    assert kept.due([filled]) == []
    assert kept.due([event(REFUEL, 30, 400, 55.0)]) == [], "the same, found a little otherwise"


def test_a_leak_that_goes_on_is_kept_again_each_hour() -> None:
    kept = Kept(POINT, PLAN)
    told: list[Found] = []
    for minute in range(0, 300, 5):
        kept.learn(a_set(60 * minute))
        for found in kept.due([event(LEAK, 0, 60 * minute, minute / 10)]):
            kept.remember(found)
            told.append(found)
    assert [one.event.until - T0 for one in of(FuelFound, told)] == [3600.0, 7200.0, 10800.0, 14400.0]
    assert kept.fuel == [event(LEAK, 0, 14400, 24.0)], "one event, as it was found last"


def test_where_a_stuck_gauge_stands_is_kept_as_soon_as_it_is_known_or_another() -> None:
    kept = learnt(a_set(9000))

    def stuck(until: float, stands_l: float | None) -> FuelEvent:
        return msgspec.structs.replace(event(STUCK, 0, until), stands_l=stands_l, moves_l=4.0)

    for found, is_news in (
        (stuck(3600, None), True),  # as an older release kept it
        (stuck(3700, 300.0), True),
        (stuck(3800, 303.0), False),
        (stuck(3900, 304.1), True),
        (stuck(4000, None), False),
    ):
        due = kept.due([found])
        assert bool(due) is is_news
        for fact in due:
            kept.remember(fact)
    assert [(one.since, one.until, one.stands_l) for one in kept.fuel] == [(T0, T0 + 3900, 304.1)]


def test_what_goes_on_is_told_whole_and_what_was_over_by_what_was_kept() -> None:
    before = [event(REFUEL, 0, 300), event(LEAK, 500_000, 503_600, 9.0)]
    now = [event(REFUEL, 60, 3000, 45.0), event(LEAK, 500_100, 520_000, 30.0), event(REFUEL, 600_000, 600_100)]
    assert joined(before, now) == [before[0], event(LEAK, 500_000, 520_000, 30.0), now[2]]


@pytest.mark.parametrize(
    ("whole", "end", "since", "is_news"),
    [(THEFT, LEAK, 1, False), (REFUEL, RISING, 1, False), (THEFT, LEAK, 300, True), (REFUEL, LEAK, 1, True)],
)
def test_the_end_of_what_was_kept_whole_is_nothing_of_its_own(
    whole: str, end: str, since: float, is_news: bool
) -> None:
    """A start of the host reads back from the midst of a theft on: 61 l stolen was "10 l leaked", beside the theft."""
    kept = learnt(a_set(20_000))
    kept.remember(FuelFound(point=POINT.id, event=event(whole, 0, 300, 61.0)))
    found = event(end, since, 9000, 31.0)
    assert bool(kept.due([found])) is is_news
    assert bool(seen_whole([found], kept.fuel)) is is_news


def test_a_second_delivery_soon_after_is_told() -> None:
    kept = learnt(a_set(9000))
    kept.remember(FuelFound(point=POINT.id, event=event(REFUEL, 0, 300)))
    both = event(REFUEL, 0, 2000, 90.0)
    assert kept.due([both]) == [FuelFound(point=POINT.id, event=both)]
    kept.remember(FuelFound(point=POINT.id, event=both))
    assert kept.fuel == [both]


def test_what_is_dated_later_is_forgotten() -> None:
    kept = learnt(
        a_set(0, power__generator=True, battery__voltage=12.7, battery__current=0.0, people__in=1, people__out=0),
        a_set(
            9 * DAY_S, power__generator=True, battery__voltage=12.0, battery__current=0.0, people__in=9, people__out=0
        ),
    )
    kept.remember(FuelFound(point=POINT.id, event=event(REFUEL, 9 * DAY_S, 9 * DAY_S + 60)))
    kept.forget_after(T0 + 3600)
    assert list(kept.runs.ran) == [(T0, T0)]
    assert kept.rested == {20_000: 12.7}
    assert kept.passages.newest is not None
    assert kept.passages.newest.t <= T0 + 3600
    assert kept.fuel == []


@st.composite
def courses(draw: st.DrawFn) -> list[SampleSet]:
    """Days of a point, a set each ten minutes or so: it runs, rests, is visited, and its board starts anew."""
    sets: list[SampleSet] = []
    t, boot, came_in, runs = 0.0, 0.0, 0, False
    for _ in range(draw(st.integers(1, 40))):
        t += draw(st.sampled_from([60.0, 120.0, 600.0, 3600.0, DAY_S]))
        runs = draw(st.booleans()) if draw(st.integers(0, 3)) == 0 else runs
        if draw(st.integers(0, 9)) == 0:
            boot, came_in = t - 30, 0
        came_in += draw(st.integers(0, 3))
        sets.append(
            a_set(
                t,
                power__generator=runs,
                power__load=draw(st.sampled_from([1000, 5000])),
                battery__voltage=draw(st.integers(120, 130)) / 10,
                battery__current=draw(st.sampled_from([0.0, 5.0])),
                people__in=came_in,
                people__out=0,
                node__uptime=int(t - boot),
            )
        )
    return sets


def state(kept: Kept) -> tuple[object, ...]:
    return (
        list(kept.runs.ran),
        list(kept.runs.loaded),
        kept.runs.load_known,
        kept.rested,
        kept.passages.runs[-1].last,
        sum(run.last.passages for run in kept.passages.runs),
    )


@given(courses(), st.randoms())
@settings(deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_neither_order_nor_repetition_changes_what_is_found(sets: list[SampleSet], chance: random.Random) -> None:
    mixed = sets + sets[::2]
    chance.shuffle(mixed)
    assert state(learnt(*mixed)) == state(learnt(*sets))


@given(courses(), st.sets(st.integers(0, 40)), st.integers(1, 20))
@settings(deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_neither_does_a_start_that_reads_few_sets_back(sets: list[SampleSet], restarts: set[int], back: int) -> None:
    """What it reads back goes at least as far as a run goes on before it is kept, and at night to its beginning."""
    kept = Kept(WITH_LOAD, PLAN)
    newest: dict[type[Found], Found] = {}
    for at, one in enumerate(sets):
        kept.learn(one)
        for found in kept.due(()):
            kept.remember(found)
            newest[type(found)] = found
        if at in restarts:
            kept = Kept(WITH_LOAD, PLAN)
            for found in newest.values():
                kept.remember(found)
            night = one.t // DAY_S * DAY_S if one.t % DAY_S < 6 * 3600 else one.t
            for number, again in enumerate(sets[: at + 1]):
                if number > at - back or again.t >= min(night, one.t - 1800):
                    kept.learn(again)
    assert state(kept) == state(learnt(*sets))


def test_a_board_that_tells_seldom_has_longer_gaps_in_a_run() -> None:
    seldom = msgspec.structs.replace(POINT, board=msgspec.structs.replace(POINT.board, interval_s=600))
    sets = [a_set(1200 * n, power__generator=True) for n in range(4)]
    kept = learnt(*sets, a_set(5101, power__generator=False), point=seldom)
    (ran,) = of(GeneratorRan, kept.due(()))
    assert ran.ran == ((T0, T0 + 3600),)
    assert of(GeneratorRan, learnt(*sets, a_set(5101, power__generator=False), point=POINT).due(()))[0].ran[0] == (
        T0,
        T0,
    )
