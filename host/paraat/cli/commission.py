"""`paraat commission`: the check of a point on the spot."""

import argparse
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.parser import Commands
from paraat.cli.shared import EXIT_FAILED, EXIT_STOPPED, fail, now, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, say
from paraat.texts.printable import printable

if TYPE_CHECKING:
    from paraat.fleet.commission import Commissioned, Values
    from paraat.fleet.desk import Desk

_ANSWER_S = 15.0
_CALL_S = 60


def add_commands(commands: Commands) -> None:
    """Add it to those of `paraat`."""
    parser = commands.add_parser(
        "commission", help=Phrase("check a point on the spot, step by step; each is ticked by what its board measures")
    )
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    parser.add_argument("--by", default="", metavar="NAME", help=Phrase("who does it; without it you are asked"))
    parser.add_argument("point", metavar="POINT")
    parser.set_defaults(run=_commission)


class _NoAnswerError(Exception):
    """Raised when the board does not answer, or refuses. str() says so."""


class _OverTheBroker:
    """fleet.commission.Board."""

    def __init__(self, desk: "Desk", point: str) -> None:
        self._desk = desk
        self._point = point

    def sample(self) -> "Values":
        values: dict[str, Any] = self._ask("sample-now", {}).get("values", {})
        return values

    def call(self) -> None:
        self._ask("call", {"seconds": _CALL_S})

    def pressed(self) -> bool:
        return any(
            point == self._point and name == "button/ack" for point, name in self._desk.events(_CALL_S, now=time.time())
        )

    def _ask(self, do: str, args: dict[str, Any]) -> dict[str, Any]:
        reply = self._desk.ask(self._point, do, args, now=time.time(), limit_s=_ANSWER_S)
        if reply is None:
            raise _NoAnswerError(
                Phrase(
                    "{point} does not answer. Is its board on the network? make logs on its cable says why not; then do this again",
                    point=self._point,
                )
            )
        if reply.error:
            raise _NoAnswerError(Phrase("{point} refuses: {error}", point=self._point, error=printable(reply.error)))
        return dict(reply.result)


class _AtTheKeyboard:
    """fleet.commission.Person."""

    def __init__(self, language: str, read: Callable[[str], str] = input) -> None:
        self._language = language
        self._read = read

    def say(self, key: str, **values: object) -> None:
        print(printable(say(key, self._language, **values)), flush=True)

    def ask(self, key: str, **values: object) -> str:
        return self._read(f"{say(key, self._language, **values)} ")


def _commission(args: argparse.Namespace) -> int:
    from paraat.fleet import commission
    from paraat.fleet.desk import Desk, DeskError

    site = load_site(args.site)
    if wrong := unknown_points(site, [args.point]):
        return fail(args, wrong)
    person = _AtTheKeyboard(args.language)
    steps: list[commission.Ticked] = []
    try:
        by = args.by or person.ask("commission.by")
        with Desk(site, [args.point]) as desk:
            tank = site.points[args.point].tank
            for step in commission.run(_OverTheBroker(desk, args.point), person, tank, args.language):
                steps.append(step)
    except (DeskError, _NoAnswerError) as error:
        return fail(args, error)
    except (KeyboardInterrupt, EOFError):
        print()
        return EXIT_STOPPED
    done = commission.Commissioned(
        point=args.point, by=by, at=now(), board=_label(site, args.point), steps=tuple(steps)
    )
    for line in sheet(site, done, args.language):
        print(printable(line))
    path = keep(site, done, args.language)
    person.say("commission.kept", path=path)
    return 0 if done.whole else EXIT_FAILED


def _label(site: Site, point: str) -> str:
    from paraat.site import inventory

    with contextlib.suppress(inventory.InventoryError):
        record = inventory.boards(site.directory).get(point)
        return record.board.serial if record is not None and record.board is not None else ""
    return ""


def sheet(site: Site, done: "Commissioned", language: str) -> list[str]:
    """The page for the logbook of the point."""
    point = site.points[done.point]
    day = f"{done.at.astimezone(ZoneInfo(site.region.timezone)):%Y-%m-%d %H:%M}"
    title = say("commission.title", language, point=done.point, name=point.name, day=day)
    rows = [
        f"[{'x' if step.done else ' '}] {say(f'commission.{step.step}-row', language)}"
        + (f" ({step.found})" if step.found else "")
        for step in done.steps
    ]
    last = say("commission.signed", language, by=done.by, board=done.board or "-")
    return ["", title, "=" * len(title), *rows, "", last]


def keep(site: Site, done: "Commissioned", language: str) -> Path:
    """Write it into SITE/commissioned, for people and for programs; make bring-back takes both along. Returns the page."""
    from paraat.fleet.commission import FOLDER
    from paraat.site.files import write_atomic

    folder = site.directory / FOLDER
    folder.mkdir(exist_ok=True)
    stem = f"{done.point}-{done.at:%Y%m%d-%H%M}"
    write_atomic(folder / f"{stem}.json", msgspec.json.format(msgspec.json.encode(done), indent=1) + b"\n", mode=0o644)
    page = folder / f"{stem}.txt"
    write_atomic(page, ("\n".join(sheet(site, done, language)).strip() + "\n").encode(), mode=0o644)
    return page
