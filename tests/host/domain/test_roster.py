"""Who is on duty: week, night and holiday, over both clock changes."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.holidays import dutch_holidays, easter
from paraat.domain.roster import Duty, Person, Roster, Span

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PEOPLE = {
    name: Person(id=name, name=name.title(), reach={"email": (f"{name}@example.org",)})
    for name in ("anna", "bas", "cor")
}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).timestamp()


def on_duty(roster: Roster, text: str, rung: str = "coordination", point: str | None = None) -> list[str]:
    return [person.id for person in roster.on_duty(rung, point, at(text))]


def roster(*duties: Duty) -> Roster:
    return Roster(zone=AMSTERDAM, people=PEOPLE, duties=duties)


@pytest.mark.parametrize(
    ("year", "day"),
    [
        *((2024, "03-31"), (2025, "04-20"), (2026, "04-05"), (2027, "03-28"), (2038, "04-25")),
        *(
            (1818, "03-22"),
            (1943, "04-25"),
            (1954, "04-18"),
            (1981, "04-19"),
            (2000, "04-23"),
            (2008, "03-23"),
            (2011, "04-24"),
        ),
    ],
)
def test_easter_is_where_the_almanac_has_it(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_the_holidays_of_a_year() -> None:
    days = ["01-01", "04-05", "04-06", "04-27", "05-05", "05-14", "05-24", "05-25", "12-25", "12-26"]
    assert sorted(dutch_holidays(2026)) == [date.fromisoformat(f"2026-{day}") for day in days]
    assert date(2025, 4, 26) in dutch_holidays(2025), "the 27th is a Sunday"
    assert date(2025, 4, 27) not in dutch_holidays(2025)


NIGHT = Duty(rung="coordination", who=("bas",), begins_min=18 * 60, ends_min=8 * 60, days=("mon", "tue", "wed", "thu"))
WEEKEND = Duty(rung="coordination", who=("cor",), days=("sat", "sun", "holiday"))
ELSE = Duty(rung="coordination", who=("anna",))


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-26T17:59", "anna"),
        ("2026-11-26T18:00", "bas"),
        ("2026-11-27T07:59", "bas"),  # Friday morning: of Thursday's night
        ("2026-11-27T08:00", "anna"),
        ("2026-11-27T20:00", "anna"),
        ("2026-11-28T12:00", "cor"),
        ("2026-05-14T20:00", "cor"),  # Ascension Day, a Thursday: its night is no working day's
        ("2026-10-25T02:30", "cor"),  # the hour that comes twice
        ("2026-03-29T03:30", "cor"),
    ],
)
def test_night_weekend_and_holiday(moment: str, who: str) -> None:
    assert on_duty(roster(NIGHT, WEEKEND, ELSE), moment) == [who]


def test_each_week_another_in_turn_and_the_count_goes_back_too() -> None:
    weekly = roster(Duty(rung="coordination", who=("anna", "bas", "cor"), turn_from=date(2026, 11, 25)))
    found = [
        on_duty(weekly, f"2026-{day}T12:00")[0]
        for day in ("11-16", "11-22", "11-23", "11-29", "11-30", "12-07", "12-14")
    ]
    assert found == ["cor", "cor", "anna", "anna", "bas", "cor", "anna"]


def test_a_point_has_its_own_line_before_the_line_of_all() -> None:
    both = roster(Duty(rung="lead", who=("bas",), points=("nsp-0101",)), Duty(rung="lead", who=("anna",)))
    assert on_duty(both, "2026-11-26T12:00", "lead", "nsp-0101") == ["bas"]
    assert on_duty(both, "2026-11-26T12:00", "lead", "nsp-0102") == ["anna"]
    assert on_duty(both, "2026-11-26T12:00", "deputy", "nsp-0101") == []
    assert [person.id for person in both.everybody("lead", "nsp-0101")] == ["bas", "anna"]


def test_where_the_calendar_has_nobody_the_next_line_holds() -> None:
    begins, ends = at("2026-11-26T08:00"), at("2026-11-26T20:00")
    by_calendar = Duty(rung="coordination", who=(), spans=(Span(begins, ends, ("cor",)),))
    both = roster(by_calendar, ELSE)
    assert [on_duty(both, f"2026-11-26T{clock}")[0] for clock in ("07:59", "08:00", "19:59", "20:00")] == [
        "anna",
        "cor",
        "cor",
        "anna",
    ]
    assert [person.id for person in both.everybody("coordination", None)] == ["cor", "anna"]


@given(st.integers(1735689600, 2145916800))
def test_at_every_moment_of_every_day_somebody_is_on_duty_and_only_one(t: int) -> None:
    assert len(roster(NIGHT, WEEKEND, ELSE).on_duty("coordination", None, t)) == 1


@pytest.mark.parametrize(
    ("begins", "ends", "on", "off"),
    [
        ("08:00", "17:00", ("08:00", "16:59"), ("07:59", "17:00", "00:00")),
        ("18:00", "08:00", ("18:00", "23:59", "00:00", "07:59"), ("08:00", "17:59")),
    ],
)
def test_a_duty_begins_with_its_first_minute_and_ends_before_its_last(
    begins: str, ends: str, on: tuple[str, ...], off: tuple[str, ...]
) -> None:
    first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (begins, ends))
    duties = roster(Duty(rung="coordination", who=("bas",), begins_min=first, ends_min=last))
    assert [on_duty(duties, f"2026-11-25T{moment}") for moment in on] == [["bas"]] * len(on)
    assert [on_duty(duties, f"2026-11-25T{moment}") for moment in off] == [[]] * len(off)


def test_everybody_is_who_may_ever_stand_there_also_by_a_calendar() -> None:
    duties = roster(
        Duty(rung="lead", who=("anna",), points=("nsp-0101",)),
        Duty(rung="lead", who=("bas",), points=("nsp-0102",)),
        Duty(rung="coordination", who=("cor",)),
        Duty(rung="lead", who=(), spans=(Span(0.0, 1.0, ("cor", "anna")),)),
    )
    assert [person.id for person in duties.everybody("lead", "nsp-0101")] == ["anna", "cor"]
    assert [person.id for person in duties.everybody("lead", None)] == ["cor", "anna"]
    assert duties.everybody("region", "nsp-0101") == ()


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["lead", "deputy"]),
            st.lists(st.sampled_from(["p1", "p2"]), max_size=3),
            st.sampled_from(["anna", "ben"]),
            st.booleans(),
        ),
        max_size=8,
    ),
    point=st.sampled_from(["p1", "p2", "p3", None]),
)
def test_the_first_line_of_the_roster_that_holds_counts(
    lines: list[tuple[str, list[str], str, bool]], point: str | None
) -> None:
    duties = tuple(
        Duty(rung=rung, points=tuple(points), who=(who,), spans=() if nobody else None)
        for rung, points, who, nobody in lines
    )
    people = {name: Person(id=name, name=name, reach={}) for name in ("anna", "ben")}
    roster = Roster(people=people, duties=duties)
    for rung in ("lead", "deputy"):
        hold = [one for one in lines if one[0] == rung and (not one[1] or point in one[1])]
        first = next((who for _, _, who, nobody in hold if not nobody), None)
        assert [person.id for person in roster.on_duty(rung, point, 0.0)] == ([first] if first else [])
        assert [person.id for person in roster.everybody(rung, point)] == list(dict.fromkeys(one[2] for one in hold))
