"""A point as its file describes it: where it is, its tank, its battery, its board, its lead."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from paraat.domain.fields import (
    Capacity,
    Dialled,
    EmailAddress,
    Latitude,
    LitresPerHour,
    Longitude,
    NotNegative,
    Part,
    Positive,
    TankLitres,
    Text,
)
from paraat.domain.profiles import ClimateChange, PeopleChange, ResourceChange, UpkeepChange

Metres = Annotated[float, Meta(gt=0, le=10)]
NOT_GIVEN = 0
Shape = Literal["rectangular", "standing-cylinder", "lying-cylinder", "elliptical"]


class Lead(Part, frozen=True):
    """[lead] of a point, [coordination] of a site: where its alerts go; nothing more about anybody is kept."""

    email: EmailAddress | None = None


class Tank(Part, frozen=True):
    """[tank]: litres follow from the reading that `by` names, through the calibration table or the shape."""

    capacity_l: TankLitres
    burn_l_per_h: LitresPerHour  # the tank record's rate, used while none was measured
    reserve_l: NotNegative = 0.0  # what the pick-up cannot reach
    fill_percent: Annotated[float, Meta(gt=0, le=100)] = 100.0  # of capacity_l, to which it is filled at most
    by: Literal["level", "distance"] = "level"
    shape: Shape | None = None  # None: straight up, or as the calibration table says
    empty_m: Metres | None = None  # sensor face to the bottom, for a shape by distance
    full_m: Metres | None = None  # sensor face to the surface of a full tank, for a shape by distance
    # [reading, litres], reading in % or in m as `by` says; empty: linear from 0 to 100 %, or the shape
    calibration: tuple[tuple[float, float], ...] = ()
    burn_by_load: tuple[tuple[float, float], ...] = ()  # [W, l/h] of the generator, where power/load is measured

    @property
    def fill_l(self) -> float:
        """Litres in the tank when it was filled."""
        return self.capacity_l * self.fill_percent / 100


class Battery(Part, frozen=True):
    """[battery]: where it carries the point's load when there is no generator."""

    capacity_ah: Annotated[float, Meta(gt=0, le=100_000)]
    nominal_v: Annotated[float, Meta(gt=0, le=1000)]
    load_w: Annotated[float, Meta(gt=0, le=1_000_000)]  # that it carries, used while none is measured
    empty_percent: Annotated[float, Meta(ge=0, le=99)] = 20.0  # below this charge nothing is taken from it


class Generator(Part, frozen=True):
    """[generator]: against its size the load of a test run is held, where power/load is measured."""

    rated_w: Annotated[float, Meta(gt=0, le=10_000_000)]


class PointBoard(Part, frozen=True):
    """[board] of a point"""

    # No default: the wrong board has other pins, or too little memory.
    type: Annotated[Text, Meta(description="the folder of its board in boards/, such as esp32_devkitc_ve")]
    interval_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    link: Literal["wifi", "ethernet"] | None = None  # where it is not the board's own
    battery_low_v: Positive = 11.8  # the lamp's own alarm; twice as much for a battery of 24 V
    without: tuple[str, ...] = ()  # standard sensors that this point has not, by driver or metric


class Point(Part, frozen=True):
    """points/<id>.toml"""

    id: str
    name: Text
    municipality: Text
    board: PointBoard
    tank: Tank | None = None  # of its generator; None: it has none, and lives on its battery
    capacity: Capacity = NOT_GIVEN  # people; where it is not given the profile's band for the inhabitants says it
    inhabitants: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None  # of the town it stands in
    generator: Generator | None = None
    battery: Battery | None = None  # where one carries the load when there is no generator
    position: tuple[Latitude, Longitude] | None = None  # latitude, longitude in degrees; never shown on a public feed
    lead: Lead = Lead()
    sensors: tuple[dict[str, Any], ...] = ()
    phone: Dialled | None = None  # of who is there, in the texts that say "call"; a telephone that works without mains
    access: Text | None = None  # for who brings fuel: where the key is, how wide the gate
    profile: Text = "nl-pilot"  # what it is judged by, a file of profiles/ or one that Paraat ships
    target_h: Positive | None = None  # where it is not the profile's own, as the next ones
    open_within_h: Positive | None = None
    alerted_h: Positive | None = None
    resources: dict[str, ResourceChange] = field(default_factory=dict)
    upkeep: UpkeepChange | None = None
    people: PeopleChange | None = None
    climate: ClimateChange | None = None
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)  # [alerts.<rule>], as in a profile
