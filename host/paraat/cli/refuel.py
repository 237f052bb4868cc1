"""`paraat refuel`: which point wants fuel first, who brings it, and that it was brought."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, no_service, read
from paraat.cli.parser import Commands
from paraat.cli.saying import add_who, say_of_point
from paraat.cli.shared import fail
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.texts.readiness import Words
    from paraat.web.api import Refuel, RefuelStop


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    refuel = commands.add_parser("refuel", help=Phrase("the refuel round: list it, plan a delivery, confirm one"))
    actions = refuel.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser("list", help=Phrase("every point, the most urgent first, with the litres it wants"))
    listing.add_argument("--site", type=Path, required=True, metavar="DIR")
    listing.add_argument("--json", action="store_true", help=Phrase("as /api/v1/refuel answers"))
    listing.set_defaults(run=_list)

    plan = actions.add_parser(
        "plan", help=Phrase("keep that somebody will bring fuel; the point leaves the urgent end")
    )
    add_who(plan)
    plan.add_argument("--litres", type=float, metavar="L")
    plan.add_argument("--at", metavar="MOMENT", help=Phrase("such as 2026-12-31T14:00; later than that it is late"))
    plan.add_argument("--who", default="", metavar="NAME", help=Phrase("who brings it"))
    plan.add_argument("--cancel", action="store_true", help=Phrase("nobody brings it after all"))
    plan.set_defaults(run=_plan)

    delivered = actions.add_parser("delivered", help=Phrase("keep that fuel was brought"))
    add_who(delivered)
    delivered.add_argument("--litres", type=float, required=True, metavar="L")
    delivered.set_defaults(run=_delivered)


def _plan(args: argparse.Namespace) -> int:
    asked = {"litres": args.litres, "who": args.who, "cancel": args.cancel}
    return say_of_point(args, "plan", asked, moment="at")


def _delivered(args: argparse.Namespace) -> int:
    return say_of_point(args, "delivery", {"litres": args.litres})


def _list(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.texts import readiness
    from paraat.texts.printable import printable

    site = load_site(args.site)
    try:
        found = _round(site, args)
    except (JournalError, AskError) as error:
        return fail(args, error)
    if args.json:
        print(msgspec.json.encode(found).decode())
        return 0
    words = readiness.Words(args.language, ZoneInfo(site.region.timezone))
    now = found.now.timestamp()
    rows = [words("refuel.head").split("|"), *(_row(stop, words, now) for stop in found.stops)]
    for line in words.columns(rows):
        print(printable(line))
    return 0


def _row(stop: "RefuelStop", words: "Words", now: float) -> list[str]:
    unknown = words("refuel.unknown")
    planned = ""
    if plan := stop.planned:
        key = "refuel.late" if plan.late else "refuel.planned"
        planned = words(key, litres=f"{plan.litres:.0f}", who=plan.who, at=words.at(plan.at.timestamp(), now))
    last = stop.last_delivery
    return [
        stop.point,
        unknown if stop.refuel_before is None else words.at(stop.refuel_before.timestamp(), now),
        unknown if stop.hours_low is None else words.hours(stop.hours_low),
        unknown if stop.to_target_litres is None else f"{stop.to_target_litres:.0f}",
        unknown if stop.to_full_litres is None else f"{stop.to_full_litres:.0f}",
        planned,
        "" if last is None else f"{last.litres:.0f} l {words.at(last.at.timestamp(), now)}",
        stop.access or "",
    ]


def _round(site: Site, args: argparse.Namespace) -> "Refuel":
    """From the service, or from its journal while it does not run. Raises JournalError, AskError."""
    from paraat.domain.refuel import stops
    from paraat.journal import Journal
    from paraat.service import past_of
    from paraat.web import api

    answer = ask(site, "GET", "/api/v1/refuel")
    if answer is not None:
        found: api.Refuel = read(answer, api.Refuel)
        return found
    no_service(args)
    now = time.time()
    journal = Journal(site.path(site.region.journal))
    try:
        past = past_of(site, journal, now)
    finally:
        journal.close()
    round_ = stops(past.views, site.points, site.profiles, past.standing)
    return api.refuel(round_, site.points, now, site.region.region)
