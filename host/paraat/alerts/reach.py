"""Who is reached, of each point and on each rung, before anything happens: by the roster and the channels that a site has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from paraat.alerts.channels import Channel
from paraat.domain.roster import COORDINATION, DEPUTY, LEAD, REGION, Person, Roster
from paraat.site.site import Site

RUNGS = (LEAD, DEPUTY, COORDINATION, REGION)
_HOUR_S = 3600.0
_AHEAD_H = 8 * 24  # every day of the week, and the turn of one


class Reached(NamedTuple):
    """Somebody on a rung, and the channels by which he is reached; none: by no one."""

    person: Person
    channels: tuple[str, ...]


class Reach(NamedTuple):
    """Who is reached of a point. rungs: in order, everybody who may stand there; a rung without anybody is left out.

    nobody_at: the first moment of the coming week (unix seconds) at which nobody who is on duty is reached; None: there is none.
    """

    rungs: dict[str, tuple[Reached, ...]]
    nobody_at: float | None

    @property
    def is_anybody(self) -> bool:
        """Whether somebody is reached at all."""
        return any(one.channels for people in self.rungs.values() for one in people)


def reach(site: Site, channels: Mapping[str, Channel], now: float) -> dict[str, Reach]:
    """By point. channels: those that work; now: unix seconds, from when on the week is looked at."""
    found, nobody = {}, _Nobody(channels, now)
    for point, alone in _each(site.roster, site.points):
        found[point] = Reach(_rungs(alone, point, channels), nobody.at(alone, point))
    return found


def gap(
    points: Iterable[str], roster: Roster, channels: Mapping[str, Channel], now: float
) -> tuple[float, tuple[str, ...]] | None:
    """The first moment of the coming week at which nobody who is on duty is reached, and of which points; None: there is none.

    Points of which nobody is reached at all are not meant: `paraat check` refuses those.
    """
    found: dict[float, list[str]] = {}
    nobody = _Nobody(channels, now)
    for point, alone in _each(roster, points):
        anybody = any(ways(one, channels) for rung in RUNGS for one in alone.everybody(rung, point))
        if anybody and (at := nobody.at(alone, point)) is not None:
            found.setdefault(at, []).append(point)
    return (first, tuple(found[first])) if (first := min(found, default=None)) is not None else None


def _each(roster: Roster, points: Iterable[str]) -> Iterator[tuple[str, Roster]]:
    """Each point with the roster as far as it is about it: with a line for each of thousands of points, nobody reads them all."""
    own: dict[str, list[int]] = {}
    for n, duty in enumerate(roster.duties):
        for point in duty.points:
            own.setdefault(point, []).append(n)
    of_all = [n for n, duty in enumerate(roster.duties) if not duty.points]
    for point in points:
        lines = sorted({*of_all, *own.get(point, ())})
        yield point, msgspec.structs.replace(roster, duties=tuple(roster.duties[n] for n in lines))


class _Nobody:
    """When nobody is reached; looked at once for all points whose lines say the same, whoever stands in them."""

    def __init__(self, channels: Mapping[str, Channel], now: float) -> None:
        self._channels = channels
        self._now = now
        self._seen: dict[tuple[object, ...], float | None] = {}

    def at(self, roster: Roster, point: str) -> float | None:
        """Of a point. roster: its lines alone."""

        def reached(who: Iterable[str]) -> tuple[bool, ...]:
            return tuple(bool(ways(roster.people[name], self._channels)) for name in who)

        alike = tuple(
            (
                duty.rung,
                duty.days,
                duty.begins_min,
                duty.ends_min,
                duty.turn_from,
                reached(duty.who),
                None
                if duty.spans is None
                else tuple((span.begins, span.ends, reached(span.who)) for span in duty.spans),
            )
            for duty in roster.duties
        )
        if alike not in self._seen:
            self._seen[alike] = _nobody_at(roster, point, self._channels, self._now)
        return self._seen[alike]


def ways(person: Person, channels: Mapping[str, Channel]) -> tuple[str, ...]:
    """The channels by which somebody is reached, the first that is tried first."""
    return tuple(name for name in person.reach if name in channels and channels[name].addresses(person))


def _rungs(roster: Roster, point: str, channels: Mapping[str, Channel]) -> dict[str, tuple[Reached, ...]]:
    rungs = {
        rung: tuple(Reached(person, ways(person, channels)) for person in roster.everybody(rung, point))
        for rung in RUNGS
    }
    return {rung: people for rung, people in rungs.items() if people}


def _nobody_at(roster: Roster, point: str, channels: Mapping[str, Channel], now: float) -> float | None:
    for hour in range(_AHEAD_H):
        t = now + hour * _HOUR_S
        if not any(ways(person, channels) for rung in RUNGS for person in roster.on_duty(rung, point, t)):
            return t
    return None
