"""`paraat refuel`: which point wants fuel first, who brings it, and that it was brought."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask_all
from paraat.cli.listing import list_out
from paraat.cli.parser import Commands
from paraat.cli.saying import add_who, say_of_point
from paraat.cli.shared import fail
from paraat.domain.refuel import Plan
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, say
from paraat.texts.typed import typed_number

if TYPE_CHECKING:
    from paraat.journal import Past
    from paraat.texts.readiness import Words
    from paraat.web.api import PlannedDelivery, Refuel, RefuelStop


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
    plan.add_argument("--litres", type=typed_number, metavar="L")
    plan.add_argument("--at", metavar="MOMENT", help=Phrase("such as 2026-12-31T14:00; later than that it is late"))
    plan.add_argument("--who", default="", metavar="NAME", help=Phrase("who brings it"))
    plan.add_argument("--cancel", action="store_true", help=Phrase("nobody brings it after all"))
    plan.set_defaults(run=_plan)

    delivered = actions.add_parser("delivered", help=Phrase("keep that fuel was brought"))
    add_who(delivered)
    delivered.add_argument("--litres", type=typed_number, required=True, metavar="L")
    delivered.set_defaults(run=_delivered)


def _plan(args: argparse.Namespace) -> int:
    asked = {"litres": args.litres, "who": args.who, "cancel": args.cancel}
    return _say_of_fuel(args, lambda: say_of_point(args, "plan", asked, moment="at"), gone="points.plan.gone")


def _delivered(args: argparse.Namespace) -> int:
    asked = {"litres": args.litres}
    return _say_of_fuel(args, lambda: say_of_point(args, "delivery", asked), gone="points.plan.done")


def _say_of_fuel(args: argparse.Namespace, keep: Callable[[], int], *, gone: str) -> int:
    """Have something kept, and say what that does to what was planned before it. gone: the text for a plan that stands no more."""
    from paraat.journal import JournalError
    from paraat.texts.printable import printable
    from paraat.texts.readiness import Words

    site = load_site(args.site)
    try:
        before = _planned(site, args.point)
        code = keep()
        if code or before is None:
            return code
        after = _planned(site, args.point)
    except (JournalError, AskError) as error:
        return fail(args, error)
    if after == before:
        return 0
    stands = after is not None and (after.at, after.who, after.litres) == (before.at, before.who, before.litres)
    words = Words(args.language, ZoneInfo(site.region.timezone))
    whole = msgspec.structs.replace(before, brought_l=0.0)  # of what stands no more all of it is named
    planned = words.planned(after if after is not None and stands else whole, time.time())
    print(printable(say("points.plan.left" if stands else gone, args.language, planned=planned)))
    return 0


def _planned(site: Site, point: str) -> Plan | None:
    """What is planned for a point, by the service or, while it does not run, its journal. Raises JournalError, AskError."""
    from paraat.domain.refuel import stops
    from paraat.journal import Journal
    from paraat.service import past_of
    from paraat.web.api import Refuel

    found = ask_all(site, "/api/v1/refuel", Refuel)
    if found is not None:
        told = next((stop.planned for stop in found.stops if stop.point == point), None)
        return None if told is None else _plan_of(told)
    if point not in site.points:
        return None
    journal = Journal(site.path(site.region.journal))
    try:
        past = past_of(site, journal, time.time(), {point: site.points[point]})
    finally:
        journal.close()
    return next((stop.plan for stop in stops(past.views, site.points, site.profiles, past.standing)), None)


def _list(args: argparse.Namespace) -> int:
    from paraat.domain.refuel import stops
    from paraat.web import api

    def from_past(site: Site, past: "Past", now: float) -> api.Refuel:
        round_ = stops(past.views, site.points, site.profiles, past.standing)
        return api.refuel(round_, site.points, now, site.region.region)

    return list_out(args, "/api/v1/refuel", api.Refuel, from_past, _table)


def _table(found: "Refuel", words: "Words") -> list[str]:
    now = found.now.timestamp()
    return words.columns([words("refuel.head").split("|"), *(_row(stop, words, now) for stop in found.stops)])


def _row(stop: "RefuelStop", words: "Words", now: float) -> list[str]:
    unknown = words("refuel.unknown")
    planned = ""
    if told := stop.planned:
        planned = words.planned(_plan_of(told), now)
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


def _plan_of(told: "PlannedDelivery") -> Plan:
    """As the round has it, of what the API tells."""
    return Plan(
        at=told.at.timestamp(),
        litres=told.litres,
        who=told.who,
        late=told.late,
        too_late=told.too_late,
        brought_l=told.brought_litres,
    )
