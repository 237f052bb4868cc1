"""The moments that people give a command or type in a form."""

from zoneinfo import ZoneInfo

import pytest

from paraat.texts.typed import typed_moment, typed_number


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


@pytest.mark.parametrize(
    ("given", "meant"),
    [("84", 84), (" 0 ", 0), ("199,5", 199.5), ("199.5", 199.5), ("veel", "veel"), ("", ""), ("1,2,3", "1,2,3")],
)
def test_a_number_may_have_a_comma(given: str, meant: float | str) -> None:
    assert typed_number(given) == meant
