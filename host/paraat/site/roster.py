"""roster.toml of a site: people, and who is on duty when; read and checked whole. Without it the old addresses hold.

The old ones are [lead] of a point's file and [coordination] of site.toml; they stand behind what the roster says.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, field

from paraat.domain.fields import EMAIL_ADDRESS, Part, Text
from paraat.domain.points import Lead, Point
from paraat.domain.roster import COORDINATION, DAY_MIN, LEAD, Duty, Person, Roster, Rung
from paraat.runtime.clock import SystemClock
from paraat.runtime.typed import decoder
from paraat.site.errors import SettingsError
from paraat.site.tables import either, read_table
from paraat.texts import Phrase, languages

_log = logging.getLogger(__name__)

FILE = "roster.toml"
DAY_S = 86_400
_ADDRESSES = {
    "email": (re.compile(EMAIL_ADDRESS), Phrase("a mail address")),
    "sms": (re.compile(r"\+[1-9][0-9]{7,14}\Z"), Phrase("a number such as +31612345678, without spaces")),
}

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z|^24:00\Z")]


class PersonTable(Part, frozen=True):
    """[people.<id>]"""

    name: Text
    reach: dict[str, tuple[Text, ...]]
    role: str = ""
    language: Text | None = None


class DutyTable(Part, frozen=True):
    """[[duty]]"""

    rung: Rung
    who: tuple[Text, ...] = ()
    calendar: Text | None = (
        None  # an iCalendar file beside roster.toml that says who and when, in the place of all below
    )
    points: tuple[Text, ...] = ()
    days: tuple[Day, ...] = ()
    begins: Clock = "00:00"
    ends: Clock = "24:00"
    turn_from: date | None = None


class RosterFile(Part, frozen=True):
    """roster.toml"""

    people: dict[str, PersonTable] = field(default_factory=dict)
    duty: tuple[DutyTable, ...] = ()
    holidays: tuple[date, ...] = ()  # beside the public ones of the Netherlands


def read_roster(directory: Path, points: Mapping[str, Point], coordination: Lead, timezone: str) -> Roster:
    """The roster of a site's folder, with the old addresses behind it. Raises SettingsError."""
    path = directory / FILE
    found = read_table(path, RosterFile) if path.exists() else RosterFile()
    people = {name: _person(path, name, table) for name, table in found.people.items()}
    duties = [
        _duty(path, f"duty[{n}]", table, people, points)
        if table.calendar is None
        else _by_calendar(path, f"duty[{n}]", table, people, points, ZoneInfo(timezone))
        for n, table in enumerate(found.duty)
    ]
    for old, duty in _old(points, coordination):
        people[old.id] = old
        duties.append(duty)
    return Roster(zone=ZoneInfo(timezone), people=people, duties=tuple(duties), holidays=frozenset(found.holidays))


_decode = decoder(Roster, dec_hook=lambda _kind, zone: ZoneInfo(zone))


def roster_text(roster: Roster) -> str:
    """A roster as JSON, for the journal: a replay tells the people of then."""
    return msgspec.json.encode(roster, enc_hook=str, order="deterministic").decode()


def roster_of(text: str) -> Roster:
    """What roster_text wrote."""
    return _decode(text)


class Rosters:
    """The roster as its files say it now: read again when one of them changed, and each day, for a calendar goes on.

    What cannot be read leaves the last one that could, and is said. roster: as it was read with the site.
    """

    def __init__(
        self, directory: Path, points: Mapping[str, Point], coordination: Lead, timezone: str, roster: Roster
    ) -> None:
        self._directory = directory
        self._arguments = (points, coordination, timezone)
        self._stamp: object = None
        self.roster = roster
        self.problem = ""  # why the files as they are now do not count; "" when they do

    def look(self, now: float) -> bool:
        """Read them again if that may bring something new; whether the roster is another one now. now: unix seconds."""
        stamp = (int(now // DAY_S), *map(_stamp, [self._directory / FILE, *sorted(self._directory.glob("*.ics"))]))
        before, self._stamp = self._stamp, stamp
        if before in (None, stamp):  # the first look: it was read just now
            return False
        try:
            found = read_roster(self._directory, *self._arguments)
        except SettingsError as error:
            if str(error) != self.problem:
                _log.error("%s; the roster that was read before stays", error)
            self.problem = str(error)
            return False
        self.problem = ""
        changed = found != self.roster
        self.roster = found
        return changed


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return path.name, stat.st_mtime_ns, stat.st_ino, stat.st_size


def _old(points: Mapping[str, Point], coordination: Lead) -> Iterator[tuple[Person, Duty]]:
    """Who was named by an address alone. A slash, which no id in roster.toml has, keeps these ids apart from those."""
    for point in points.values():
        if point.lead.email is not None:
            yield _by_mail(f"lead/{point.id}", point.lead.email, LEAD, (point.id,))
    if coordination.email is not None:
        yield _by_mail("coordination/", coordination.email, COORDINATION, ())


def _by_mail(name: str, email: str, rung: Rung, points: tuple[str, ...]) -> tuple[Person, Duty]:
    person = Person(id=name, name=email, reach={"email": (email,)}, role=rung)
    return person, Duty(rung=rung, who=(name,), points=points)


def _person(path: Path, name: str, table: PersonTable) -> Person:
    key = f"people.{name}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise SettingsError(path, key, repr(name), Phrase("a short name of a-z, 0-9 and -, such as anna"))
    if table.language is not None and table.language not in languages():
        raise SettingsError(path, f"{key}.language", repr(table.language), either(languages()))
    if not any(table.reach.values()):
        raise SettingsError(
            path, f"{key}.reach", Phrase("nothing"), Phrase('an address, such as {{ email = ["anna@example.org"] }}')
        )
    for channel, addresses in table.reach.items():
        form, words = _ADDRESSES.get(channel, (None, ""))
        for n, address in enumerate(addresses):
            if form is not None and not form.match(address):
                raise SettingsError(path, f"{key}.reach.{channel}[{n}]", repr(address), words)
    return Person(id=name, name=table.name, reach=table.reach, role=table.role, language=table.language)


def _duty(path: Path, key: str, table: DutyTable, people: Mapping[str, Person], points: Mapping[str, Point]) -> Duty:
    if not table.who:
        raise SettingsError(
            path, f"{key}.who", Phrase("nothing"), Phrase("somebody of [people]: {known}", known=", ".join(people))
        )
    for name in table.who:
        if name not in people:
            raise SettingsError(
                path, f"{key}.who", repr(name), Phrase("somebody of [people]: {known}", known=", ".join(people))
            )
    _check_points(path, key, table, points)
    begins, ends = (_minutes(text) for text in (table.begins, table.ends))
    if begins in (ends, DAY_MIN):
        raise SettingsError(
            path, f"{key}.begins", repr(table.begins), Phrase("a time other than its end ({ends})", ends=table.ends)
        )
    return Duty(
        rung=table.rung,
        who=table.who,
        points=table.points,
        days=table.days,
        begins_min=begins,
        ends_min=ends,
        turn_from=table.turn_from,
    )


def _by_calendar(
    path: Path, key: str, table: DutyTable, people: Mapping[str, Person], points: Mapping[str, Point], zone: ZoneInfo
) -> Duty:
    _check_points(path, key, table, points)
    from paraat.site.calendar import read_calendar  # a third of the start of every command, and few sites have one

    assert table.calendar is not None
    if table.who or table.days or table.turn_from:
        raise SettingsError(
            path, f"{key}.calendar", repr(table.calendar), Phrase("a calendar, or who and when: one of the two")
        )
    spans = read_calendar(path.parent / table.calendar, people, zone, SystemClock().now())
    return Duty(rung=table.rung, who=(), points=table.points, spans=spans)


def _check_points(path: Path, key: str, table: DutyTable, points: Mapping[str, Point]) -> None:
    for point in table.points:
        if point not in points:
            raise SettingsError(path, f"{key}.points", repr(point), Phrase("the id of a point of this site"))


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
