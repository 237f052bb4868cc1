"""The codes of the radio: every single wrong character and every swap of neighbours is caught, and guessing is hopeless."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.radio import (
    ACKNOWLEDGE,
    COUNT,
    DAYS,
    DIGITS,
    HELP,
    KINDS,
    LETTERS,
    LITRES,
    MOST,
    NUMBERED,
    OF_POINTS,
    SPOKEN,
    TAG_CHARS,
    Book,
    Code,
    RadioError,
    check_letter,
    read,
    spelled,
)

BOOK = Book(bytes(range(32)))
DAY = date(2026, 11, 28)
POINTS = [f"nsp-{number:04d}" for number in range(1, 61)]
ALL = LETTERS + DIGITS


def whole(code: Code) -> str:
    return str(code).replace(" ", "")


def refused(text: str) -> bool:
    try:
        read(text)
    except RadioError:
        return True
    return False


def codes(seed: int, count: int) -> Iterator[Code]:
    draw = random.Random(seed)
    for _ in range(count):
        for kind in KINDS:
            tag = "".join(draw.choices(LETTERS, k=TAG_CHARS))
            yield Code(kind, tag, draw.randint(0, MOST) if kind in NUMBERED else None)


def test_every_single_wrong_character_is_caught_at_every_place() -> None:
    tried = 0
    for code in codes(seed=1, count=50):
        text = whole(code)
        assert read(text) == code
        for place, right in enumerate(text):
            for wrong in ALL:
                if wrong != right:
                    tried += 1
                    assert refused(text[:place] + wrong + text[place + 1 :]), (text, place, wrong)
    assert tried > 40_000


def test_every_swap_of_neighbours_is_caught() -> None:
    for code in codes(seed=2, count=500):
        text = whole(code)
        for place in range(len(text) - 1):
            left, right = text[place], text[place + 1]
            if left != right:
                assert refused(text[:place] + right + left + text[place + 2 :]), (text, place)


@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_for_every_pair_of_characters_at_every_place_and_not_only_for_those_drawn(kind: str) -> None:
    """The sum is linear: what a change does to it depends on the place and on the two characters, and on nothing else.

    So one code for each place and each pair of characters is all there is.
    """
    plain = whole(Code(kind, "A" * TAG_CHARS, 0 if kind in NUMBERED else None))  # type: ignore[arg-type]
    length = len(plain)

    def made(place: int, character: str) -> str:
        """A whole code with that character at that place; the check letter follows, or, to have it wanted, another letter."""
        if place < length - 1:
            body = plain[:place] + character + plain[place + 1 : -1]
            return body + check_letter(body)
        bodies = (plain[:1] + letter + plain[2:-1] for letter in LETTERS)
        return next(body + character for body in bodies if check_letter(body) == character)

    pairs = 0
    for place in range(1, length):
        alphabet = DIGITS if plain[place] in DIGITS else LETTERS
        for right in alphabet:
            text = made(place, right)
            assert not refused(text)
            for wrong in alphabet:
                if wrong != right:
                    pairs += 1
                    assert refused(text[:place] + wrong + text[place + 1 :])
    letters = length - 1 - (4 if kind in NUMBERED else 0)
    assert pairs == letters * 17 * 16 + (4 * 10 * 9 if kind in NUMBERED else 0)


@given(st.text(ALL + "ILOQBSGUZ ", max_size=14))
def test_whatever_is_typed_is_a_code_or_refused_with_a_reason(text: str) -> None:
    try:
        code = read(text)
    except RadioError as error:
        reason = error.code
    else:
        reason = "check" if read(str(code)) == code else "another code"
    assert reason in {"form", "character", "check"}


def test_no_letter_looks_like_a_digit_or_another_letter() -> None:
    assert not set(LETTERS) & set("BGILOQSUZ")
    assert len(LETTERS) == len(set(LETTERS)) == 17
    assert set(SPOKEN) == set(LETTERS)
    assert len({word[:2] for word in SPOKEN.values()}) == len(SPOKEN), "no two words begin alike"


@pytest.mark.parametrize("typed", ["m-kxrta-0084-{}", " M KXRTA 0084 {} ", "mkxrta0084{}", "M.KXRTA.0084.{}"])
def test_how_it_is_typed_does_not_matter(typed: str) -> None:
    check = check_letter("MKXRTA0084")
    assert read(typed.format(check)) == Code(COUNT, "KXRTA", 84)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "form"),
        ("M KXRTA 84 P", "form"),
        ("M KXRTA 00084 P", "form"),
        ("W KXRTA 0084 Y", "form"),
        ("M KXRTA OO84 P", "character"),
        ("M KXRTA 0084 5", "form"),
        ("0 KXRTA P", "form"),
    ],
)
def test_what_is_wrong_is_said(typed: str, why: str) -> None:
    with pytest.raises(RadioError) as caught:
        read(typed)
    assert caught.value.code == why
    assert caught.value.found == ("O" if why == "character" else "")


def test_a_code_says_of_which_point_it_speaks_for_as_long_as_a_sheet_counts() -> None:
    for kind in OF_POINTS:
        code = BOOK.of_point(kind, "nsp-0007", DAY, 84 if kind in NUMBERED else None)
        assert read(str(code)) == code
        for later in range(DAYS):
            assert BOOK.point(code, POINTS, DAY + timedelta(days=later)) == "nsp-0007"
        for today in (DAY - timedelta(days=1), DAY + timedelta(days=DAYS)):
            with pytest.raises(RadioError, match="unknown"):
                BOOK.point(code, POINTS, today)


def test_one_kind_s_tag_is_of_no_use_for_another_nor_for_another_site() -> None:
    tag = BOOK.of_point(COUNT, "nsp-0007", DAY, 0).tag
    for kind in (LITRES, HELP):
        with pytest.raises(RadioError, match="unknown"):
            BOOK.point(Code(kind, tag), POINTS, DAY)
    with pytest.raises(RadioError, match="unknown"):
        Book(b"another" * 5).point(Code(COUNT, tag, 0), POINTS, DAY)


def test_an_alert_s_code_counts_while_it_fires() -> None:
    code = BOOK.of_alert(17)
    assert (code.kind, code.number) == (ACKNOWLEDGE, None)
    assert BOOK.alert(code, [3, 17, 40]) == 17
    with pytest.raises(RadioError, match="unknown"):
        BOOK.alert(code, [3, 40])


def test_what_could_be_two_points_is_not_guessed() -> None:
    code = BOOK.of_point(HELP, "nsp-0007", DAY)
    with pytest.raises(RadioError, match=r"^several$"):
        BOOK.point(code, ["nsp-0007", "nsp-0007"], DAY)


def test_a_guess_hits_less_than_once_in_five_thousand_times_in_a_region_of_sixty_points() -> None:
    good = {BOOK.of_point(HELP, p, DAY - timedelta(days=back)).tag for p in POINTS for back in range(DAYS)}
    assert len(good) == len(POINTS) * DAYS, "no two alike"
    assert len(good) / len(LETTERS) ** TAG_CHARS < 1 / 5000


def test_the_answer_goes_with_its_code() -> None:
    codes = [BOOK.of_point(kind, "nsp-0007", DAY, 84 if kind in NUMBERED else None) for kind in OF_POINTS]
    assert BOOK.answer(codes[0]) == BOOK.answer(codes[0]._replace(number=12)), "the sheet is printed before the number"
    assert len({BOOK.answer(code) for code in codes}) == len(codes)
    assert all(len(BOOK.answer(code)) == 2 for code in codes)


def test_it_is_spelled_as_radio_operators_do() -> None:
    assert spelled("M KX 0084") == ["Mike", "Kilo", "X-ray", "0", "0", "8", "4"]


def test_a_sheet_that_was_printed_is_understood_by_every_later_version() -> None:
    """Written down on 28 November 2026, for this key: another way to make the letters is another book."""
    alert, asks = BOOK.of_alert(7), BOOK.of_point(HELP, "nsp-0101", DAY)
    litres = BOOK.of_point(LITRES, "nsp-0101", DAY, 120)
    assert [(str(code), BOOK.answer(code)) for code in (alert, asks, litres)] == [
        ("A HNMFY P", "VX"),
        ("H XJXCM E", "KE"),
        ("T RWHXP 0120 J", "YY"),
    ]
