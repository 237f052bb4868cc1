"""The past is folded anew from the journal, and is what it was."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import facts
from paraat.domain.day_pattern import Pattern
from paraat.domain.facts import HOST, Author, ClockSetBack, Fact, Standing, Started
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.last_burn import LastBurn
from paraat.domain.model import AlertState, NodeState, PointView, SampleSet, Value
from paraat.domain.passages import Run, Tally
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.profiles import Profile, Resource
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from paraat.journal import Journal

T0 = 1764000000.0
AHEAD_S = 120.0
LEAD = Author(name="Jan", role="lead", way="cli")
PROFILE = Profile(
    target_h=12.0,
    open_within_h=2.0,
    resources={"power": Resource(critical=True, by="hours"), "water": Resource(critical=True)},
)
POINTS = {
    name: Point(
        id=name,
        name=name,
        municipality="Voorbeeldstad",
        capacity=150,
        tank=Tank(capacity_l=400, burn_l_per_h=10, reserve_l=0),
        board=PointBoard(type="esp32_devkitc_ve"),
    )
    for name in ("nsp-a", "nsp-b")
}
PROFILES = dict.fromkeys(POINTS, PROFILE)
Seen = tuple[float, list[PointView], list[Fact]]


def certificate_until(_point: str, _now: float) -> float:
    return T0 + 86400


class Live:
    """A host without threads: what it stores it folds, and what it shows is kept with the moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = T0
        self.seq = dict.fromkeys(POINTS, 0)
        self.held: list[SampleSet] = []  # read, and not sent yet
        self.firing: dict[str, AlertState] = {}
        self.seen: list[Seen] = []
        self.start()

    def start(self) -> None:
        self.journal = Journal(self.path)
        self.world = World(
            Tracker(
                POINTS,
                Alerts(),
                profiles=PROFILES,
                since=self.now,
                counts=lambda point: (self.journal.stored(point), self.journal.missing(point)),
                certificate_until=certificate_until,
            )
        )
        self.journal.fold(self.world, POINTS, sets=None)
        self.record(Started(forget_after=self.now + AHEAD_S), HOST)
        self.world.tracker.note_alerts(self.journal.open_alerts())

    def restart(self) -> None:
        self.journal.close()
        self.start()

    def record(self, told: facts.Told, author: Author = LEAD, t: float | None = None) -> None:
        self.world.apply(self.journal.record(told, author, t=self.now if t is None else t, now=self.now))

    def read(self, point: str, values: dict[str, Value], fault: bool, kind: str, late_s: float) -> None:
        self.seq[point] += 1
        self.held.append(
            SampleSet(
                point=point,
                kind=kind,
                seq=self.seq[point],
                t=self.now - late_s,
                received_at=self.now,
                values=values,
                faults={"climate/temperature": "crc"} if fault else {},
            )
        )

    def send(self, which: Callable[[list[SampleSet]], list[SampleSet]], states: list[NodeState]) -> None:
        chosen = [msgspec.structs.replace(one, received_at=self.now) for one in which(self.held)]
        sent = {(one.point, one.seq) for one in chosen}
        self.held = [one for one in self.held if (one.point, one.seq) not in sent]
        stored = self.journal.store(chosen, states, [])
        for a_set in stored.new:
            self.world.apply(a_set)
        for fact in stored.states:
            self.world.apply(fact)

    def state(self, point: str, online: bool, retained: bool) -> None:
        self.send(lambda _: [], [NodeState(point=point, received_at=self.now, retained=retained, online=online)])

    def alert(self, point: str) -> None:
        """Fires when it does not, and else is resolved."""
        before = self.firing.pop(point, None)
        if before is not None:
            self.journal.save_alert(msgspec.structs.replace(before, state="resolved", resolved_at=self.now))
        else:
            self.firing[point] = self.journal.save_alert(
                AlertState(
                    rule="low_fuel",
                    subject=Subject("point", point),
                    state="firing",
                    since=self.now,
                    severity="critical",
                    detail={},
                    fired_at=self.now,
                )
            )
        self.world.tracker.note_alerts(self.journal.open_alerts())

    def keep(self) -> None:
        """As the tick does: what was found and must outlive the sets."""
        for found in self.world.tracker.due():
            self.record(found, HOST)

    def set_clock_back(self, seconds: float) -> None:
        self.now -= seconds
        self.record(ClockSetBack(forget_after=self.now + AHEAD_S), HOST)

    def look(self) -> None:
        self.seen.append((self.now, self.world.tracker.views(self.now), self.world.standing.all()))

    def close(self) -> None:
        self.journal.close()


point = st.sampled_from(sorted(POINTS))
value: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "fuel/level": st.integers(0, 100).map(float),
        "power/mains": st.booleans(),
        "power/generator": st.booleans(),
        "point/open": st.booleans(),
        "people/in": st.integers(0, 9),
        "people/out": st.integers(0, 9),
        "node/uptime": st.integers(0, 900),
        "battery/voltage": st.integers(11, 13).map(float),
        "battery/current": st.just(0.0),
        "climate/co2": st.sampled_from([500.0, 1000.0]),
    },
)
told = st.one_of(
    st.builds(facts.Acknowledged, alert=st.integers(1, 3)),
    st.builds(facts.Attested, point=point, resource=st.just("water"), there=st.booleans(), until=st.just(T0 + 1e6)),
    st.builds(
        facts.PhaseChanged,
        point=point,
        phase=st.sampled_from(["building", "standby", "alerted", "out-of-use", "a newer one"]),
    ),
    st.builds(facts.Counted, point=point, people=st.integers(0, 300)),
    st.builds(facts.Delivered, point=point, litres=st.floats(1, 400)),
    st.builds(facts.DeliveryPlanned, point=point, at=st.just(T0), litres=st.floats(0, 400), who=st.just("Jan")),
    st.builds(
        facts.Silenced, subject=st.builds(Subject, st.just("point"), point), until=st.just(T0), reason=st.just("")
    ),
)
steps = st.one_of(
    st.tuples(st.just("read"), point, value, st.booleans(), st.sampled_from(["telemetry", "event"]), st.floats(0, 900)),
    st.tuples(st.just("send"), st.sampled_from([lambda held: held, lambda held: held[1::2]]), st.just([])),
    st.tuples(st.just("state"), point, st.booleans(), st.booleans()),
    st.tuples(st.just("record"), told),
    st.tuples(st.just("restart")),
    st.tuples(st.just("keep")),
)
with_alerts = st.one_of(steps, st.tuples(st.just("alert"), point))
with_a_clock = st.one_of(steps, st.tuples(st.just("set_clock_back"), st.floats(1, 5000)))


def play(live: Live, course: list[tuple[float, tuple[Any, ...]]]) -> None:
    for wait, (step, *arguments) in course:
        live.now += wait
        getattr(live, step)(*arguments)
        live.look()


def assert_same(live: Live, seen: list[Seen]) -> None:
    for t, views, standing in seen:
        past = live.journal.past(t, POINTS, Alerts(), PROFILES, sets=None, certificate_until=certificate_until)
        assert past.views == views
        assert past.standing.all() == standing


@given(st.lists(st.tuples(st.floats(1, 600), with_alerts), min_size=1, max_size=40))
@settings(deadline=None, max_examples=60)
def test_any_past_moment_is_what_it_was_live(course: list[tuple[float, tuple[Any, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        live = Live(Path(directory) / "journal.sqlite")
        play(live, course)
        assert_same(live, live.seen)
        live.close()


@given(st.lists(st.tuples(st.floats(1, 600), with_a_clock), min_size=1, max_size=40))
@settings(deadline=None, max_examples=60)
def test_of_a_moment_that_the_clock_showed_twice_the_past_is_the_second(
    course: list[tuple[float, tuple[Any, ...]]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        live = Live(Path(directory) / "journal.sqlite")
        play(live, course)
        later = [live.seen[-1]]  # what no later look has at the same or an earlier hour
        for seen in reversed(live.seen[:-1]):
            if seen[0] < later[-1][0]:
                later.append(seen)
        assert_same(live, later)
        live.close()


@given(
    st.lists(st.tuples(st.floats(0, 100), told), max_size=12).flatmap(
        lambda said: st.tuples(st.just(said), st.permutations(said))
    )
)
def test_what_people_said_stands_the_same_in_whatever_order_it_comes(
    said: tuple[list[tuple[float, facts.Told]], list[tuple[float, facts.Told]]],
) -> None:
    numbered = {id(one): number for number, one in enumerate(said[0], 1)}

    def standing(course: list[tuple[float, facts.Told]]) -> list[Fact]:
        found = Standing()
        for one in course:
            found.apply(Fact(id=numbered[id(one)], after=0, t=one[0], recorded_at=T0, author=LEAD, told=one[1]))
        return found.all()

    assert standing(said[1]) == standing(said[0])


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def test_a_fact_comes_back_as_it_was_with_its_author(journal: Journal) -> None:
    tally = Tally(t=T0, came_in=5, went_out=2, present=3, booted_t=T0 - 60)
    of_messages = (facts.WrongCode, facts.WrongReply, facts.SmsTaken, facts.CameBack, facts.RosterRead, facts.Tested)
    of_messages += (facts.ModemTested, facts.SettingsRead)
    others = (facts.FuelFound, facts.BoardState, facts.Named, facts.GapAccepted, facts.ClockConfirmed, *of_messages)
    kinds = (*facts.HOST_KINDS, *facts.PEOPLE_KINDS, *facts.ROLLING_KINDS, *others)
    said = [
        journal.record(one, LEAD, t=T0, now=T0 + 5)
        for one in (
            facts.Started(forget_after=T0),
            facts.ClockSetBack(forget_after=T0),
            facts.Acknowledged(alert=12),
            facts.Declined(alert=12, person="jan"),
            facts.Silenced(subject=Subject("point", "nsp-a"), until=T0, reason="oefening"),
            facts.Attested(point="nsp-a", resource="water", there=True, until=T0 + 9),
            facts.PhaseChanged(point="nsp-a", phase="open"),
            facts.Counted(point="nsp-a", people=0, tally=tally),
            facts.GeneratorRan(
                point="nsp-a",
                ran=((T0, T0 + 9),),
                loaded=((T0, T0 + 5),),
                load_seen=True,
                day=Pattern(T0, (5.0,) * 12),
                burn=LastBurn(1, 1.2, 1.4, 1.5),
                grid_out=True,
            ),
            facts.BatteryRested(point="nsp-a", days=((20_000, 12.7), (20_001, 12.6))),
            facts.PeoplePassed(point="nsp-a", runs=(Run(tally, tally),)),
            facts.FuelFound(point="nsp-a", event=FuelEvent(kind="leak", since=T0, until=T0 + 9, litres=3.0)),
            facts.Delivered(point="nsp-a", litres=200.0),
            facts.DeliveryPlanned(point="nsp-a", at=T0 + 9, litres=200.0, who="Tankdienst"),
            facts.WrongCode(),
            facts.WrongReply(person="anna"),
            facts.SmsTaken(reference=255, message="7/turn-1/anna/sms/3"),
            facts.CameBack(message="7/a", alerts=(7,), person="anna", channel="email", address="a@b.c", why="5.1.1"),
            facts.RosterRead(roster="{}"),
            facts.SettingsRead(key="nsp-a", settings="{}"),
            facts.Tested(point="", tried=12, failed=1),
            facts.ModemTested(after_s=9.5),
            facts.Named(point="nsp-a", name="A", municipality="B", region="C", position=(52.0, 5.0)),
            facts.ClockConfirmed(),
            facts.GapAccepted(point="nsp-a", reason="bord vervangen", first=3, last=9),
            facts.HelpAsked(point="nsp-a"),
            facts.Commissioned(point="nsp-a", board="24:0a", done=("fuel", "button"), left=("beam",)),
            facts.BoardState(state=NodeState(point="nsp-a", received_at=T0, retained=False, online=True)),
        )
    ]
    assert journal.facts(*kinds) == said
    assert {type(fact.told) for fact in said} == set(kinds), "a kind that is not tried here"
    assert [fact.told for fact in journal.facts(*kinds, point="nsp-a", limit=2)] == [fact.told for fact in said[-2:]]


def test_a_kind_of_a_newer_release_is_kept_and_skipped(journal: Journal) -> None:
    journal.record(facts.Counted(point="nsp-a", people=3), LEAD, t=T0, now=T0)
    with journal._transaction() as db:
        db.execute("UPDATE fact SET kind = 'counted/2', body = ?", (b'{"kind":"counted/2","adults":3}',))
    told = journal.record(facts.Counted(point="nsp-a", people=4), LEAD, t=T0, now=T0)
    past = journal.past(T0 + 9, POINTS, Alerts(), PROFILES, sets=None, certificate_until=certificate_until)
    assert past.standing.all() == [told]
    assert journal._read("SELECT kind FROM fact ORDER BY id") == [("counted/2",), ("counted/1",)]


def test_an_id_is_never_given_again(journal: Journal) -> None:
    first = journal.record(facts.Acknowledged(alert=1), LEAD, t=T0, now=T0)
    with journal._transaction() as db:
        db.execute("DELETE FROM fact")
    assert journal.record(facts.Acknowledged(alert=1), LEAD, t=T0, now=T0).id == first.id + 1


def test_what_a_retained_state_repeats_is_not_stored_again(journal: Journal) -> None:
    """The broker has one ready for each point, each time that the host connects."""
    birth = NodeState(point="nsp-a", received_at=T0, retained=False, online=True, boot=3)
    again = msgspec.structs.replace(birth, received_at=T0 + 60, retained=True)
    will = msgspec.structs.replace(birth, received_at=T0 + 90, online=False)
    reborn = msgspec.structs.replace(birth, received_at=T0 + 95)

    def new(*states: NodeState) -> list[facts.Told]:
        return [fact.told for fact in journal.store([], states, []).states]

    assert new(birth, again) == [facts.BoardState(state=birth)]
    assert new(again) == []
    assert new(will, msgspec.structs.replace(will, retained=True)) == [facts.BoardState(state=will)]
    assert new(reborn) == [facts.BoardState(state=reborn)], "a live one is proof of life"
    assert journal.last_states() == [reborn]


def test_what_is_told_late_does_not_stand_over_what_was_so_later() -> None:
    """A count that comes by radio an hour late is older than the one that was typed in meanwhile."""

    def counted(fact_id: int, t: float) -> Fact:
        told = facts.Counted(point="nsp-a", people=fact_id)
        return Fact(id=fact_id, after=0, t=t, recorded_at=T0 + fact_id, author=LEAD, told=told)

    standing = Standing()
    typed, by_radio, corrected = counted(1, T0), counted(2, T0 - 3600), counted(3, T0)
    standing.apply(typed)
    standing.apply(by_radio)
    assert standing.all() == [typed]
    standing.apply(corrected)
    assert standing.all() == [corrected], "of one moment the last word counts"


def test_an_alert_fires_from_the_moment_it_did_until_it_was_resolved(journal: Journal) -> None:
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", "nsp-a"), state="firing", since=T0, severity="critical", detail={}
    )
    pending = journal.save_alert(msgspec.structs.replace(alert, state="pending"))
    assert journal.alerts_at(T0 + 9999) == []
    fired = journal.save_alert(msgspec.structs.replace(pending, state="firing", fired_at=T0 + 120))
    journal.save_alert(msgspec.structs.replace(fired, state="resolved", resolved_at=T0 + 900))
    found = {t: journal.alerts_at(T0 + t) for t in (119, 120, 899, 900)}
    assert found == {119: [], 120: [fired], 899: [fired], 900: []}


def test_what_was_found_outlives_the_sets_that_a_start_reads_back(tmp_path: Path) -> None:
    """A test run of a month ago, a doorway that began anew, and fuel that came: a start reads thirty sets."""
    live = Live(tmp_path / "journal.sqlite")
    level = 20.0
    for minute in range(180):
        live.now += 60
        level = 80.0 if minute == 60 else level - 0.1
        values: dict[str, Value] = {
            "fuel/level": level,
            "power/generator": minute < 60,
            "people/in": minute % 120,
            "people/out": 0,
            "node/uptime": 60 * (minute % 120) + 30,
        }
        live.read("nsp-a", values, False, "telemetry", 0)
        live.send(lambda held: held, [])
        live.keep()
    before = live.world.tracker.view("nsp-a", live.now)
    assert before.upkeep.run is not None
    assert before.people is not None
    assert [event.kind for event in before.fuel_log][:1] == ["refuel"]
    live.journal.close()

    journal = Journal(tmp_path / "journal.sqlite")
    world = World(Tracker(POINTS, Alerts(), profiles=PROFILES, since=live.now, counts=lambda _: (0, 0)))
    journal.fold(world, POINTS, sets=30)
    after = world.tracker.view("nsp-a", live.now)
    assert (after.upkeep, after.people) == (before.upkeep, before.people)
    assert [(event.kind, event.since) for event in after.fuel_log] == [
        (event.kind, event.since) for event in before.fuel_log
    ]
    assert [event.kind for event in before.fuel_events][:1] == ["refuel"], "the history in memory has it"
    assert "refuel" not in {event.kind for event in after.fuel_events}, "and after the start no more"
    journal.close()
