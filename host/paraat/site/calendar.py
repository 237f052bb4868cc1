"""A roster kept in a calendar: an iCalendar file, in which the events say who is on duty. Read once, at a start.

Whom an event means stands in its title (a name or an id of [people]) or among those invited (a mail address of [people]). What
repeats is counted out from a week ago until over a year from now.

Ref: RFC 5545, 3.6.1 (VEVENT), 3.8.5.3 (RRULE), 3.8.5.1 (EXDATE), 3.8.4.4 (RECURRENCE-ID)
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from paraat.domain.roster import Person, Span
from paraat.site.errors import SettingsError
from paraat.texts import Phrase, reason

_BEFORE = timedelta(days=8)
_AHEAD = timedelta(days=400)


def read_calendar(path: Path, people: Mapping[str, Person], zone: tzinfo, now: float) -> tuple[Span, ...]:
    """Who is on duty when, by a calendar, in order of time. now: unix seconds. Raises SettingsError."""
    try:
        calendar = Calendar.from_ical(path.read_bytes())
    except OSError as error:
        raise SettingsError(path, "", reason(error), Phrase("an iCalendar file (.ics)")) from error
    except ValueError as error:
        raise SettingsError(
            path, "", Phrase("a mistake ({error})", error=error), Phrase("an iCalendar file (.ics)")
        ) from error
    today = datetime.fromtimestamp(now, zone)
    events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    found = [span for event in events for span in _spans(event, events, people, zone, today)]
    if not found:
        raise SettingsError(
            path,
            "",
            Phrase("no event from now on with the name of somebody"),
            Phrase("somebody of [people]: {known}", known=", ".join(people)),
        )
    return tuple(sorted(found, key=lambda span: (span.begins, span.ends, span.who)))


def _spans(
    event: Event, events: list[Event], people: Mapping[str, Person], zone: tzinfo, today: datetime
) -> Iterator[Span]:
    who = _who(event, people)
    if not who or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    begins, length = _moment(event.start, zone), _moment(event.end, zone) - _moment(event.start, zone)
    for start in _starts(event, begins, length, events, zone, today):
        yield Span(start.timestamp(), (start + length).timestamp(), who)


def _starts(
    event: Event, begins: datetime, length: timedelta, events: list[Event], zone: tzinfo, today: datetime
) -> Iterator[datetime]:
    """When an event begins, each time; local wall time repeats, whatever the clock change does."""
    first, last = today - _BEFORE - length, today + _AHEAD
    if "RRULE" not in event:
        if first <= begins <= last:
            yield begins
        return
    left_out = {_moment(moment, zone) for moment in _left_out(event, events)}
    repeats: Any = event["RRULE"]
    rule = rrulestr(repeats.to_ical().decode(), dtstart=begins)
    yield from (start for start in rule.between(first, last, inc=True) if start not in left_out)


def _left_out(event: Event, events: list[Event]) -> Iterator[date]:
    """The times at which it does not happen, or happens otherwise, as another event says."""
    exdates: Any = event.get("EXDATE", [])
    for listed in exdates if isinstance(exdates, list) else [exdates]:
        yield from (one.dt for one in listed.dts)
    for other in events:
        if other.get("UID") == event.get("UID") and "RECURRENCE-ID" in other:
            moment: Any = other["RECURRENCE-ID"]
            yield moment.dt


def _moment(at: date, zone: tzinfo) -> datetime:
    """A day begins at local midnight, and a time without a zone is local."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), zone)
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _who(event: Event, people: Mapping[str, Person]) -> tuple[str, ...]:
    title = str(event.get("SUMMARY", "")).casefold()
    invited = event.get("ATTENDEE", [])
    asked = {
        str(one).casefold().removeprefix("mailto:") for one in (invited if isinstance(invited, list) else [invited])
    }
    return tuple(
        person.id
        for person in people.values()
        if any(re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", title) for name in (person.id, person.name))
        or asked.intersection(address.casefold() for address in person.addresses("email"))
    )
