"""The life of a point: from in use to open and back, and the clock that runs from the alarm until it is open. Pure.

    building -> standby -> alerted -> opening -> operational -> closing -> standby;  out-of-use, with an end

A coordinator says each change; the key switch or the button of the board opens and closes too. Time orders them, however
they came. While a point is built or out of use its switch says nothing: somebody tries it.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum

import msgspec

from paraat.domain.profiles import Profile

_HOUR_S = 3600.0
_ROUNDING_S = 1.0


class Phase(StrEnum):
    """Where in its life a point is."""

    BUILDING = "building"  # not in use yet: no alerts, no counts
    STANDBY = "standby"
    ALERTED = "alerted"
    OPENING = "opening"
    OPERATIONAL = "operational"
    CLOSING = "closing"
    OUT_OF_USE = "out-of-use"  # maintenance, until its end: no alerts, no counts

    @property
    def in_use(self) -> bool:
        """Whether alerts and counts take a point in that is in it."""
        return self not in _NOT_IN_USE


_NOT_IN_USE = (Phase.BUILDING, Phase.OUT_OF_USE)
_IDLE = (*_NOT_IN_USE, Phase.STANDBY)
_ON_THE_WAY = (Phase.ALERTED, Phase.OPENING)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A point came into a phase at t. until: the end of OUT_OF_USE. by: a name; way: of facts.Author."""

    phase: Phase
    t: float
    by: str
    way: str
    until: float | None = None


class Switch(msgspec.Struct, frozen=True):
    """What the key switch or button of a board said last, at t; on_t: when it last said "open"."""

    on: bool
    t: float
    on_t: float | None


class Activation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a point is, and how it keeps to its clock. since: None where nobody ever said; then it is in standby.

    alerted_at, opened_at, due_at: of the alarm that the point is open for, or opens for. forecast_at: when it opens, by
    what is done and what was planned for the rest; None once it is open. late: it will be, or was, open after due_at.
    """

    phase: Phase = Phase.STANDBY
    since: float | None = None
    by: str = ""
    way: str = ""
    until: float | None = None
    alerted_at: float | None = None
    opened_at: float | None = None
    due_at: float | None = None
    forecast_at: float | None = None
    late: bool = False

    @property
    def in_use(self) -> bool:
        """Whether alerts and counts take the point in."""
        return self.phase.in_use


STANDBY = Activation()


def activation(said: Sequence[Change], switch: Switch | None, profile: Profile, now: float) -> Activation:
    """Where a point is at `now`. said: what people said, in order of time."""
    changes = _with_switch([change for change in said if change.t <= now], switch)
    if not changes:
        return STANDBY
    last = _standing(changes, now)
    return _with_clock(changes, last, profile, now)


def turns(said: Sequence[Change], found: Activation, profile: Profile) -> Iterator[float]:
    """The moments at which time alone may change where a point is or whether it is late. found: where it is now."""
    for change in said:
        yield change.t
        if change.until is not None:
            yield change.until
    if found.forecast_at is not None and found.due_at is not None and found.since is not None:
        this_s, later_s = _planned_s(found.phase, profile)
        yield found.since + this_s
        yield found.due_at + _ROUNDING_S - later_s


def _standing(changes: Sequence[Change], t: float) -> Change:
    """The change that holds at t: when what was out of use has come to its end, it stands by."""
    last = changes[-1]
    if last.phase is Phase.OUT_OF_USE and last.until is not None and t >= last.until:
        return msgspec.structs.replace(last, phase=Phase.STANDBY, t=last.until, until=None)
    return last


def _with_switch(said: list[Change], switch: Switch | None) -> list[Change]:
    """The changes, with those that the switch made: it opened the point when it last said so, and closed it since."""
    if switch is None:
        return said
    if switch.on_t is not None:
        said = _turned(said, Phase.OPERATIONAL, switch.on_t, not_in=_NOT_IN_USE)
    return said if switch.on else _turned(said, Phase.CLOSING, switch.t, not_in=(*_IDLE, *_ON_THE_WAY))


def _turned(said: list[Change], phase: Phase, t: float, *, not_in: Collection[Phase]) -> list[Change]:
    """The changes, with one that the switch made at t; unless the point was in one of `not_in` then."""
    before = [change for change in said if change.t <= t]
    stood = _standing(before, t).phase if before else Phase.STANDBY
    if stood in not_in:
        return said
    return [*before, Change(phase=phase, t=t, by="", way="board"), *said[len(before) :]]


def _with_clock(changes: Sequence[Change], last: Change, profile: Profile, now: float) -> Activation:
    found = Activation(phase=last.phase, since=last.t, by=last.by, way=last.way, until=last.until)
    if last.phase in _IDLE:
        return found
    alarm, opened_at = _alarm(changes)
    # A point that closes and never was open was not needed after all: it opens no more, and is not late.
    called_off = last.phase is Phase.CLOSING and opened_at is None
    if alarm is None or profile.open_within_h is None or called_off:
        return msgspec.structs.replace(found, alerted_at=alarm and alarm.t, opened_at=opened_at)
    due_at = alarm.t + profile.open_within_h * _HOUR_S
    forecast_at = None if opened_at is not None else _forecast(alarm, last, profile, now)
    late = (opened_at or forecast_at or 0.0) > due_at + _ROUNDING_S
    return msgspec.structs.replace(
        found, alerted_at=alarm.t, opened_at=opened_at, due_at=due_at, forecast_at=forecast_at, late=late
    )


def _alarm(changes: Sequence[Change]) -> tuple[Change | None, float | None]:
    """The alarm that a point opens for or is open for, and since when it is open.

    An alarm that is given again leaves the clock of the first; after the point was open, or closed, it is a new one.
    """
    alarm: Change | None = None
    opened_at: float | None = None
    before = Phase.STANDBY
    for change in changes:
        if change.phase in _IDLE:
            alarm, opened_at = None, None
        elif change.phase is Phase.ALERTED:
            again = alarm is not None and before in _ON_THE_WAY
            alarm, opened_at = alarm if again else change, None
        elif change.phase is Phase.OPENING and before not in _ON_THE_WAY:
            # Said to be open by mistake; or it opens anew while it was closing, for which nobody gave an alarm.
            alarm, opened_at = alarm if before is Phase.OPERATIONAL else None, None
        elif change.phase is Phase.OPERATIONAL and opened_at is None:
            opened_at = change.t
        before = change.phase
    return alarm, opened_at


def _forecast(alarm: Change, last: Change, profile: Profile, now: float) -> float:
    """When it opens: what is planned for the phase that it is in, from when that began, and for those that follow.

    Where nobody planned how its hours are shared it may take all of them, whatever was done.
    """
    this_s, later_s = _planned_s(last.phase, profile)
    begun = alarm if profile.alerted_h is None else last
    return max(now, begun.t + this_s) + later_s


def _planned_s(phase: Phase, profile: Profile) -> tuple[float, float]:
    """What is planned for a phase on the way to open, and for those after it."""
    assert profile.open_within_h is not None
    alerted_s = (profile.alerted_h or 0.0) * _HOUR_S
    opening_s = profile.open_within_h * _HOUR_S - alerted_s
    return (alerted_s, opening_s) if alerted_s and phase is Phase.ALERTED else (opening_s, 0.0)
