"""The public holidays of the Netherlands: who is on duty then is another than on a working day. Pure.

Ref: Algemene termijnenwet, article 3 (the days themselves; King's Day is the 26th when the 27th is a Sunday); the date of Easter
by J. Meeus, Astronomical Algorithms, 2nd edition, chapter 8 (Gregorian calendar).
"""

from datetime import date, timedelta
from functools import cache

_AFTER_EASTER = (0, 1, 39, 49, 50)  # Easter and its Monday, Ascension Day, Whitsun and its Monday
_FIXED = ((1, 1), (5, 5), (12, 25), (12, 26))


def easter(year: int) -> date:
    """Easter Sunday."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def dutch_holidays(year: int) -> frozenset[date]:
    """All of them in a year. Liberation Day counts each year: who keeps a point has the day off, whatever an office does."""
    sunday = easter(year)
    kings = date(year, 4, 27)
    if kings.weekday() == 6:
        kings -= timedelta(days=1)
    return frozenset(
        {kings, *(date(year, month, day) for month, day in _FIXED)}
        | {sunday + timedelta(days=days) for days in _AFTER_EASTER}
    )
