"""The judgement: whether a point is ready, per resource and in all, and why. Pure; "ready" is a promise.

What is not known and what has expired is never ready. The worst critical resource caps the point; another required one that
is not ready leaves it limited at best; a wished one decides nothing. See docs/readiness.md.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

import msgspec

from paraat.domain.profiles import RESOURCES, Profile, Resource

_DAY_S = 86400.0

# Codes of a resource's state; texts/readiness_*.py have the words.
HOURS = "hours"  # against the target: detail hours, target, full (of a full tank, where it is below the target), source
GENERATOR_DOWN = "generator-down"
FUEL_UNKNOWN = "fuel-unknown"
FUEL_DOUBTFUL = "fuel-doubtful"
BATTERY_UNKNOWN = "battery-unknown"  # of a point that lives on it
MAINS_UNKNOWN = "mains-unknown"
GENERATOR_UNKNOWN = "generator-unknown"
MEASURED = "measured"
LOW = "low"
HIGH = "high"
NOT_MEASURED = "not-measured"
FAULT = "fault"
OLD = "old"
ATTESTED = "attested"
ABSENT = "absent"
EXPIRED = "expired"
NEVER_ATTESTED = "never-attested"
WITHDRAWN = "withdrawn"
WRONG_ROLE = "wrong-role"
AHEAD = "ahead"  # of our clock, which was wrong then or is wrong now
NOT_REQUIRED = "not-required"


class State(StrEnum):
    """How a resource stands."""

    READY = "ready"
    LIMITED = "limited"
    NOT_READY = "not-ready"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    NOT_REQUIRED = "not-required"


# On Python 3.11 a look at a member takes five times as long as one at a name, and there are fifty of them in each judging of a point.
_READY, _LIMITED, _NOT_READY = State.READY, State.LIMITED, State.NOT_READY
_UNKNOWN, _EXPIRED, _NOT_REQUIRED = State.UNKNOWN, State.EXPIRED, State.NOT_REQUIRED


class Verdict(IntEnum):
    """How a point stands. The numbers are those of the metric point/verdict; they never change."""

    UNKNOWN = 0  # never heard, or a critical resource is not known
    SILENT = 1  # heard once, silent now: its last verdict stands beside this one
    READY = 2
    LIMITED = 3
    NOT_READY = 4

    @property
    def word(self) -> str:
        """As the API says it, such as "not-ready"."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def of(cls, word: str) -> "Verdict":
        """The one that the API says so. Raises KeyError."""
        return cls[word.upper().replace("-", "_")]

    @property
    def goodness(self) -> int:
        """What is promised: 2 ready, 1 limited, 0 nothing. Not to know is no better than to know that it is not ready."""
        return {Verdict.READY: 2, Verdict.LIMITED: 1}.get(self, 0)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A metric as the judgement takes it. value: None at fault; old: longer ago than it may say anything of now."""

    value: float | None
    t: float
    old: bool


class Power(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a point's electricity; None is "not known". hours: cautious; full_h: cautious, of a full tank.

    source: what the hours are of, as of model.OffGrid, where a battery is recorded; else "".
    """

    mains: bool | None
    generator: bool | None
    hours: float | None
    full_h: float | None = None
    source: str = ""
    doubtful: bool = False  # the gauge cannot be believed
    has_generator: bool = True  # without one the hours are those of its battery
    t: float | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody stated last of a resource at t: that it is there, or is not, until then. until <= t takes it back."""

    there: bool
    t: float
    until: float
    by: str
    role: str


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a point is judged by. readings: by metric; said: what people said last of each resource."""

    now: float
    power: Power
    readings: Mapping[str, Reading]
    said: Mapping[str, Said]


class ResourceState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One resource. code and detail say why, without words. t: when it was read or said; until: how long a word holds."""

    resource: str
    state: State
    need: str
    critical: bool
    code: str
    detail: dict[str, float | str] = {}
    t: float | None = None
    until: float | None = None
    by: str = ""
    renew: bool = False  # a new word is asked for: this one ends soon
    by_word: bool = False  # somebody attests it

    @property
    def decides(self) -> bool:
        """Whether it keeps its point from being ready."""
        return self.need == "required" and self.state is not _READY


def judge(
    profile: Profile, known: Known, words: Mapping[str, ResourceState] | None = None
) -> tuple[Verdict, tuple[ResourceState, ...]]:
    """The verdict on what is known, never SILENT, with its resources in the order of RESOURCES.

    words: as by_word() gives them of the same, where they are kept.
    """
    words = by_word(profile, known.said, known.now) if words is None else words
    states = tuple(
        words[name] if name in words else _resource(name, profile.resources[name], profile.target_h, known)
        for name in RESOURCES
        if name in profile.resources
    )
    return _verdict(states), states


def by_word(profile: Profile, said: Mapping[str, Said], now: float) -> dict[str, ResourceState]:
    """The resources that no reading says anything of: those that somebody attests, and those that are not required."""
    found = {}
    for name in RESOURCES:
        resource = profile.resources.get(name)
        if resource is None:
            continue
        if resource.need == "not-required":
            found[name] = _state(name, resource, _Found(_NOT_REQUIRED, NOT_REQUIRED))
        elif resource.by == "word":
            found[name] = _state(name, resource, _word(resource, said.get(name), now))
    return found


def why(states: tuple[ResourceState, ...]) -> list[ResourceState]:
    """What keeps a point from being ready, the worst first."""
    return sorted((state for state in states if state.decides), key=lambda s: (not s.critical, _RANK[s.state]))


def told_metrics(states: tuple[ResourceState, ...]) -> set[str]:
    """The metrics whose figures are among what keeps a point from being ready."""
    return {str(state.detail["metric"]) for state in states if state.decides and "metric" in state.detail}


def turns(resource: Resource, until: float) -> tuple[float, float]:
    """When time alone changes what a word that holds until then is worth."""
    return until, until - resource.renew_days * _DAY_S


def holds_until(resource: Resource, t: float, until: float) -> float:
    """When a word given at t ends: as it says itself, and no later than the profile lets it hold."""
    return min(until, t + resource.valid_days * _DAY_S)


def limits_h(profile: Profile) -> tuple[float, float]:
    """The hours of autonomy at which a verdict on them changes."""
    return profile.target_h, profile.target_h / 2


def at_hours(profile: Profile, states: tuple[ResourceState, ...], power: Power) -> tuple[ResourceState, ...]:
    """The resources a moment later, when nothing has turned: only the hours of autonomy are others."""
    return tuple(
        msgspec.structs.replace(state, detail=_power(power, profile.target_h).detail) if state.code == HOURS else state
        for state in states
    )


_RANK = {state: rank for rank, state in enumerate((_NOT_READY, _EXPIRED, _UNKNOWN, _LIMITED))}


def _verdict(states: tuple[ResourceState, ...]) -> Verdict:
    deciding = [state for state in states if state.decides]
    critical = {state.state for state in deciding if state.critical}
    if _NOT_READY in critical:
        return Verdict.NOT_READY
    if critical & {_UNKNOWN, _EXPIRED}:
        return Verdict.UNKNOWN
    return Verdict.LIMITED if deciding else Verdict.READY


def _resource(name: str, resource: Resource, target_h: float, known: Known) -> ResourceState:
    if resource.by == "hours":
        return _state(name, resource, _power(known.power, target_h))
    return _state(name, resource, _metric(resource, known.readings.get(resource.metric or "")))


def _state(name: str, resource: Resource, found: "_Found") -> ResourceState:
    return ResourceState(
        resource=name,
        state=found.state,
        need=resource.need,
        critical=resource.critical,
        code=found.code,
        detail=found.detail,
        t=found.t,
        until=found.until,
        by=found.by,
        renew=found.renew,
        by_word=resource.by == "word",
    )


class _Found(msgspec.Struct, frozen=True, gc=False):
    state: State
    code: str
    detail: dict[str, float | str] = {}
    t: float | None = None
    until: float | None = None
    by: str = ""
    renew: bool = False


def _power(power: Power, target_h: float) -> _Found:
    if power.mains is False and power.generator is False and power.has_generator:
        return _Found(_NOT_READY, GENERATOR_DOWN, t=power.t)
    if power.doubtful:
        return _Found(_UNKNOWN, FUEL_DOUBTFUL, t=power.t)
    if power.hours is None:
        return _Found(_UNKNOWN, FUEL_UNKNOWN if power.has_generator else BATTERY_UNKNOWN, t=power.t)
    if power.mains is None:
        return _Found(_UNKNOWN, MAINS_UNKNOWN, t=power.t)
    if power.mains is False and power.generator is None and power.has_generator:
        return _Found(_UNKNOWN, GENERATOR_UNKNOWN, t=power.t)
    detail: dict[str, float | str] = {"hours": power.hours, "target": target_h}
    if power.full_h is not None and power.full_h < target_h:
        detail["full"] = power.full_h
    if power.source:
        detail["source"] = power.source
    state = _NOT_READY
    if power.hours >= target_h / 2:
        state = _READY if power.hours >= target_h else _LIMITED
    return _Found(state, HOURS, detail, power.t)


def _metric(resource: Resource, reading: Reading | None) -> _Found:
    name = resource.metric or ""
    if reading is None:
        return _Found(_UNKNOWN, NOT_MEASURED, {"metric": name})
    if reading.old:
        return _Found(_UNKNOWN, OLD, {"metric": name}, reading.t)
    value = reading.value
    if value is None:
        return _Found(_UNKNOWN, FAULT, {"metric": name}, reading.t)
    limits = ((LOW, resource.ready_from, resource.limited_from, 1), (HIGH, resource.ready_to, resource.limited_to, -1))
    for code, ready, limited, sign in limits:
        if ready is not None and (value - ready) * sign < 0:
            within = limited is not None and (value - limited) * sign >= 0
            detail: dict[str, float | str] = {"metric": name, "value": value, "limit": ready}
            return _Found(_LIMITED if within else _NOT_READY, code, detail, reading.t)
    return _Found(_READY, MEASURED, {"metric": name, "value": value}, reading.t)


def _word(resource: Resource, said: Said | None, now: float) -> _Found:
    if said is None:
        return _Found(_UNKNOWN, NEVER_ATTESTED)
    by = said.by
    if said.t > now:
        return _Found(_UNKNOWN, AHEAD, t=said.t, by=by)
    if resource.roles and said.role not in resource.roles:
        return _Found(_UNKNOWN, WRONG_ROLE, {"roles": ", ".join(resource.roles)}, said.t, by=by)
    if said.until <= said.t:
        return _Found(_UNKNOWN, WITHDRAWN, t=said.t, by=by)
    until = holds_until(resource, said.t, said.until)
    if now >= until:
        return _Found(_EXPIRED, EXPIRED, t=said.t, until=until, by=by)
    if not said.there:
        return _Found(_NOT_READY, ABSENT, t=said.t, until=until, by=by)
    renew = until - now < resource.renew_days * _DAY_S
    return _Found(_READY, ATTESTED, t=said.t, until=until, by=by, renew=renew)
