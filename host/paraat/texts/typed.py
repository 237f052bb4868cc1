"""What people type, in a command or a form: moments and numbers, as they write them."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo


def typed_moment(given: str, zone: ZoneInfo) -> datetime | None:
    """A moment where people of the site live; of a day its last second. None for anything else."""
    try:
        if "T" in given:
            at = datetime.fromisoformat(given)
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
        return datetime.combine(date.fromisoformat(given), time(23, 59, 59), zone)
    except ValueError:
        return None


def typed_number(given: str) -> float | int | str:
    """A number, also with a comma; what is none stays as it is, for who says what is expected."""
    plain = given.strip().replace(",", ".")
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return given
