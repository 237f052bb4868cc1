"""Moments as people at the coordination point read them, in the site's time zone. Stored is UTC only."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def local(t: float, zone: ZoneInfo) -> datetime:
    """Unix seconds as an aware moment of the zone."""
    return datetime.fromtimestamp(t, UTC).astimezone(zone)


def marked(moment: datetime, text: str) -> str:
    """`text`, a moment in words, with the zone's name behind it in the hour that comes twice: 02:30 (CEST)."""
    # The same wall clock with the other fold has another offset only then (PEP 495), and in the hour that does not exist.
    if moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset():
        return f"{text} ({moment.tzname()})"
    return text


def typed_moment(given: str, zone: ZoneInfo) -> datetime | None:
    """A moment as somebody types it, where people of the site live; of a day its last second. None for anything else."""
    try:
        if "T" in given:
            at = datetime.fromisoformat(given)
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
        return datetime.combine(date.fromisoformat(given), time(23, 59, 59), zone)
    except ValueError:
        return None
