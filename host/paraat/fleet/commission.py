"""The check of a point on the spot: what somebody does there is ticked by what its board measures, not by his word.

It knows neither the broker nor the screen: who calls it samples, calls, hears and speaks.
"""

import contextlib
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from paraat.boards import readings
from paraat.domain import facts
from paraat.domain.points import Tank
from paraat.domain.tanks import litres
from paraat.runtime.typed import decode
from paraat.texts import Words

FOLDER = "commissioned"
DIPSTICK_PERCENT = 5.0  # how far gauge and dipstick may differ: a stick in a full tank of 1 m is read to some 3 cm
_POLLS = 20  # of a step, before it asks what to do; a board answers within a second or two

Values = Mapping[str, Any]


class Board(Protocol):
    """The board of the point, over the broker."""

    def sample(self) -> Values:
        """Metric -> value, read now; a sensor that fails is not in it."""
        ...

    def call(self) -> None:
        """Lamp and buzzer call until somebody presses the button."""
        ...

    def pressed(self) -> bool:
        """Whether the button was pressed since the call; waits for a while."""
        ...


class Person(Protocol):
    """Who stands there."""

    def say(self, key: str, **values: object) -> None:
        """A line for the screen."""
        ...

    def ask(self, key: str, **values: object) -> str:
        """What is typed."""
        ...


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    """One step. found: what was measured, in words; done: whether that was what it should be."""

    step: str
    done: bool
    found: str = ""


class Commissioned(msgspec.Struct, frozen=True, kw_only=True):
    """The whole check, as it is kept in SITE/commissioned. by: a name, as people there know it."""

    point: str
    by: str
    at: datetime
    board: str = ""
    steps: tuple[Ticked, ...] = ()

    @property
    def whole(self) -> bool:
        """Every step was seen."""
        return bool(self.steps) and all(step.done for step in self.steps)


def checks(folder: Path, known: Container[str]) -> Iterator[tuple[str, Commissioned]]:
    """(file's name, check) of every one that is kept in a folder, but those that are known. What is none of ours is left out."""
    for path in sorted(folder.glob("*.json")):
        if path.name not in known:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                yield path.name, decode(path.read_bytes(), Commissioned)


def fact_of(check: Commissioned) -> facts.Commissioned:
    """As it is kept in the journal."""
    done, left = (tuple(step.step for step in check.steps if step.done is seen) for seen in (True, False))
    return facts.Commissioned(point=check.point, board=check.board, done=done, left=left)


class _Seen(NamedTuple):
    done: bool
    metric: str
    value: Any


_Look = Callable[[Values, Values], _Seen]  # now, before


def run(board: Board, person: Person, tank: Tank | None, language: str) -> Iterator[Ticked]:
    """Each step that the board can see, in the order in which one does them."""
    known = board.sample()
    if tank is not None and "fuel/level" in known:
        yield _fuel(board, person, tank, language)
    for step, metric, wanted in (
        ("mains-off", "power/mains", False),
        ("generator-on", "power/generator", True),
        ("mains-on", "power/mains", True),
        ("generator-off", "power/generator", False),
    ):
        if metric in known:
            yield _until(board, person, step, language, _becomes(metric, wanted))
    if "people/in" in known:
        yield _until(board, person, "beam", language, _passed)
    yield _button(board, person)


def _becomes(metric: str, wanted: bool) -> "_Look":
    return lambda now, _: _Seen(now.get(metric) is wanted, metric, now.get(metric))


def _passed(now: Values, before: Values) -> _Seen:
    count, was = now.get("people/in"), before.get("people/in")
    return _Seen(count is not None and was is not None and count > was, "people/in", count)


def _fuel(board: Board, person: Person, tank: Tank, language: str) -> Ticked:
    """The dipstick in percent, or in litres as "120 l"."""
    while True:
        typed = person.ask("commission.fuel").strip().lower().replace(",", ".")
        if not typed:
            return Ticked(step="fuel", done=False)
        in_litres = typed.endswith("l")
        try:
            stick = float(typed.rstrip(" l%"))
        except ValueError:
            person.say("commission.no-number", typed=typed)
            continue
        now = board.sample()
        level = now.get("fuel/level")
        if level is None:
            seen, differs = None, None
        else:
            seen = litres(tank, level_percent=level, distance_m=now.get("fuel/distance")) if in_litres else level
            most = DIPSTICK_PERCENT / 100 * (tank.capacity_l if in_litres else 100)
            differs = seen is None or abs(seen - stick) > most
        words = Words(language)
        unit = "l" if in_litres else "%"
        found = "-" if seen is None else f"{words.number(seen, 1)} {unit}"
        said = f"{found} / {words.number(stick, 1)} {unit}"
        if differs is False:
            person.say("commission.seen", found=found)
            return Ticked(step="fuel", done=True, found=said)
        person.say("commission.fuel-differs", found=found, stick=f"{words.number(stick, 1)} {unit}")
        if person.ask("commission.again").strip():
            return Ticked(step="fuel", done=False, found=said)


def _until(board: Board, person: Person, step: str, language: str, look: "_Look") -> Ticked:
    before = board.sample()
    person.say(f"commission.{step}")
    while True:
        for _ in range(_POLLS):
            seen = look(board.sample(), before)
            if seen.done:
                found = f"{readings.name(seen.metric, language)}: {readings.value(seen.metric, seen.value, language)}"
                person.say("commission.seen", found=found)
                return Ticked(step=step, done=True, found=found)
        shown = "-" if seen.value is None else readings.value(seen.metric, seen.value, language)
        person.say("commission.not-seen", name=readings.name(seen.metric, language), found=shown)
        if person.ask("commission.again").strip():
            return Ticked(step=step, done=False, found=shown)


def _button(board: Board, person: Person) -> Ticked:
    while True:
        board.call()
        person.say("commission.button")
        if board.pressed():
            return Ticked(step="button", done=person.ask("commission.heard").strip().lower() in ("j", "ja", "y", "yes"))
        person.say("commission.not-pressed")
        if person.ask("commission.again").strip():
            return Ticked(step="button", done=False)
