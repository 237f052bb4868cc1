"""`paraat upkeep`: what must be done this month, at each point and in each municipality; `paraat count`: who is there."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from paraat.cli.listing import list_out
from paraat.cli.parser import Commands
from paraat.cli.saying import add_who, say_of_point
from paraat.site.site import Site
from paraat.texts import Phrase, catalogue
from paraat.texts.typed import typed_number
from paraat.texts.upkeep import state_key

if TYPE_CHECKING:
    from paraat.journal import Past
    from paraat.texts.readiness import Words
    from paraat.web.api import Upkeep, UpkeepPoint, UpkeepTask


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    upkeep = commands.add_parser("upkeep", help=Phrase("what must be done this month at every point"))
    upkeep.add_argument("--site", type=Path, required=True, metavar="DIR")
    upkeep.add_argument("--municipality", metavar="NAME", help=Phrase("only the points of this municipality"))
    upkeep.add_argument("--all", action="store_true", help=Phrase("also what need not be done this month"))
    upkeep.add_argument("--json", action="store_true", help=Phrase("as /api/v1/upkeep answers"))
    upkeep.set_defaults(run=_upkeep)

    count = commands.add_parser("count", help=Phrase("keep how many people somebody counted at a point"))
    add_who(count)
    count.add_argument("people", type=typed_number, metavar="N", help=Phrase("how many people are there"))
    count.set_defaults(run=_count)


def _count(args: argparse.Namespace) -> int:
    return say_of_point(args, "count", {"people": args.people})


def _upkeep(args: argparse.Namespace) -> int:
    from paraat.texts import upkeep
    from paraat.web import api

    def from_past(site: Site, past: "Past", now: float) -> api.Upkeep:
        zone = ZoneInfo(site.region.timezone)
        words = upkeep.Words(args.language, zone)
        return api.upkeep(past.views, now, api.month_end(now, zone), site.region.region, words)

    def lines(found: api.Upkeep, words: "Words") -> list[str]:
        return _lines(found, words, args)

    return list_out(args, "/api/v1/upkeep", api.Upkeep, from_past, lines)


def _lines(found: "Upkeep", words: "Words", args: argparse.Namespace) -> list[str]:
    own = catalogue.Words(args.language, "upkeep")
    points = [point for point in found.points if args.municipality in (None, point.municipality)]
    rows = [_row(point, task, own) for point in points for task in point.tasks if task.due or args.all]
    if not rows:
        return [own("table.none")]
    towns = [
        [town.municipality, str(town.points), str(town.overdue), str(town.unknown), str(town.due)]
        for town in found.municipalities
        if args.municipality in (None, town.municipality)
    ]
    return [
        own("table.until", until=words.day(found.until.timestamp())),
        "",
        *words.columns([own("table.municipality").split("|"), *towns]),
        "",
        *words.columns([own("table.head").split("|"), *rows]),
    ]


def _row(point: "UpkeepPoint", task: "UpkeepTask", words: catalogue.Words) -> list[str]:
    state = words(state_key(task.kind, task.state, due=task.due))
    return [point.point, task.what, state, task.why, task.to_do if task.due else ""]
