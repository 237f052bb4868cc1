"""What a demo came to, counted at its end."""

import msgspec


class Summary(msgspec.Struct, kw_only=True):
    """What the demo found. sets: sample sets and events, which share one count on the board."""

    points: dict[str, dict[str, int]]
    sets_made: int
    sets_stored: int
    missing: int
    duplicates_stored: int
    alerts_fired: int
    alerts_resolved: int
    boards: str  # "firmware" or "made-up"
    broker: str
    influx_points: int | None  # None: without InfluxDB
    broker_outage_s: float  # seconds of the story
    duration_s: float
    problems: list[str]
