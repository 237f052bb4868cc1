"""The verdict follows from what is known, and not from how it came to be known."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import facts
from paraat.domain.facts import Author, Fact
from paraat.domain.model import PointView, SampleSet, Value
from paraat.domain.profiles import Profile, Resource
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from paraat.journal import Journal
from tracker_bench import POINT, T0

PROFILE = Profile(
    target_h=12.0,
    open_within_h=2.0,
    resources={
        "power": Resource(critical=True, by="hours"),
        "heat": Resource(critical=True, by="metric", metric="climate/temperature", ready_from=18.0, limited_from=15.0),
        "water": Resource(critical=True),
        "light": Resource(),
    },
)
JAN = Author(name="Jan", way="cli")
NOW = T0 + 3600

values: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "fuel/level": st.integers(0, 100).map(float),
        "power/mains": st.booleans(),
        "power/generator": st.booleans(),
        "climate/temperature": st.floats(0, 30),
        "point/open": st.booleans(),
        "power/load": st.sampled_from([500.0, 5000.0]),
        "battery/voltage": st.sampled_from([10.9, 12.7]),
        "battery/current": st.sampled_from([0.0, -5.0]),
        "climate/co2": st.sampled_from([450.0, 900.0, 1500.0]),
    },
)
told = st.one_of(
    st.builds(facts.Counted, point=st.just(POINT.id), people=st.integers(0, 200)),
    st.builds(facts.Delivered, point=st.just(POINT.id), litres=st.just(100.0)),
    st.builds(
        facts.Attested,
        point=st.just(POINT.id),
        resource=st.sampled_from(["water", "light"]),
        there=st.booleans(),
        until=st.floats(T0 - 100, T0 + 7200),
    ),
    st.builds(
        facts.PhaseChanged,
        point=st.just(POINT.id),
        phase=st.sampled_from(["building", "standby", "alerted", "opening", "operational", "closing", "out-of-use"]),
        until=st.one_of(st.none(), st.floats(T0, T0 + 7200)),
    ),
)


def judged(sets: list[SampleSet], said: list[Fact]) -> PointView:
    """The point at NOW, when all this came in this order."""
    world = a_world()
    for heard in (*sets, *said):
        world.apply(heard)
    return world.tracker.view(POINT.id, NOW)


def judged_from_a_journal(sets: list[SampleSet], said: list[Fact], *, restart: bool) -> PointView:
    """The same, where the journal leaves out what came before."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "journal.sqlite"
        journal = Journal(path)
        world = a_world()
        for a_set in sets:
            for new in journal.store([a_set], [], []).new:
                world.apply(new)
        if restart:
            journal.close()
            journal, world = Journal(path), a_world()
            journal.fold(world, {POINT.id: POINT}, sets=None)
        for fact in said:
            world.apply(fact)
        journal.close()
        return world.tracker.view(POINT.id, NOW)


def a_world() -> World:
    return World(Tracker({POINT.id: POINT}, Alerts(), profiles={POINT.id: PROFILE}, since=T0, counts=lambda _: (0, 0)))


@given(st.lists(values, max_size=8), st.lists(told, max_size=6), st.booleans(), st.data())
@settings(deadline=None, max_examples=150)
def test_no_order_repetition_or_restart_changes_a_verdict(
    read: list[dict[str, Value]], people: list[facts.Told], restart: bool, data: st.DataObject
) -> None:
    sets = [
        SampleSet(point=POINT.id, kind="telemetry", seq=seq, t=NOW - 60 * seq, received_at=NOW, values=found, faults={})
        for seq, found in enumerate(read, 1)
    ]
    said = [
        Fact(id=number, after=0, t=T0 + 60 * number, recorded_at=NOW, author=JAN, told=one)
        for number, one in enumerate(people, 1)
    ]
    again = data.draw(st.permutations(sets + data.draw(st.lists(st.sampled_from(sets), max_size=4)) if sets else []))
    said_again = data.draw(
        st.permutations(said + data.draw(st.lists(st.sampled_from(said), max_size=4)) if said else [])
    )
    first, second = judged(sets, said), judged_from_a_journal(again, said_again, restart=restart)
    for key in ("verdict", "last_verdict", "resources", "activation", "remarks", "upkeep", "people"):
        assert getattr(first, key) == getattr(second, key)
