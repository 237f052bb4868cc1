"""Moments as people at the coordination point read them, in the site's time zone. Stored is UTC only."""

from datetime import UTC, datetime
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
