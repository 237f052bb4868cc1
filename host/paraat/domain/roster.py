"""Who is told, and who is on duty when: people, and the ladder of rungs that an alert climbs. Pure: the moment is passed in.

    lead -> deputy -> coordination (on duty at the coordination point) -> region

A technician stands beside the ladder: a fault of a sensor is his, and goes to the coordination point when there is none.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Literal

import msgspec

from paraat.domain.fields import Part, Text
from paraat.domain.holidays import dutch_holidays

Rung = Literal["lead", "deputy", "technician", "coordination", "region"]
LEAD: Rung = "lead"
DEPUTY: Rung = "deputy"
TECHNICIAN: Rung = "technician"
COORDINATION: Rung = "coordination"
REGION: Rung = "region"

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
DAY_MIN = 24 * 60


class Person(Part, frozen=True):
    """Somebody who can be told. reach: by the name of a channel the addresses there, the first channel is tried first.

    id: the key in roster.toml, what tells people apart. role: as people there say it. language: of the messages; None: the
    site's.
    """

    id: Text
    name: Text
    reach: dict[str, tuple[str, ...]]
    role: str = ""
    language: str | None = None

    def addresses(self, channel: str) -> tuple[str, ...]:
        """Where a channel reaches this person; empty when it does not."""
        return self.reach.get(channel, ())


class Span(msgspec.Struct, frozen=True):
    """Who stands in a calendar from `begins` until `ends`, unix seconds."""

    begins: float
    ends: float
    who: tuple[str, ...]


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the roster: who stands on a rung, and when.

    points: of which points; empty: of all, and of the coordination point itself. days: of DAYS, or HOLIDAY; empty: every day.
    A holiday is no Monday: a duty with days holds on one only when it names HOLIDAY. begins_min, ends_min: minutes of the
    local day; a night ends on the next day, and belongs to the day on which it began. turn_from: each week one of `who` in
    turn, the first of them in the week of that day. spans: of a calendar; then they alone say who and when.
    """

    rung: Rung
    who: tuple[str, ...]
    points: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    begins_min: int = 0
    ends_min: int = DAY_MIN
    turn_from: date | None = None
    spans: tuple[Span, ...] | None = None


class Roster(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """People by their id, the lines of the roster in its order, and the holidays that a site adds to the public ones."""

    zone: tzinfo = UTC
    people: dict[str, Person] = {}
    duties: tuple[Duty, ...] = ()
    holidays: frozenset[date] = frozenset()

    def on_duty(self, rung: str, point: str | None, t: float) -> tuple[Person, ...]:
        """Who stands on a rung of a point (None: of the coordination point itself) at t. The first line that holds counts.

        Empty: nobody; the next rung is told then.
        """
        at = datetime.fromtimestamp(t, self.zone)
        for duty in self._lines(rung, point):
            if who := self._who(duty, at, t):
                return tuple(self.people[name] for name in who)
        return ()

    def everybody(self, rung: str, point: str | None) -> tuple[Person, ...]:
        """Who may ever stand on a rung of a point, in the order of the roster."""
        found = dict.fromkeys(
            name
            for duty in self._lines(rung, point)
            for name in (*duty.who, *(name for span in duty.spans or () for name in span.who))
        )
        return tuple(self.people[name] for name in found)

    def _lines(self, rung: str, point: str | None) -> list[Duty]:
        """The lines of a rung that hold for a point, in their order."""
        of_all, of_point = self._by_rung.get(rung, ([], {}))
        return of_point.get(point, of_all)

    @cached_property
    def _by_rung(self) -> dict[str, tuple[list[Duty], dict[str | None, list[Duty]]]]:
        """By rung the lines of all points, and by point all that hold for one that is named: a region has a lead or two a point."""
        found: dict[str, tuple[list[Duty], dict[str | None, list[Duty]]]] = {}
        for duty in self.duties:
            of_all, of_point = found.setdefault(duty.rung, ([], {}))
            for point in dict.fromkeys(duty.points):
                of_point.setdefault(point, of_all.copy()).append(duty)
            if not duty.points:
                for lines in (of_all, *of_point.values()):
                    lines.append(duty)
        return found

    def _who(self, duty: Duty, at: datetime, t: float) -> tuple[str, ...]:
        if duty.spans is not None:
            return tuple(dict.fromkeys(name for s in duty.spans if s.begins <= t < s.ends for name in s.who))
        minute = at.hour * 60 + at.minute
        day = at.date()
        if duty.begins_min < duty.ends_min:
            if not duty.begins_min <= minute < duty.ends_min:
                return ()
        elif minute < duty.ends_min:  # the end of a night that began yesterday
            day -= timedelta(days=1)
        elif minute < duty.begins_min:
            return ()
        if duty.days and (HOLIDAY if self.is_holiday(day) else DAYS[day.weekday()]) not in duty.days:
            return ()
        if duty.turn_from is None:
            return duty.who
        first = duty.turn_from - timedelta(days=duty.turn_from.weekday())
        return (duty.who[(day - first).days // 7 % len(duty.who)],)

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday, or one of the site's own."""
        return day in self.holidays or day in dutch_holidays(day.year)
