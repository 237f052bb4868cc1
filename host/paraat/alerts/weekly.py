"""When the test of all alerts is due by itself. Pure: the moment is passed in."""

from datetime import datetime, timedelta, tzinfo

from paraat.domain.roster import DAYS

_LATE_S = 6 * 3600.0  # a host that was away then does it later, but not in the night


def is_due(weekly: str, since: float, now: float, zone: tzinfo) -> bool:
    """Whether the test is due. weekly: as of AlertTest; since: when the last one was, or the host began (unix seconds)."""
    last = last_due(weekly, now, zone)
    return last is not None and since < last and now - last <= _LATE_S


def last_due(weekly: str, now: float, zone: tzinfo) -> float | None:
    """The last moment that it names by now; None: it names none."""
    if not weekly:
        return None
    day, clock = weekly.split()
    hours, minutes = map(int, clock.split(":"))
    at = datetime.fromtimestamp(now, zone)
    back = (at.weekday() - DAYS.index(day)) % 7
    moment = datetime(at.year, at.month, at.day, hours, minutes, tzinfo=zone) - timedelta(days=back)
    if moment.timestamp() > now:
        moment -= timedelta(days=7)
    return moment.timestamp()
