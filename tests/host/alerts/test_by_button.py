"""The button of a board: which alerts its press acknowledges, from when on, and which it does not."""

from typing import Any

import msgspec
import pytest

from paraat.alerts.by_button import Press, presses
from paraat.domain.facts import Acknowledged, Author, Fact
from paraat.domain.model import AlertState, PointView
from paraat.domain.subjects import Subject
from tracker_bench import POINT, T0, Bench

PRESSED = T0 + 600
LOW = AlertState(
    id=7, rule="low_fuel", subject=Subject("point", POINT.id), state="firing", since=T0, fired_at=T0, turned_at=T0, severity="critical",
    role="lead", detail={},
)  # fmt: skip


def view(*, pressed: bool | None = True, t: float = PRESSED) -> PointView:
    bench = Bench()
    bench.sees(t, **({} if pressed is None else {"button__ack": pressed}))
    (found,) = bench.tracker.views(t + 1)
    return found


def acknowledged(alert: AlertState, found: PointView, *, seen_at: float | None = None) -> list[Press]:
    author = Author(name="Jan", way="cli")
    seen = None if seen_at is None else Fact(
        id=1, after=0, t=seen_at, recorded_at=seen_at, author=author, told=Acknowledged(alert=alert.id)
    )  # fmt: skip
    return list(presses([alert], [found], {alert.id: seen}.get))


def test_a_press_acknowledges_what_fired_before_it_from_the_moment_of_the_press() -> None:
    assert acknowledged(LOW, view()) == [Press(Acknowledged(alert=7), Author(name=POINT.id, way="button"), PRESSED)]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "resolved"},
        {"state": "pending"},
        {"role": "technician"},
        {"role": "coordination"},
        {"subject": Subject("board", POINT.id)},
        {"subject": Subject("point", "nsp-0999")},
        {"turned_at": PRESSED + 1},  # it has become worse since
    ],
    ids=str,
)
def test_no_other_alert_is_acknowledged_by_it(changes: dict[str, Any]) -> None:
    assert acknowledged(msgspec.structs.replace(LOW, **changes), view()) == []


def test_a_button_that_was_not_pressed_acknowledges_nothing() -> None:
    assert acknowledged(LOW, view(pressed=None)) == []
    assert acknowledged(LOW, view(pressed=False)) == []


@pytest.mark.parametrize(("seen_at", "is_new"), [(PRESSED - 1, True), (PRESSED, False), (PRESSED + 1, False)])
def test_a_press_is_kept_once_and_counts_after_an_older_word(seen_at: float, is_new: bool) -> None:
    assert bool(acknowledged(LOW, view(), seen_at=seen_at)) is is_new


def test_one_press_acknowledges_every_alert_of_its_point_and_none_of_another() -> None:
    others = [
        msgspec.structs.replace(LOW, id=8, subject=Subject("point", "nsp-0999")),
        msgspec.structs.replace(LOW, id=9, rule="generator_down"),
        msgspec.structs.replace(LOW, id=10, fired_at=PRESSED, turned_at=PRESSED),
    ]
    found = presses([msgspec.structs.replace(LOW, id=6, state="resolved"), LOW, *others], [view()], lambda _id: None)
    assert [press.told.alert for press in found] == [7, 9, 10], "also what fired in that very second"
