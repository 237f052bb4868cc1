"""How many people there are, from what was counted by hand and by doors whose counters begin anew."""

import random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.passages import Counted, Passages, Present, Run, Tally, present, tally_of

T0 = 1764000000.0


def tally(t: float, came_in: int, went_out: int, boot: float = 0.0, shown: int | None = None) -> Tally:
    """At T0 + t, of a board that started at T0 + boot."""
    return Tally(t=T0 + t, came_in=came_in, went_out=went_out, present=shown, booted_t=T0 + boot)


def runs(*tallies: Tally) -> Passages:
    passages = Passages()
    for one in tallies:
        passages.add(one)
    return passages


def counted(t: float, people: int, at: Tally | None = None) -> Counted:
    return Counted(t=T0 + t, people=people, by="Jan", tally=at)


def here(passages: Passages, count: Counted | None = None, miscount: float = 5.0) -> Present:
    found = present(passages.runs, count, miscount)
    assert found is not None
    return found


def test_nobody_counted_and_no_counter_is_not_known() -> None:
    assert present([], None, 5.0) is None


def test_the_doors_alone_tell_from_an_empty_hall() -> None:
    found = here(runs(tally(60, 10, 0), tally(3600, 120, 30)))
    assert (found.people, found.counted_at) == (90, None)
    assert (found.low, found.high) == (82, 98), "5 % of 150 passages"
    assert found.t == T0 + 3600


def test_a_count_by_hand_stands_and_the_range_grows_with_traffic_since() -> None:
    at = tally(3600, 120, 30)
    count = counted(3610, 75, at)
    fresh = here(runs(tally(60, 10, 0), at), count)
    assert (fresh.people, fresh.low, fresh.high) == (75, 75, 75)
    assert (fresh.counted_at, fresh.counted_by, fresh.t) == (T0 + 3610, "Jan", T0 + 3610)
    later = here(runs(tally(60, 10, 0), at, tally(7200, 160, 50)), count)
    assert (later.people, later.low, later.high) == (95, 92, 98), "60 passages since, of which 3 may be wrong"
    assert later.t == T0 + 7200


def test_a_board_that_starts_again_leaves_the_people_where_they_are() -> None:
    at = tally(3600, 120, 30)
    passages = runs(
        tally(60, 10, 0), at, tally(4000, 121, 30), tally(4300, 2, 1, boot=4200), tally(4400, 4, 1, boot=4200)
    )
    assert here(passages, counted(3600, 90, at)).people == 94
    assert here(passages).people == 94
    assert len(passages.ended) == 1


def test_a_start_that_the_counters_do_not_show_is_found_by_the_uptime() -> None:
    """Two came in before it started, and five since: nothing falls."""
    passages = runs(tally(60, 2, 0), tally(4300, 5, 0, boot=4200))
    assert here(passages).people == 7


def test_while_a_board_is_down_nobody_counts_and_the_range_says_so() -> None:
    at = tally(3600, 100, 0)
    near = runs(at, tally(3700, 10, 0, boot=3650))
    far = runs(at, tally(7300, 10, 0, boot=7250))
    count = counted(3600, 100, at)
    assert here(near, count).people == here(far, count).people == 110
    assert here(far, count).high > here(near, count).high > 110


def test_counters_that_somebody_set_to_nothing_say_that_everybody_is_out() -> None:
    at = tally(3600, 120, 30)
    passages = runs(at, tally(3700, 3, 0), tally(3800, 5, 1))
    found = here(passages, counted(3600, 90, at))
    assert (found.people, found.counted_at, found.counted_by) == (4, T0 + 3700, "")
    assert found.high - found.people == 1


def test_a_board_that_does_not_tell_how_long_it_is_up_leaves_the_people_too() -> None:
    old = msgspec.structs.replace(tally(3700, 3, 0), booted_t=None)
    assert here(runs(tally(3600, 120, 30), old)).people == 93


def test_nobody_leaves_an_empty_hall() -> None:
    """Who came in before the board started leaves: its own figure heeds that, the difference does not."""
    assert here(runs(tally(60, 0, 5, shown=0), tally(600, 10, 5, shown=10))).people == 10
    assert here(runs(tally(600, 3, 20))).people == 0
    assert here(runs(tally(600, 90, 0, shown=60))).people == 90, "a figure that is cut off hides nobody"


def test_a_count_without_the_counters_takes_all_since_for_not_sure() -> None:
    passages = runs(tally(60, 10, 0), tally(3600, 110, 0))
    found = here(passages, counted(1800, 50))
    assert (found.people, found.low, found.high) == (50, 45, 55)


def test_a_counter_that_tells_nothing_else_counts_where_it_is_newer_than_a_count_by_hand() -> None:
    found = present([], None, 5.0, shown=(T0, 84))
    assert found is not None
    assert (found.people, found.low, found.high, found.t) == (84, 79, 89, T0)
    older = present([], counted(60, 70), 5.0, shown=(T0, 84))
    assert older is not None
    assert (older.people, older.counted_by) == (70, "Jan")
    assert here(runs(tally(60, 10, 0))).people == 10


@pytest.mark.parametrize(
    ("at_count", "shown", "expected"),
    [
        (84, 84, (70, 70, 70)),  # nobody passed: a newer reading of the same tells nothing new
        (84, 104, (90, 89, 91)),
        (84, 44, (30, 28, 32)),
        (84, 4, (0, 0, 4)),
        (None, 84, (70, 70, 84)),  # nobody knows what it showed then
        (None, 60, (70, 60, 70)),
    ],
)
def test_a_count_by_hand_stands_against_a_counter_until_somebody_passes(
    at_count: int | None, shown: int, expected: tuple[int, int, int]
) -> None:
    count = Counted(t=T0, people=70, by="Jan", shown=at_count)
    found = present([], count, 5.0, shown=(T0 + 60, shown))
    assert found is not None
    assert (found.people, found.low, found.high) == expected
    assert (found.t, found.counted_at, found.counted_by) == (T0 + 60, T0, "Jan")


def test_what_was_counted_before_a_count_is_no_part_of_it() -> None:
    passages = runs(tally(60, 500, 0), tally(700, 3, 1, boot=650), tally(900, 8, 1, boot=650))
    assert here(passages, counted(720, 40, tally(700, 3, 1, boot=650))).people == 45


@pytest.mark.parametrize(
    ("values", "faults", "expected"),
    [
        ({"people/in": 5, "people/out": 2, "people/present": 3, "node/uptime": 60}, {}, (5, 2, 3, T0 - 60)),
        ({"people/in/front": 5, "people/out/front": 2, "people/in/back": 1, "people/out/back": 4}, {}, (6, 6, None, None)),
        ({"people/in/front": 5, "people/out/front": 2}, {"people/in/back": "blocked"}, None),
        ({"people/in": 5}, {}, None),
        ({"people/present": 5}, {}, None),
        ({"fuel/level": 5.0}, {}, None),
    ],
)  # fmt: skip
def test_the_doors_of_a_set_count_together(
    values: dict[str, float], faults: dict[str, str], expected: tuple[object, ...] | None
) -> None:
    found = tally_of(values, faults, T0)
    assert (None if found is None else (found.came_in, found.went_out, found.present, found.booted_t)) == expected


class Course(NamedTuple):
    tallies: list[Tally]
    people: int


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """A hall whose board starts anew now and then, and tells all."""
    tallies: list[Tally] = []
    t, inside = 0.0, 0
    for _ in range(draw(st.integers(1, 3))):
        boot, came_in, went_out = t, 0, 0
        for _ in range(draw(st.integers(1, 6))):
            t += draw(st.integers(61, 900))
            more, less = draw(st.integers(0, 9)), draw(st.integers(0, 9))
            less = min(less, inside + more)
            came_in, went_out, inside = came_in + more, went_out + less, inside + more - less
            tallies.append(tally(t, came_in, went_out, boot))
        t += draw(st.integers(120, 900))
    return Course(tallies, inside)


@given(courses(), st.randoms())
def test_in_whatever_order_tallies_come_the_people_are_the_same(course: Course, chance: random.Random) -> None:
    mixed = course.tallies + course.tallies[::2]
    chance.shuffle(mixed)
    assert runs(*mixed).runs == runs(*course.tallies).runs
    assert here(runs(*mixed)).people == course.people


@given(courses(), st.integers(0, 18), st.integers(0, 18))
def test_a_start_of_the_host_changes_nothing(course: Course, cut: int, back: int) -> None:
    """The runs that were over are kept; of the sets the last ones are read again."""
    cut = min(cut, len(course.tallies))
    before = runs(*course.tallies[:cut])
    again = Passages()
    for run in before.ended:
        again.add_run(run)
    for one in course.tallies[max(0, cut - 1 - back) :]:
        again.add(one)
    assert here(again).people == here(runs(*course.tallies)).people


@given(courses(), st.integers(0, 17), st.integers(0, 99))
def test_from_a_count_on_the_people_are_those_counted_and_what_came_since(course: Course, at: int, people: int) -> None:
    one = course.tallies[min(at, len(course.tallies) - 1)]
    count = Counted(t=one.t + 1, people=people, by="Jan", tally=one)
    later = [other for other in course.tallies if other.t > one.t]
    found = here(runs(*course.tallies), count)
    if not later:
        assert (found.people, found.low, found.high) == (people, people, people)
    elif people >= 200:
        before = here(runs(*course.tallies[: course.tallies.index(one) + 1])).people
        assert found.people == people + course.people - before


def test_a_late_tally_shows_a_reset_that_was_hidden() -> None:
    """5, then 9, then set to nothing, then 7: told in another order it is the same."""
    first, second, third = tally(100, 5, 0), tally(200, 9, 0), tally(300, 7, 0)
    assert here(runs(first, third, second)).people == here(runs(first, second, third)).people == 7
    assert here(runs(tally(100, 5, 0), tally(300, 9, 0), tally(200, 2, 0))).people == 9


def test_what_is_dated_later_is_forgotten() -> None:
    passages = runs(tally(10, 5, 0), tally(30, 7, 0), tally(500, 1, 0, boot=400))
    passages.forget_after(T0 + 100)
    assert passages.runs == [Run(tally(10, 5, 0), tally(30, 7, 0))]


def test_what_was_counted_after_the_newest_that_was_known_comes_after_the_count() -> None:
    """A set on its way while somebody counted: its passages are not in what he knew of the doors."""
    at = tally(50, 10, 0)
    assert here(runs(at, tally(80, 13, 0)), counted(100, 20, at)).people == 23


def test_who_came_unseen_is_reckoned_at_the_rate_since_the_board_started() -> None:
    at = tally(3600, 100, 0)
    found = here(runs(at, tally(4500, 4, 0, boot=4200), tally(4800, 6, 0, boot=4200)), counted(3600, 90, at))
    assert (found.people, found.high) == (96, 103), "6 in 600 s, so 6 in the 600 s without it, and 5 % of those seen"


def test_a_counter_that_tells_nothing_else_is_nobodys_count() -> None:
    found = present([], None, 5.0, (T0, 40))
    assert found == Present(people=40, low=38, high=42, t=T0, counted_at=None, counted_by="")
