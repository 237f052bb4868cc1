"""What people said last, and of whom or what a fact says something."""

from itertools import permutations

import msgspec
import pytest

from paraat.domain.activation import Phase
from paraat.domain.facts import (
    Acknowledged,
    Attested,
    Author,
    BatteryRested,
    BoardState,
    ClockSetBack,
    Commissioned,
    Counted,
    Declined,
    Delivered,
    DeliveryPlanned,
    Fact,
    GeneratorRan,
    HelpAsked,
    PeoplePassed,
    PhaseChanged,
    Silenced,
    Standing,
    Started,
    Told,
    WrongCode,
    place,
    replaces,
)
from paraat.domain.model import NodeState, SampleSet
from paraat.domain.subjects import Subject
from paraat.domain.world import World
from tracker_bench import POINT, T0, Bench

JAN = Author(name="Jan", way="page", role="lead")
P = POINT.id


def fact(number: int, t: float, told: Told, author: Author = JAN) -> Fact:
    return Fact(id=number, after=0, t=t, recorded_at=t + 5, author=author, told=told)


def standing(*facts: Fact) -> Standing:
    made = Standing()
    for one in facts:
        made.apply(one)
    return made


STATE = NodeState(point=P, received_at=T0, retained=False, online=True)


@pytest.mark.parametrize(
    ("told", "point", "about"),
    [
        (BoardState(state=STATE), P, None),
        (Started(forget_after=T0), None, None),
        (ClockSetBack(forget_after=T0), None, None),
        (WrongCode(), None, None),
        (GeneratorRan(point=P), P, None),
        (BatteryRested(point=P), P, None),
        (PeoplePassed(point=P), P, None),
        (Acknowledged(alert=7), None, ("acknowledged", "7")),
        (Silenced(subject=Subject("point", P), until=T0, reason="works"), P, ("silenced", "point", P)),
        (Silenced(subject=Subject("disk", "/"), until=T0, reason="works"), None, ("silenced", "disk", "/")),
        (Attested(point=P, resource="water", there=True, until=T0), P, ("attested", P, "water")),
        (PhaseChanged(point=P, phase="alerted"), P, ("phase", P)),
        (Counted(point=P, people=3), P, ("counted", P)),
        (Delivered(point=P, litres=10.0), P, ("delivered", P)),
        (DeliveryPlanned(point=P, litres=10.0, at=T0, who="Jan"), P, ("delivery-planned", P)),
        (HelpAsked(point=P), P, ("help-asked", P)),
        (Commissioned(point=P), P, ("commissioned", P)),
    ],
)
def test_where_a_fact_belongs_and_what_a_newer_one_of_it_takes_the_place_of(
    told: Told, point: str | None, about: tuple[str, ...] | None
) -> None:
    assert place(told) == point
    assert replaces(told) == about


def test_what_boards_and_the_host_found_is_said_by_nobody() -> None:
    made = standing(fact(1, T0, BoardState(state=STATE)), fact(2, T0, GeneratorRan(point=P)), fact(3, T0, WrongCode()))
    assert made.all() == []
    assert made.changes(P) == 0


def test_the_newest_by_its_own_time_stands_whatever_order_it_comes_in() -> None:
    facts = [fact(n, T0 + t, HelpAsked(point=P)) for n, t in ((1, 20.0), (2, 30.0), (3, 30.0))]
    for order in permutations(facts):
        made = standing(*order)
        assert made.help_asked(P) == facts[2], "of two of one moment the one that was written later"
        assert made.changes(P) == 3
    assert standing(*facts).help_asked("nsp-0102") is None


@pytest.mark.parametrize(
    "told",
    [
        Attested(point=P, resource="water", there=True, until=T0 + 9),
        PhaseChanged(point=P, phase="operational"),
        Counted(point=P, people=12),
        Delivered(point=P, litres=200.0),
        DeliveryPlanned(point=P, litres=100.0, at=T0 + 9, who="Jan"),
    ],
)
def test_what_a_clock_that_ran_ahead_dated_does_not_hide_what_was_said_after_it(told: Told) -> None:
    ahead, after = fact(1, T0 + 1e6, told), fact(2, T0, told)
    for order in permutations([ahead, after]):
        made = standing(*order)
        assert made.all() == [after]
        if isinstance(told, Attested):
            assert made.said(P)["water"].t == T0
        if isinstance(told, PhaseChanged):
            assert [change.t for change in made.phases(P)] == [T0, T0], "nor does it come true when its date is there"


def test_all_that_stands_is_in_the_order_of_the_journal() -> None:
    facts = [
        fact(9, T0 + 1, Counted(point=P, people=3)),
        fact(4, T0 + 2, HelpAsked(point=P)),
        fact(7, T0 + 3, Acknowledged(alert=7)),
    ]
    assert [one.id for one in standing(*facts).all()] == [4, 7, 9]


def test_a_link_is_used_up_by_the_first_who_used_it() -> None:
    first = fact(5, T0 + 10, Acknowledged(alert=7, link="abc"))
    again = fact(6, T0 + 10, Acknowledged(alert=7, link="abc"))
    late = fact(4, T0 + 60, Acknowledged(alert=7, link="abc"))
    other = fact(8, T0 + 1, Acknowledged(alert=8, link="xyz"))
    without = fact(9, T0, Acknowledged(alert=9))
    for order in permutations((first, again, late, other, without)):
        made = standing(*order)
        assert made.by_link("abc") == first
        assert made.by_link("xyz") == other
        assert made.by_link("") is None
    assert made.acknowledged(7) == late
    assert made.acknowledged(1) is None


def test_who_cannot_after_all_no_longer_sees_to_it_and_somebody_else_still_does() -> None:
    def said(number: int, t: float, name: str, told: Acknowledged | Declined) -> Fact:
        return msgspec.structs.replace(fact(number, t, told), author=Author(name=name, way="sms"))

    anna = said(1, T0, "Anna", Acknowledged(alert=7))
    no = said(2, T0 + 60, "Anna", Declined(alert=7, person="anna", link="n"))
    bram = said(3, T0 - 60, "Bram", Acknowledged(alert=7))
    again = said(4, T0 + 90, "Anna", Acknowledged(alert=7))
    for order in permutations((anna, no, bram)):
        made = standing(*order)
        assert made.acknowledged(7) == bram
        assert made.declined(7) == {"anna": T0 + 60}
        assert made.by_link("n") == no, "used up"
    assert standing(no, anna).acknowledged(7) is None
    assert standing(no, again, anna).acknowledged(7) == again
    assert standing(anna, no).declined(8) == {}


def test_what_was_attested_says_by_whom_and_in_which_role() -> None:
    made = standing(fact(1, T0, Attested(point=P, resource="water", there=True, until=T0 + 9)))
    said = made.said(P)["water"]
    assert (said.there, said.t, said.until, said.by, said.role) == (True, T0, T0 + 9, "Jan", "lead")
    assert made.said("nsp-0102") == {}


def test_a_change_of_phase_counts_once_and_one_of_a_newer_release_not_at_all() -> None:
    opened = fact(3, T0 + 60, PhaseChanged(point=P, phase="operational"))
    alerted = fact(2, T0, PhaseChanged(point=P, phase="alerted", until=T0 + 99))
    unheard_of = fact(4, T0 + 90, PhaseChanged(point=P, phase="hibernating"))
    made = standing(opened, unheard_of, alerted, opened)
    assert [(change.phase, change.t, change.by, change.way, change.until) for change in made.phases(P)] == [
        (Phase.ALERTED, T0, "Jan", "page", T0 + 99),
        (Phase.OPERATIONAL, T0 + 60, "Jan", "page", None),
    ]
    assert made.phases("nsp-0102") == []


def test_a_count_a_delivery_and_a_plan_are_kept_apart() -> None:
    counted = fact(1, T0 + 1, Counted(point=P, people=12))
    brought = fact(2, T0 + 2, Delivered(point=P, litres=200.0))
    planned = fact(3, T0 + 3, DeliveryPlanned(point=P, litres=100.0, at=T0 + 9, who="Jan"))
    made = standing(counted, brought, planned)
    assert (made.newest(Delivered, P), made.newest(DeliveryPlanned, P)) == (brought, planned)
    count = made.counted(P)
    assert count is not None
    assert (count.t, count.people, count.by, count.tally) == (T0 + 1, 12, "Jan", None)
    assert made.counted("nsp-0102") is None


def test_a_subject_is_silent_until_its_time_is_over() -> None:
    about = Subject("point", P)
    made = standing(fact(1, T0, Silenced(subject=about, until=T0 + 60, reason="works")))
    assert set(made.silenced(T0 + 59.9)) == {about}
    assert made.silenced(T0 + 60) == {}


def test_who_was_there_last() -> None:
    other = Author(name="Piet", way="cli")
    made = standing(
        fact(1, T0 + 10, Attested(point=P, resource="water", there=True, until=T0 + 999)),
        fact(2, T0 + 20, Counted(point=P, people=3), other),
        fact(3, T0 + 30, Attested(point=P, resource="food", there=False, until=T0 + 30)),  # taken back: says nothing
    )
    assert made.checked(P, T0 + 40) == (T0 + 20, "Piet")
    assert made.checked(P, T0 + 15) == (T0 + 10, "Jan")
    assert made.checked(P, T0 + 5) is None
    made.apply(fact(4, T0 + 35, Delivered(point=P, litres=1.0)))
    assert made.checked(P, T0 + 40) == (T0 + 35, "Jan")
    made.apply(fact(5, T0 + 38, Commissioned(point=P, done=("fuel",)), other))
    assert made.checked(P, T0 + 40) == (T0 + 38, "Piet")
    found = made.commissioned(P)
    assert found is not None
    assert found.id == 5


def test_each_element_of_the_stream_goes_where_it_counts() -> None:
    bench = Bench()
    world = World(bench.tracker)
    world.apply(
        SampleSet(point=P, kind="telemetry", seq=1, t=T0, received_at=T0, values={"power/mains": True}, faults={})
    )
    world.apply(fact(1, T0, BoardState(state=NodeState(point=P, received_at=T0, retained=False, online=False))))
    assert (bench.view(T0).data_t, bench.view(T0).online) == (T0, False)
    world.apply(fact(2, T0 + 50, Started(forget_after=T0 + 100)))
    assert bench.view(T0).watched_since == T0 + 50
    world.apply(fact(3, T0 + 51, HelpAsked(point=P)))
    assert world.standing.help_asked(P) is not None
    world.apply(fact(4, T0 + 60, ClockSetBack(forget_after=T0 - 1)), only="nsp-0102")
    assert bench.view(T0).data_t == T0
    world.apply(fact(5, T0 + 60, ClockSetBack(forget_after=T0 - 1)), only=P)
    assert bench.view(T0).data_t is None
    world.apply(
        SampleSet(point=P, kind="telemetry", seq=2, t=T0, received_at=T0, values={"power/mains": True}, faults={})
    )
    world.apply(fact(6, T0 - 50, Started(forget_after=T0 - 1)), only=P)
    assert bench.view(T0).data_t is None, "a start forgets what lies in its future"
