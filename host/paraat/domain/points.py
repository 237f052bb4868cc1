"""A point as its file describes it: where it is, its tank, its board, its lead."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from paraat.domain.fields import (
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


class Lead(Part, frozen=True):
    """[lead] of a point, [coordination] of a site: where its alerts go; nothing more about anybody is kept."""

    email: EmailAddress | None = None


class Tank(Part, frozen=True):
    """[tank]: calibration is a table of [reading, litres], reading in % or in m as `by` says."""

    capacity_l: TankLitres
    burn_l_per_h: LitresPerHour  # the tank record's rate, used while none was measured
    reserve_l: NotNegative = 0.0  # what the pick-up cannot reach
    by: Literal["level", "distance"] = "level"
    calibration: tuple[tuple[float, float], ...] = ()  # empty: linear from 0 to 100 %


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
    capacity: Annotated[int, Meta(ge=1, le=5000)]
    tank: Tank
    board: PointBoard
    position: tuple[Latitude, Longitude] | None = None  # latitude, longitude in degrees; never shown on a public feed
    lead: Lead = Lead()
    sensors: tuple[dict[str, Any], ...] = ()
