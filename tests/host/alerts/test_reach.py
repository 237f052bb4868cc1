"""Who is reached of each point, and when nobody is: by what the roster and the channels say, before anything happens."""

from datetime import date

from paraat.alerts.reach import gap, reach, ways
from paraat.domain.roster import Duty, Person, Roster
from paraat.site import paths
from paraat.site.site import load_site

MONDAY = 1764576000.0  # 1 December 2025, 08:00
HOUR_S = 3600.0
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


class Channel:
    """Reaches who has an address for it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)


CHANNELS = {name: Channel(name) for name in ("email", "sms")}
PEOPLE = {
    "anna": Person(id="anna", name="Anna", reach={"sms": ("+31612345678",), "pigeon": ("loft",), "email": ("a@x",)}),
    "bram": Person(id="bram", name="Bram", reach={"email": ("b@x",)}),
    "cees": Person(id="cees", name="Cees", reach={"pigeon": ("the loft",)}),
    "dirk": Person(id="dirk", name="Dirk", reach={"sms": ()}),
}


def roster(*duties: Duty) -> Roster:
    return Roster(people=PEOPLE, duties=duties)


def found(points: list[str], *duties: Duty, now: float = MONDAY) -> tuple[float, tuple[str, ...]] | None:
    first = gap(points, roster(*duties), CHANNELS, now)
    return first and ((first[0] - now) / HOUR_S, first[1])


def test_the_ways_to_somebody_are_those_that_work_in_the_order_that_he_prefers() -> None:
    assert ways(PEOPLE["anna"], CHANNELS) == ("sms", "email")
    assert ways(PEOPLE["cees"], CHANNELS) == ()
    assert ways(PEOPLE["dirk"], CHANNELS) == ()


def test_the_first_hour_in_which_nobody_is_on_duty_is_found_with_all_points_of_that_hour() -> None:
    by_day = Duty(rung="lead", who=("anna",), points=("a", "c"), begins_min=8 * 60, ends_min=18 * 60)
    by_week = Duty(rung="lead", who=("bram",), points=("b",), days=WEEKDAYS)
    assert found(["a", "b", "c"], by_day, by_week) == (10.0, ("a", "c"))
    assert found(["b"], by_day, by_week) == (112.0, ("b",)), "saturday, 0:00"
    assert found([], by_day) is None


def test_who_is_on_duty_on_any_rung_is_somebody() -> None:
    by_day = Duty(rung="lead", who=("anna",), points=("a",), begins_min=8 * 60, ends_min=18 * 60)
    for rung in ("deputy", "coordination", "region"):
        assert found(["a"], by_day, Duty(rung=rung, who=("bram",))) is None
    assert found(["a"], by_day, Duty(rung="technician", who=("bram",))) == (10.0, ("a",)), "he is told of boards alone"


def test_a_point_of_which_nobody_is_reached_at_all_has_no_gap() -> None:
    assert found(["a"], Duty(rung="lead", who=("cees",))) is None
    assert found(["a"]) is None
    nights = Duty(rung="deputy", who=("bram",), begins_min=18 * 60, ends_min=8 * 60)
    assert found(["a"], Duty(rung="lead", who=("cees",)), nights) == (0.0, ("a",)), "who is not reached is nobody"


def test_points_with_the_same_hours_and_other_people_are_told_apart_by_whether_these_are_reached() -> None:
    lines = [Duty(rung="lead", who=(who,), points=(who,), days=("mon",)) for who in ("anna", "cees", "bram")]
    assert found(["anna", "cees", "bram"], *lines) == (16.0, ("anna", "bram"))
    both = [*lines, Duty(rung="deputy", who=("anna",), points=("cees",))]
    assert found(["anna", "cees", "bram"], *both) == (16.0, ("anna", "bram"))
    assert found(["cees"], *both) is None


def test_a_whole_week_and_a_day_are_looked_at() -> None:
    assert found(["a"], Duty(rung="lead", who=("anna",))) is None
    site = load_site(paths.example_site_dir())
    turns = Duty(rung="lead", who=("anna", "cees"), turn_from=date(2025, 12, 1), points=("nsp-0101",))
    assert found(["nsp-0101"], turns) == (160.0, ("nsp-0101",)), "the next one's turn, monday at 0:00"
    by_site = reach(site, CHANNELS, MONDAY)
    assert set(by_site) == set(site.points)
