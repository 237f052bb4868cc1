"""`paraat gaps`: what is missing of what boards sent, and that nobody waits for it any longer."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.asking import AskError, ask, no_service, read
from paraat.cli.parser import Commands
from paraat.cli.saying import add_who, say_of_point
from paraat.cli.shared import fail, tell
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.web.api import Gaps


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    gaps = commands.add_parser("gaps", help=Phrase("what is missing of what boards sent: list it, accept it"))
    actions = gaps.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help=Phrase("what is missing and waited for, point by point"))
    listing.add_argument("--site", type=Path, required=True, metavar="DIR")
    listing.set_defaults(run=_list)
    accept = actions.add_parser(
        "accept", help=Phrase("keep that nobody waits any longer for what is missing of a point")
    )
    add_who(accept)
    accept.add_argument("--reason", required=True, metavar="WHY", help=Phrase("why it will not come"))
    accept.add_argument("--first", type=int, default=1, metavar="SEQ", help=Phrase("only from this number on"))
    accept.add_argument("--last", type=int, metavar="SEQ", help=Phrase("only up to this number"))
    accept.set_defaults(run=_accept)


def _accept(args: argparse.Namespace) -> int:
    return say_of_point(args, "gaps", {"reason": args.reason, "first": args.first, "last": args.last})


def _list(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError

    try:
        found = _found(load_site(args.site), args)
    except (JournalError, AskError) as error:
        return fail(args, error)
    for gap in found.gaps:
        n = gap.last - gap.first + 1
        tell(args, Phrase("{point}: {first} to {last}, {n} sets", point=gap.point, first=gap.first, last=gap.last, n=n))
    if not found.gaps:
        tell(args, Phrase("nothing is missing"))
    return 0


def _found(site: Site, args: argparse.Namespace) -> "Gaps":
    """Raises JournalError, AskError."""
    from paraat.journal import Journal
    from paraat.web import api

    answer = ask(site, "GET", "/api/v1/gaps")
    if answer is not None:
        return read(answer, api.Gaps)  # type: ignore[no-any-return]
    no_service(args)
    journal = Journal(site.path(site.region.journal))
    try:
        found = {point: gaps for point in site.points if (gaps := journal.gaps(point))}
    finally:
        journal.close()
    return api.gaps(found)
