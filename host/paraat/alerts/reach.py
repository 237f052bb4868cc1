"""Who is reached, of each point and on each rung, before anything happens: by the roster and the channels that a site has."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

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
    seen: dict[tuple[int, ...], Reach] = {}
    found = {}
    for point in site.points:
        lines = _lines(site.roster, point)
        if lines not in seen:
            seen[lines] = Reach(_rungs(site.roster, point, channels), _nobody_at(site.roster, point, channels, now))
        found[point] = seen[lines]
    return found


def gap(
    points: Iterable[str], roster: Roster, channels: Mapping[str, Channel], now: float
) -> tuple[float, tuple[str, ...]] | None:
    """The first moment of the coming week at which nobody who is on duty is reached, and of which points; None: there is none.

    Points of which nobody is reached at all are not meant: `paraat check` refuses those.
    """
    seen: dict[tuple[int, ...], float | None] = {}
    found: dict[float, list[str]] = {}
    for point in points:
        lines = _lines(roster, point)
        if lines not in seen:
            anybody = any(ways(one, channels) for rung in RUNGS for one in roster.everybody(rung, point))
            seen[lines] = _nobody_at(roster, point, channels, now) if anybody else None
        if (at := seen[lines]) is not None:
            found.setdefault(at, []).append(point)
    return (first, tuple(found[first])) if (first := min(found, default=None)) is not None else None


def _lines(roster: Roster, point: str) -> tuple[int, ...]:
    """The lines of the roster that are about a point: points with the same ones are reached alike."""
    return tuple(n for n, duty in enumerate(roster.duties) if not duty.points or point in duty.points)


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
