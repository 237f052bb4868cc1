"""What stays at home when a copy goes along, and how it is put back."""

import tomllib

import pytest

from paraat.site.shortening import NotShortenedError, restore, shorten

POINT = """id = "nsp-0101"
access = "sleutel bij de buren op 12"

[tank]                # of the generator
calibration = [
  [0, 0],
  [100, 400],
]

[lead]                # whom to tell
email = "jan@example.org"

[[sensors]]
driver = "a02yyuw"
"""


def test_addresses_and_the_way_in_stay_and_all_else_goes_as_it_is_written() -> None:
    short = shorten(POINT)
    assert "example.org" not in short.given
    assert "buren" not in short.given
    assert "[tank]                # of the generator\n" in short.given
    assert tomllib.loads(short.given) == {k: v for k, v in tomllib.loads(POINT).items() if k not in ("access", "lead")}


def test_what_was_changed_meanwhile_comes_back_with_what_was_cut() -> None:
    short = shorten(POINT)
    changed = short.given.replace('"a02yyuw"', '"ads1115"')
    assert tomllib.loads(restore(changed, short)) == tomllib.loads(POINT.replace('"a02yyuw"', '"ads1115"'))
    assert restore("id = 1\n", shorten("id = 2\n")) == "id = 1\n"


@pytest.mark.parametrize("text", ['lead.email = "jan@example.org"\n', 'access = """\nkey\n"""\n', "no toml"])
def test_a_file_that_cannot_be_cut_is_not_taken_along(text: str) -> None:
    with pytest.raises(NotShortenedError):
        shorten(text)
