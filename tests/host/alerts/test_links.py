"""The signed link: what is altered, expired or another site's is refused, whatever was changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.links import PATH, VALID_S, LinkError, Links, reachable

NOW = 1764000000.0
KEY = bytes(range(32))
LINKS = Links(KEY, "https://paraat.example.nl/")


def token(alert: int = 17, person: str = "jan", key: str = "17/firing/jan", now: float = NOW) -> str:
    url = LINKS.link(alert, person, key, now)
    assert url.startswith(f"https://paraat.example.nl{PATH}")
    return url.rpartition("/")[2]


@given(st.integers(1, 10**9), st.text(min_size=1, max_size=60), st.text(max_size=40))
def test_a_link_says_what_it_was_made_for(alert: int, person: str, key: str) -> None:
    made = token(alert, person, key)
    assert made.isascii()
    assert " " not in made
    claim = LINKS.read(made, NOW + 1)
    assert (claim.alert, claim.person) == (alert, person)


def test_a_message_that_is_sent_again_has_the_same_nonce_and_another_message_another() -> None:
    first, again, other = (
        LINKS.read(token(key=key, now=now), NOW + 60) for key, now in (("a", NOW), ("a", NOW + 50), ("b", NOW))
    )
    assert first.nonce == again.nonce != other.nonce


def test_a_link_for_a_list_names_its_message_and_has_one_nonce_however_often_it_is_sent() -> None:
    first, again = (
        LINKS.read(LINKS.list_link(40, "jan", NOW + after).rpartition("/")[2], NOW + 60) for after in (0, 50)
    )
    assert (first.alert, first.row, first.person) == (0, 40, "jan")
    assert first.nonce == again.nonce
    assert LINKS.read(token(alert=40), NOW).row == 0


def test_it_expires() -> None:
    made = token()
    assert LINKS.read(made, NOW + VALID_S).alert == 17
    with pytest.raises(LinkError, match="too old"):
        LINKS.read(made, NOW + VALID_S + 1)


def test_every_single_altered_character_is_refused() -> None:
    made = token()
    for at in range(len(made)):
        for other in "A0.-_z%é":
            if other != made[at]:
                with pytest.raises(LinkError, match="not whole"):
                    LINKS.read(made[:at] + other + made[at + 1 :], NOW)


@given(st.text(max_size=500))
def test_whatever_comes_is_refused_in_words(sent: str) -> None:
    with pytest.raises(LinkError, match="coordination point"):
        LINKS.read(sent, NOW)


def test_a_cut_link_and_one_of_another_site_are_refused() -> None:
    made = token()
    for wrong in (
        made[:-1],
        made[1:],
        made + "A",
        Links(b"x" * 32, "https://paraat.example.nl").link(17, "jan", "k", NOW),
    ):
        with pytest.raises(LinkError):
            LINKS.read(wrong.rpartition("/")[2], NOW)


@pytest.mark.parametrize(
    ("url", "of_use"),
    [
        (None, False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost", False),
        ("http://paraat.localhost:8080", False),
        ("https://paraat.example.nl", True),
        ("http://10.0.0.2:8080", True),
    ],
)
def test_a_link_to_loopback_is_of_no_use_on_a_phone(url: str | None, of_use: bool) -> None:
    assert reachable(url) == of_use
