"""What a point must have to be called ready: a profile of resources. The figures are settings, never constants of code."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from paraat.domain.fields import Part, Positive, Text

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


class Profile(Part, frozen=True):
    """profiles/<name>.toml. A resource that it does not list is not required."""

    target_h: Positive  # hours that a point must hold out without the grid
    resources: dict[str, Resource]
    open_within_h: Positive | None = None  # from the alarm until it is open; None: no clock runs
    alerted_h: Positive | None = None  # of these hours the planned part until somebody begins to open it
    # [alerts.<rule>]: thresholds that differ from those of site.toml
    alerts: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


def with_changes(
    profile: Profile,
    changes: Mapping[str, ResourceChange],
    *,
    target_h: float | None = None,
    open_within_h: float | None = None,
) -> Profile:
    """The profile as it holds for one point; changes: by resource, of those that it has or of others."""
    resources = dict(profile.resources)
    for name, change in changes.items():
        given = {key: value for key, value in msgspec.structs.asdict(change).items() if value is not None}
        resources[name] = msgspec.structs.replace(resources.get(name, Resource()), **given)
    return msgspec.structs.replace(
        profile,
        resources=resources,
        target_h=profile.target_h if target_h is None else target_h,
        open_within_h=profile.open_within_h if open_within_h is None else open_within_h,
    )
