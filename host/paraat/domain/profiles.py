"""What a point must have to be called ready: a profile of resources. The figures are settings, never constants of code."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from paraat.domain.fields import Capacity, Celsius, Count, Part, Percent, Positive, Text

T = TypeVar("T", bound=Part)

POWER = "power"
RESOURCES = (
    POWER,
    "heat",
    "water",
    "internet",
    "light",
    "mobile-network",
    "charging",
    "rest-area",
    "mother-and-child",
    "first-aid",
    "extinguishers",
    "cleaning",
    "furniture",
    "food",
    "hygiene",
)
# Internet, electricity, warmth and water always (NIPV, Pilots noodsteunpunten, 5 May 2026).
ALWAYS_CRITICAL = (POWER, "heat", "water", "internet")

Need = Literal["required", "wished", "not-required"]
By = Literal["hours", "metric", "word"]
Limit = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Resource(Part, frozen=True):
    """[resources.<name>] of a profile.

    by: "hours" of autonomy against the profile's target_h, a "metric" against the limits, or somebody's "word".
    """

    need: Need = "required"
    critical: bool = False  # missing or not known, it caps the whole point
    by: By = "word"
    metric: str | None = None  # its name on the wire, such as "climate/temperature/hall"
    ready_from: Limit | None = None  # in the metric's unit: ready from here on ...
    limited_from: Limit | None = None  # ... limited from here on, and below that not ready
    ready_to: Limit | None = None
    limited_to: Limit | None = None
    roles: tuple[Text, ...] = ()  # whose word counts; empty: anybody's
    valid_days: Positive = 31.0  # a word holds no longer, whatever it says itself
    renew_days: Positive = 7.0  # so long before its end a new word is asked for


class ResourceChange(Part, frozen=True):
    """[resources.<name>] of a point: what differs there from its profile."""

    need: Need | None = None
    critical: bool | None = None
    by: By | None = None
    metric: str | None = None
    ready_from: Limit | None = None
    limited_from: Limit | None = None
    ready_to: Limit | None = None
    limited_to: Limit | None = None
    roles: tuple[Text, ...] | None = None
    valid_days: Positive | None = None
    renew_days: Positive | None = None


class UpkeepPlan(Part, frozen=True):
    """[upkeep] of a profile: what must be done again and again while nothing happens.

    NFPA 110 (8.4) tests a generator each month for 30 minutes at 30 % of its size or more; the others are working choices.
    """

    test_every_days: Positive = 31.0
    test_minutes: Positive = 30.0
    test_load_percent: Percent = 30.0  # of [generator] rated_w; 0: any run that is long enough is a test
    fuel_max_days: Positive = 365.0  # since the last delivery
    battery_drop_percent: Positive = 2.0  # of the resting voltage in 90 days: a quarter of the charge of a 12 V battery
    check_every_days: Positive = 31.0  # somebody must have been there


class Band(Part, frozen=True):
    """[[people.bands]]: of how many people a point is meant for, where its file gives the inhabitants and no number."""

    inhabitants_from: Annotated[int, Meta(ge=0, le=100_000_000)]
    capacity: Capacity


class PeoplePlan(Part, frozen=True):
    """[people] of a profile. miscount_percent: of so many of a hundred passages nobody knows whether they were counted right."""

    busy_percent: Positive = 80.0  # of the capacity
    full_percent: Positive = 100.0
    miscount_percent: Percent = 5.0
    bands: tuple[Band, ...] = ()  # the one with the most inhabitants that the point has


class ClimatePlan(Part, frozen=True):
    """[climate] of a profile: what is too cold, too warm or too stuffy for people.

    18 degC: WHO, Housing and health guidelines, 2018. 1200 ppm: GGD guideline on the air of schools, 2006. 5000 ppm: the limit
    for eight hours of work (EU directive 2006/15/EC). The others are working choices.
    """

    cool_c: Celsius = 18.0
    cold_c: Celsius = 15.0
    warm_c: Celsius = 28.0
    hot_c: Celsius = 32.0
    stuffy_ppm: Positive = 1200.0
    foul_ppm: Positive = 5000.0
    exhaust_rise_ppm: Positive = 400.0  # in two hours, while the generator runs and nobody came in
    exhaust_people: Count = 3  # so many more people are why the air got worse


class UpkeepChange(Part, frozen=True):
    """[upkeep] of a point: what differs there from its profile."""

    test_every_days: Positive | None = None
    test_minutes: Positive | None = None
    test_load_percent: Percent | None = None
    fuel_max_days: Positive | None = None
    battery_drop_percent: Positive | None = None
    check_every_days: Positive | None = None


class PeopleChange(Part, frozen=True):
    """[people] of a point."""

    busy_percent: Positive | None = None
    full_percent: Positive | None = None
    miscount_percent: Percent | None = None


class ClimateChange(Part, frozen=True):
    """[climate] of a point."""

    cool_c: Celsius | None = None
    cold_c: Celsius | None = None
    warm_c: Celsius | None = None
    hot_c: Celsius | None = None
    stuffy_ppm: Positive | None = None
    foul_ppm: Positive | None = None
    exhaust_rise_ppm: Positive | None = None
    exhaust_people: Count | None = None


class Profile(Part, frozen=True):
    """profiles/<name>.toml. A resource that it does not list is not required."""

    target_h: Positive  # hours that a point must hold out without the grid
    resources: dict[str, Resource]
    open_within_h: Positive | None = None  # from the alarm until it is open; None: no clock runs
    alerted_h: Positive | None = None  # of these hours the planned part until somebody begins to open it
    upkeep: UpkeepPlan = UpkeepPlan()
    people: PeoplePlan = PeoplePlan()
    climate: ClimatePlan = ClimatePlan()
    # [alerts.<rule>]: thresholds that differ from those of site.toml
    alerts: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


def with_changes(
    profile: Profile,
    changes: Mapping[str, ResourceChange],
    *,
    target_h: float | None = None,
    open_within_h: float | None = None,
    alerted_h: float | None = None,
    upkeep: UpkeepChange | None = None,
    people: PeopleChange | None = None,
    climate: ClimateChange | None = None,
) -> Profile:
    """The profile as it holds for one point; changes: by resource, of those that it has or of others."""
    resources = dict(profile.resources)
    for name, change in changes.items():
        resources[name] = _changed(resources.get(name, Resource()), change)
    return msgspec.structs.replace(
        profile,
        resources=resources,
        target_h=profile.target_h if target_h is None else target_h,
        open_within_h=profile.open_within_h if open_within_h is None else open_within_h,
        alerted_h=profile.alerted_h if alerted_h is None else alerted_h,
        upkeep=_changed(profile.upkeep, upkeep),
        people=_changed(profile.people, people),
        climate=_changed(profile.climate, climate),
    )


def capacity_of(plan: PeoplePlan, inhabitants: int) -> int | None:
    """How many people a point in a town of so many inhabitants is meant for; None where no band says it."""
    bands = [band for band in plan.bands if band.inhabitants_from <= inhabitants]
    return max(bands, key=lambda band: band.inhabitants_from).capacity if bands else None


def _changed(whole: T, change: Part | None) -> T:
    """The values that a change gives in place of those of the whole."""
    if change is None:
        return whole
    given = {key: value for key, value in msgspec.structs.asdict(change).items() if value is not None}
    return msgspec.structs.replace(whole, **given)
