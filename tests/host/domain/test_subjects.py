"""Where what is judged stands, and by what people tell it from others of its kind."""

import pytest

from paraat.domain import subjects
from paraat.domain.said import Said
from paraat.domain.subjects import Subject


@pytest.mark.parametrize(
    ("kind", "point", "which"),
    [
        (subjects.POINT, "x", ""),
        (subjects.BOARD, "x", ""),
        (subjects.CHANNEL, None, "x"),
        (subjects.MAILBOX, None, "x"),
        (subjects.RETURNS, None, "x"),
        (subjects.UNKNOWN_BOARD, None, "x"),
        (subjects.LOOP, None, "x"),
        (subjects.DISK, None, ""),
        (subjects.CERTIFICATE, None, ""),
        ("of-a-newer-release", None, ""),
    ],
)
def test_a_subject_is_at_a_point_or_at_the_coordination_point_and_has_a_name_where_there_are_several(
    kind: str, point: str | None, which: str
) -> None:
    assert (Subject(kind, "x").point, Subject(kind, "x").which) == (point, which)


def test_subjects_have_an_order() -> None:
    assert sorted([Subject("b", "a"), Subject("a", "b"), Subject("a", "a")])[0] == Subject("a", "a")


def test_what_is_said_keeps_its_pieces_for_another_language() -> None:
    said = Said("{n} litres of {what}", n=3, what="diesel")
    assert said == "3 litres of diesel"
    assert (said.template, said.values) == ("{n} litres of {what}", {"n": 3, "what": "diesel"})
