"""The moments that people give a command or type in a form."""

from zoneinfo import ZoneInfo

import pytest

from paraat.texts.localtime import typed_moment


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-12-31", "2026-12-31T23:59:59+01:00"),
        ("2026-07-01", "2026-07-01T23:59:59+02:00"),
        ("2026-12-31T14:00", "2026-12-31T14:00:00+01:00"),
        ("2026-12-31T14:00:00Z", "2026-12-31T14:00:00+00:00"),
        ("soon", None),
        ("2026-02-30", None),
        ("2026-12-31T25:00", None),
    ],
)
def test_a_day_ends_and_an_hour_is_where_people_of_the_site_live(given: str, meant: str | None) -> None:
    found = typed_moment(given, ZoneInfo("Europe/Amsterdam"))
    assert (None if found is None else found.isoformat()) == meant
